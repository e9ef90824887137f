"""The watch stage at work, in a thread that ends with the test."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from redis import Redis
from support import wait_until
from worker.lines import Line

from wats_broker.settings import BrokerSettings
from wats_worker.watch.watcher import Watcher


@pytest.fixture
def line(tmp_path: Path, real_redis: Redis, broker: BrokerSettings) -> Iterator[Line]:
    line = Line(tmp_path, real_redis, broker)
    yield line
    line.spool.close()
    line.celery.close()


@pytest.fixture
def watching() -> Iterator[Callable[[Watcher], Callable[[], None]]]:
    """Run a watcher in a thread until the test ends, or until what is returned is called."""
    ends: list[Callable[[], None]] = []

    def start(watcher: Watcher) -> Callable[[], None]:
        stop = threading.Event()
        failed: list[BaseException] = []

        def run() -> None:
            try:
                watcher.run(stop)
            except BaseException as problem:  # noqa: BLE001 - told below, by the thread pytest listens to
                failed.append(problem)

        thread = threading.Thread(target=run)
        thread.start()

        def end() -> None:
            stop.set()
            thread.join(timeout=10)
            assert not failed, failed

        ends.append(end)
        return end

    yield start
    for end in ends:
        end()


@pytest.fixture
def arrived(line: Line) -> Callable[..., None]:
    """Wait until files of these names are in the spool."""

    def wait(*names: str) -> None:
        wait_until(lambda: line.names() == sorted(names), what=f"{names} in the spool")

    return wait
