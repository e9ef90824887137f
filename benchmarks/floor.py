"""The floor: empty Celery tasks on the same broker, with the settings of the convert stage and nothing to do.

python benchmarks/floor.py CONFIG PROCESSES     runs the worker; ``tasks_per_s`` starts it like this
"""

import subprocess
import sys
import time
from pathlib import Path

from wats_broker.connection import connect
from wats_broker.dispatch import Dispatch, celery_app
from wats_broker.messages import SOONEST
from wats_broker.names import CONVERT_TASK, Stage, celery_queue
from wats_broker.settings import BrokerSettings
from wats_worker import settings as configuration

#: So many ids per call, as the watcher sends them.
_BATCH = 64


def tasks_per_s(config: Path, *, tasks: int, processes: int) -> float:
    """Publish so many tasks and let a worker consume them; tasks per second, both together."""
    settings = _settings(config)
    redis = connect(settings)
    prefix = f"{settings.namespace}:celery:"
    queue = f"{prefix}{celery_queue(Stage.CONVERT)}"  # the list of the soonest priority has the queue's name
    dispatch = Dispatch(celery_app(settings, Stage.WATCH))

    def publish(count: int) -> None:
        for start in range(0, count, _BATCH):
            ids = range(start, min(start + _BATCH, count))
            dispatch.convert([(f"{number:032x}", Stage.CONVERT, SOONEST) for number in ids])

    def consumed() -> None:
        while redis.llen(queue) or redis.hlen(f"{prefix}unacked"):
            time.sleep(0.01)

    worker = subprocess.Popen(
        [sys.executable, __file__, config, str(processes)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        publish(_BATCH)  # until the worker is up and warm
        consumed()
        began = time.perf_counter()
        publish(tasks)
        consumed()
        return tasks / (time.perf_counter() - began)
    finally:
        worker.terminate()
        worker.wait()


def _settings(config: Path) -> BrokerSettings:
    """The line's broker, and a namespace of our own on it."""
    return configuration.load(config).broker.model_copy(update={"namespace": "floor"})


def _work(config: Path, processes: int) -> None:
    app = celery_app(_settings(config), Stage.CONVERT)

    @app.task(name=CONVERT_TASK)
    def nothing(**_: str) -> None:
        """Do nothing."""

    app.Worker(
        pool="prefork",
        concurrency=processes,
        queues=[celery_queue(Stage.CONVERT)],
        without_gossip=True,
        without_mingle=True,
        quiet=True,
    ).start()


if __name__ == "__main__":
    _work(Path(sys.argv[1]), int(sys.argv[2]))
