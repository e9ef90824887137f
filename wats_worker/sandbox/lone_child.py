"""The process of one job at ``Level.PROCESS``: ``python -P -s -m wats_worker.sandbox.lone_child``.

It is told on one line of its standard input what to do. The other end of that line is the worker's: when the
worker dies it breaks, on every system, and this process ends.
"""

import contextlib
import importlib
import json
import os
import sys
import threading
import traceback
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

from wats_worker.converters.base import Source
from wats_worker.sandbox import guard, work
from wats_worker.sandbox.loading import Shelf, compile_plugin, import_bundled, unpack_plugin
from wats_worker.sandbox.lone import UNREADY
from wats_worker.sandbox.policy import Limits, Setup
from wats_worker.sandbox.result import ResultWriter

try:
    import resource
except ImportError:  # Windows limits processes in other ways
    resource = None  # type: ignore[assignment]


def main() -> NoReturn:
    """Do the job and be gone. The exit code says whether there is a result."""
    result = os.dup(1)
    os.dup2(2, 1)  # the output is for the result; what is printed goes with the errors
    message = json.loads(sys.stdin.buffer.readline())
    threading.Thread(target=_end_with_owner, daemon=True).start()
    setup, job = Setup.from_json(message["setup"]), message["job"]
    try:
        shelf = _prepare(setup, job)
    except (ImportError, OSError, ValueError) as error:
        _leave(UNREADY, f"{type(error).__name__}: {error}")
    if job is None:
        _leave(0)
    try:
        _work(message, result, shelf)
    except BaseException:  # noqa: BLE001 - whatever it was, it stands in the log
        _leave(1, traceback.format_exc())
    _leave(0)


def _prepare(setup: Setup, job: Mapping[str, Any] | None) -> Shelf:
    """Load what the job needs: the plugins that it names and no others, as each is compiled anew."""
    for library in setup.capabilities.libraries:
        importlib.import_module(library)
    bundled = import_bundled(setup.modules)
    _limit(setup.limits)
    asked = [] if job is None else job.get("converters") or [job["converter"]]
    plugins = {
        name: unpack_plugin(name, compile_plugin(str(path), path.read_bytes()))
        for name, path in setup.plugins.items()
        if name in asked
    }
    guard.take_place(setup.capabilities.imports, setup.capabilities.accepted)
    return Shelf(bundled, plugins)


def _limit(limits: Limits) -> None:
    """Set those limits that this system knows and that count from nothing; memory does not."""
    if resource is None:
        return
    for what, value in (
        (resource.RLIMIT_CPU, limits.cpu_s),
        (resource.RLIMIT_FSIZE, limits.scratch_mb << 20),
        (resource.RLIMIT_CORE, 0),
    ):
        with contextlib.suppress(ValueError, OSError):  # there is a lower one already
            resource.setrlimit(what, (value, value + 1 if value else 0))


def _work(message: Mapping[str, Any], result: int, shelf: Shelf) -> None:
    with Path(message["file"]).open("rb") as file:
        work.run(message["job"], _source(file, message["job"]["name"]), ResultWriter(result), shelf)
    sys.stdout.flush()


def _source(file: BinaryIO, name: str) -> Source:
    def read_at(size: int, offset: int) -> bytes:
        file.seek(offset)
        return file.read(size)

    status = os.fstat(file.fileno())
    modified = datetime.fromtimestamp(status.st_mtime, UTC)
    return Source(name, read_at, size=status.st_size, modified=modified)


def _end_with_owner() -> None:
    """The rest of the line: nothing comes any more but its end."""
    sys.stdin.buffer.read()
    os._exit(1)


def _leave(code: int, words: str = "") -> NoReturn:
    """Go without waiting for anything that the converter may have started."""
    print(words, end="", flush=True)
    os._exit(code)


if __name__ == "__main__":
    main()
