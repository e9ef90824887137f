"""The stack for real: ``make stack-test``, or ``python -m stack`` in the tests' folder.

Types the tutorial as it stands, builds the images, brings the stack up in a fresh checkout, proves who is shut in how, and lets faults pass over it
while files of many formats arrive. Then it is audited from outside, as the chaos suite does. The last line is JSON.

    make stack-test                                     six minutes; without an engine it says so and is content
    make stack-test ARGS="--files 1000 --keep"          more files; everything stays
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from chaos import tide
from chaos.audit import audit, places
from chaos.tide import Dropped
from stack.faults import FAULTS
from stack.lesson import take
from stack.proofs import PROOFS
from stack.rig import PORTS, SOURCES, Stack, docker, running
from support import SHARED

from wats_worker.archive.archive import Archive
from wats_worker.store.folder import FolderStore

#: How long everything may take to arrive when nothing is broken any more.
CALM_S = 1200.0
#: Larger files of the corpus would only make it longer.
LARGEST = 500_000
#: What whoever types the tutorial has to see.
_SHOWN = {
    "docker compose logs doctor": "strict can be had",
    "docker compose exec control wats-worker files find": "delivered",
    "docker compose exec control wats-worker files find first.txt": "first.txt.* delivered",
}


@dataclass
class Figures:
    """What it has come to."""

    build_s: float = 0.0
    healthy_s: float = 0.0  #: from `up` until everything is healthy
    first_report_s: float = 0.0  #: from `up` until the first report is on the server
    faults: list[str] = field(default_factory=list)
    files: int = 0
    corpus: int = 0
    delivered: int = 0
    quarantined: int = 0
    reports: int = 0
    duplicated: int = 0  #: the same id once more, which replaces it: harmless
    lost: int = 0
    doubled: int = 0
    drain_s: float = 0.0  #: from the last fault until everything was at rest
    image_mb: float = 0.0
    tutorial_s: float = 0.0  #: all commands of it, as they are typed
    troubles: list[str] = field(default_factory=list)


def main() -> int:
    parser = argparse.ArgumentParser(description="The factory stack for real.")
    parser.add_argument("--files", type=int, default=400)
    parser.add_argument("--base", default=os.environ.get("BASE_IMAGE", "python:3.13-slim"))
    parser.add_argument("--keep", action="store_true", help="leave everything as it is at the end")
    options = parser.parse_args()
    if reason := no_engine():
        print(f"The stack was not tried: {reason}", file=sys.stderr)
        return 0
    folder = Path(tempfile.mkdtemp(prefix="wats-stack-"))
    folder.chmod(0o755)  # the containers' user has to come through
    stack = Stack(folder, base=options.base, name=f"wats-stack-{os.getpid()}")
    figures = Figures()
    figures.tutorial_s = _took("the tutorial", lambda: figures.troubles.extend(_learn(options.base)))
    with running([stack], keep=options.keep):
        try:
            _tell(stack, figures, options.files)
        except BaseException:
            print(stack.compose("logs", "--tail", "15", check=False), file=sys.stderr)
            raise
    if options.keep:
        print(f"everything is in {folder}, as project {stack.name}")
    else:
        shutil.rmtree(folder)
    for trouble in figures.troubles:
        print(f"  {trouble}")
    print(json.dumps(vars(figures) | {"troubles": len(figures.troubles)}))
    return 1 if figures.troubles else 0


def _learn(base: str) -> list[str]:
    """Type the tutorial in a checkout of its own; what went otherwise than it says."""
    with tempfile.TemporaryDirectory(prefix="wats-lesson-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        stack = Stack(folder, base=base, name=f"wats-lesson-{os.getpid()}")
        stack.check_out()
        with running([stack], keep=False):
            return list(
                take(
                    "tutorial/first-factory.md",
                    folder,
                    shown=_SHOWN,
                    COMPOSE_PROJECT_NAME=stack.name,
                    VERSION=stack.version,
                    BASE_IMAGE=base,
                    COLUMNS="150",
                    **PORTS,
                )
            )


def no_engine() -> str:
    """Why there is no engine to be had; empty if there is one."""
    if not shutil.which("docker"):
        return "there is no docker client"
    for words, what in (
        (["info"], "no engine answers"),
        (["compose", "version"], "the compose plugin is missing"),
    ):
        if subprocess.run(["docker", *words], capture_output=True, check=False).returncode:
            return what
    return ""


def _tell(stack: Stack, figures: Figures, count: int) -> None:
    stack.lay_out()
    figures.build_s = _took("build", lambda: stack.compose("build"))
    image = f"wats-worker:{stack.version}"
    figures.image_mb = round(int(docker("image", "inspect", "--format", "{{.Size}}", image)) / 1e6)
    # The next release: the same code, another image.
    stack.compose("build", VERSION=f"{stack.name}-2")
    first = next(tide.files(0))
    stack.drop(first.source, first.name, first.content)
    began = time.monotonic()
    with ThreadPoolExecutor(1) as beside:
        up = beside.submit(stack.up)
        figures.first_report_s = round(_first_report(stack, up, began), 1)
        up.result()
    figures.healthy_s = round(time.monotonic() - began, 1)
    print(
        f"first report after {figures.first_report_s} s, everything healthy after {figures.healthy_s} s",
        flush=True,
    )
    for name, proof in PROOFS.items():
        found: list[str] = []
        _took(f"proof: {name}", lambda proof=proof, found=found: found.extend(proof(stack)))  # type: ignore[misc]
        figures.troubles += found
    dropped = [first, *_storm(stack, figures, count)]
    _judge(stack, figures, dropped)
    for name in ("isolation", "jail", "health"):
        figures.troubles += PROOFS[name](stack)


def _first_report(stack: Stack, up: Future[None], began: float) -> float:
    """Seconds until there is one."""
    while time.monotonic() - began < CALM_S:
        if up.done():
            up.result()  # says why it failed, if it did
        try:
            if stack.server.state()["reports"]:
                return time.monotonic() - began
        except (RuntimeError, httpx.HTTPError):  # its container is on its way up, and has no port yet
            stack.forget_server()
        time.sleep(0.2)
    raise RuntimeError("no report has come")


def _storm(stack: Stack, figures: Figures, count: int) -> list[Dropped]:
    """Drop files for as long as faults go on, and wait for the calm."""
    dropped: list[Dropped] = []
    waiting = list(_files(count))
    figures.corpus = sum(file.source == "corpus" for file in waiting)
    over = threading.Event()

    def drop() -> None:
        for file in waiting:
            stack.drop(file.source, file.name, file.content)
            dropped.append(file)
            # Evenly over the faults; what is left when they are over comes at once.
            over.wait(0.25)

    thread = threading.Thread(target=drop, name="testers")
    thread.start()
    for name, fault in FAULTS.items():
        _took(name, lambda fault=fault: fault(stack))  # type: ignore[misc]
        figures.faults.append(name)
        time.sleep(3.0)
    over.set()
    thread.join()
    mended = time.monotonic()
    while not stack.at_rest() and time.monotonic() - mended < CALM_S:
        time.sleep(0.5)
    figures.drain_s = round(time.monotonic() - mended, 1)
    return dropped


def _files(count: int) -> Iterator[Dropped]:
    """Files whose reports are known, and between them the real ones of many testers."""
    known = tide.files(11)
    real = list(_corpus())
    for number in range(count):
        yield next(known)
        if number < len(real):
            yield real[number]
    yield from real[count:]


def _corpus() -> Iterator[Dropped]:
    """One file after the other, as long as they are not too large. What they become is theirs to say."""
    folder = SHARED / "corpus/files"
    for path in sorted(folder.rglob("*")) if folder.is_dir() else []:
        if path.is_file() and path.stat().st_size <= LARGEST:
            yield Dropped("corpus", f"{path.parent.name}-{path.name}", path.read_bytes(), ())


def _judge(stack: Stack, figures: Figures, dropped: list[Dropped]) -> None:
    known = [file for file in dropped if file.source != "corpus"]
    real = list({file.file_id: file for file in dropped if file.source == "corpus"}.values())
    rows = list(stack.server.reports())
    taken = [receipt for file in real for receipt in _receipts(stack, file)]
    theirs = {uuid for receipt in taken for uuid in receipt}
    inboxes = {name: stack.inbox / name for name in SOURCES}
    found = audit(
        known,
        inboxes,
        stack.spool,
        [row for row in rows if row["uuid"] not in theirs],
        [request for request in stack.server.requests() if request["id"] not in theirs],
    )
    missing = {stored_as for _, stored_as in taken} - {row["uuid"] for row in rows}
    figures.troubles += [*found.lost, *found.doubled, *found.unexpected, *found.waiting]
    figures.troubles += [f"{uuid}: a report of the corpus is not stored" for uuid in missing]
    for file in real:
        there = places(file, [file.name], inboxes, stack.spool)
        if there not in (["delivered"], ["quarantined"]):
            figures.troubles.append(f"{file.name}: is in {there or 'no place'}")
            figures.lost += 1
        figures.delivered += there == ["delivered"]
        figures.quarantined += there == ["quarantined"]
    figures.files = len(dropped)
    figures.reports = len(rows)
    figures.delivered += found.delivered
    figures.quarantined += found.quarantined
    figures.duplicated = found.duplicated
    figures.lost += len(found.lost) + len(found.waiting) + len(missing)
    figures.doubled = len(found.doubled)


def _receipts(stack: Stack, file: Dropped) -> Iterator[tuple[str, str]]:
    """For each report of a file: its id, and the one that the server stores it under.

    They differ where the corpus has the same test in two formats: the server knows it again.
    """
    record = Archive(FolderStore(stack.spool.parent / "archive")).record(file.file_id)
    for report in record.reports if record else ():
        for receipt in report.receipts:
            yield report.card.report_id, receipt["stored_as"]


def _took(what: str, act: Callable[[], object]) -> float:
    began = time.monotonic()
    act()
    took_s = round(time.monotonic() - began, 1)
    print(f"{took_s:6.1f} s  {what}", flush=True)
    return took_s


if __name__ == "__main__":
    sys.exit(main())
