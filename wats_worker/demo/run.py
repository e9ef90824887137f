"""The demo from beginning to end: build a factory, drop files, look on, audit, tell, take everything down."""

import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from rich.console import Console

from wats_broker.journal import FileRecord
from wats_broker.states import RESTING, FileState
from wats_worker.demo import units
from wats_worker.demo.audit import faults
from wats_worker.demo.expected import COPY_NAME, COPY_OF, SAMPLES, SOURCES, Sample
from wats_worker.demo.factory import Factory, FactoryFailed, forget_environment
from wats_worker.demo.show import Show
from wats_worker.demo.timings import timings

#: The line has to begin within this, and to be done this long after the last file (plus some for a crowd).
_BEGIN_S: Final = 40.0
_DONE_S: Final = 40.0
_FILES_PER_S: Final = 10
#: A file without its end is given up after this instead of half a minute, so that the demo needs no patience.
_SECTIONS: Final = {"convert": {"unfinished_s": 3.0}}
#: A server that thinks a little before it answers.
_LATENCY_MS: Final = 25.0


@dataclass
class _Drop:
    """What was put into the watch folders."""

    samples: list[Sample] = field(default_factory=list)
    at: dict[str, float] = field(default_factory=dict)  #: when the last byte was written, by name


def run(*, keep: bool = False, files: int = 0, console: Console | None = None) -> int:
    """Run the demo; 0 if everything arrived exactly as it should.

    Args:
        keep: Leave the folder with everything in it.
        files: So many more files, from a made-up tester.
        console: Where to print.
    """
    forget_environment()
    # Ended from outside, the demo takes its line down all the same.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, _: sys.exit(128 + number))
    console = console or Console()
    show = Show(console)
    folder = Path(tempfile.mkdtemp(prefix="wats-demo-"))
    factory = Factory(folder, sources=SOURCES, sections=_SECTIONS, latency_ms=_LATENCY_MS, rate=0)
    try:
        return _tell(factory, show, _crowd(files))
    except FactoryFailed as problem:
        show.failure(str(problem), factory.last_words(), str(folder))
        return 1
    finally:
        if keep:
            show.step(f"Everything is still in {folder}")
        else:
            shutil.rmtree(folder)


def _crowd(count: int) -> list[tuple[Sample, bytes]]:
    return [
        (Sample("functional-test", f"{units.serial(n)}.txt", (units.serial(n),)), units.log(n))
        for n in range(count)
    ]


def _tell(factory: Factory, show: Show, crowd: Sequence[tuple[Sample, bytes]]) -> int:
    show.step(f"A factory in {factory.folder}: {len(SOURCES)} watch folders, a WATS server, the line")
    with factory:
        factory.wait(factory.runs, what="all stages to be at work", timeout_s=_BEGIN_S)
        began = time.monotonic()
        batch = [*((sample, sample.content()) for sample in SAMPLES), *crowd]
        show.step(f"{len(batch)} files are dropped, one of them byte by byte")
        drop = _drop_all(factory, batch)
        records = _follow(factory, show, drop)
        show.step(f"The same file comes again as {COPY_NAME!r}")
        again = _drop_copy(factory)
        took_s = time.monotonic() - began
        found, listed, stored = _audit(factory, drop)
        show.files((row for row in listed if not _is_crowd(row, crowd)), again)
        show.timings(timings(records, drop.at))
        show.step("The line is stopped")
    show.verdict(found, reports=len(stored), took_s=took_s)
    if found:
        show.failure("not as it should be", factory.last_words(), str(factory.folder))
    return 1 if found else 0


def _drop_all(factory: Factory, batch: Sequence[tuple[Sample, bytes]]) -> _Drop:
    drop = _Drop()
    for sample, content in batch:
        place = factory.source(sample.source) / sample.name
        pieces = 5 if sample.slowly else 1
        step = len(content) // pieces + 1
        with place.open("wb", buffering=0) as file:
            for start in range(0, len(content), step):
                file.write(content[start : start + step])
                if sample.slowly:
                    time.sleep(0.3)
        drop.samples.append(sample)
        drop.at[sample.name] = time.time()
    return drop


def _follow(factory: Factory, show: Show, drop: _Drop) -> list[FileRecord]:
    """Show the progress until every file rests, and return the files with their stories."""
    journal, count = factory.view.journal, len(drop.samples)
    with show.progress() as progress:

        def at_rest() -> bool:
            states = journal.states()
            progress.say(states, factory.server.state()["reports"])
            return sum(states[state] for state in RESTING) >= count

        patience = _DONE_S + count / _FILES_PER_S
        factory.wait(at_rest, what=f"{count} files to be delivered or quarantined", timeout_s=patience)
    found = (
        journal.file(record.file_id) for record in journal.recent(count=count, state=FileState.DELIVERED)
    )
    return [record for record in found if record is not None]


def _drop_copy(factory: Factory) -> list[str]:
    """Drop the copy and wait until it is recognised; the names that were."""
    place = factory.source(COPY_OF.source) / COPY_NAME
    place.write_bytes(COPY_OF.content())
    journal = factory.view.journal
    factory.wait(
        lambda: journal.counters().get("event:file_seen_again"),
        what="the copy to be recognised",
        timeout_s=_DONE_S,
    )
    return [COPY_NAME]


def _audit(factory: Factory, drop: _Drop) -> tuple[list[str], list[dict[str, Any]], list[dict[str, Any]]]:
    """Ask both ends from outside: the faults, the files as the line lists them, the reports on the server."""
    listed = factory.ask("files", "find", "--count", "10000")
    status = factory.ask("status")
    stored = list(factory.server.reports())
    found = faults(drop.samples, listed, stored)
    left = [str(place) for name in SOURCES for place in factory.source(name).iterdir()]
    found += [f"{place}: is still in its watch folder" for place in left]
    if status["queue"]["depth"] or status["queue"]["buried"]:
        found.append(f"the upload queue is not empty: {status['queue']}")
    return found, listed, stored


def _is_crowd(row: dict[str, Any], crowd: Sequence[tuple[Sample, bytes]]) -> bool:
    return row["name"] in {sample.name for sample, _ in crowd}
