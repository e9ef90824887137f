"""The control stage in this process, for tests of what asks it."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from support import wait_until

from wats_broker.names import Stage
from wats_worker.app.door import run_control
from wats_worker.app.line import Line
from wats_worker.settings import load


@contextmanager
def open_door(config: Path) -> Iterator[Line]:
    """Keep the door of a configuration open for as long as the block lasts; gives our view of its line."""
    line, stop = Line(load(config), Stage.CONTROL), threading.Event()
    thread = threading.Thread(target=run_control, args=(line, config, stop))
    thread.start()
    try:
        wait_until(
            lambda: "control" in {worker.stage for worker in line.fleet.alive()},
            what="the stage to live",
            timeout=60,
        )
        yield line
    finally:
        stop.set()
        thread.join(timeout=60)
        assert not thread.is_alive()
