"""The watch stage may be killed at any step: whoever comes next brings every file to its message, once."""

import os
import pickle
import subprocess
import sys

import pytest
from support import ROOT, wait_until

from wats_broker.states import FileState
from wats_worker.watch.overdue import Patience

WATCH_AND_DIE = """
import os, pickle, sys, threading
from wats_broker.connection import connect
from wats_broker.dispatch import Dispatch
from wats_broker.journal import Journal
from wats_worker.spool.store import DiskSpool
from worker.lines import Line

root, broker, step, count = pickle.loads(bytes.fromhex(sys.argv[1]))
reached = []

def at(name):
    reached.append(name)
    if reached.count(step) == count:
        os._exit(9)

class DyingJournal(Journal):
    def seen_all(self, files):
        first, *others = files
        at("seen")
        seen = super().seen_all([first])
        at("half-seen")
        return seen + super().seen_all(others)

class DyingDispatch(Dispatch):
    def convert(self, files, **names):
        at("dispatch")
        super().convert(files, **names)
        at("dispatched")

line = Line(root, connect(broker), broker)
line.spool = DiskSpool(root / "spool", floor_bytes=0, floor_files=0, step=at)
line.journal = DyingJournal(line.redis, line.keys)
line.dispatch = DyingDispatch(line.celery)
line.watcher(line.source(), reconcile_s=60).run(threading.Event())
"""

STEPS = [
    ("prepare", 1),
    ("flush-cards", 1),
    ("fetch", 2),
    ("take", 2),
    ("place", 2),
    ("flush-names", 1),
    ("seen", 1),
    ("half-seen", 1),
    ("dispatch", 1),
    ("dispatched", 1),
]


@pytest.mark.parametrize(("step", "count"), STEPS, ids=str)
def test_a_watcher_killed_at_any_step_loses_and_doubles_nothing(line, watching, step, count):
    """Every file gets its message in the end; where one was sent already, another one is harmless."""
    for number in range(3):
        (line.folder / f"{number}.csv").write_text(str(number))
    order = pickle.dumps((line.root, line.broker, step, count)).hex()

    dead = subprocess.run(
        [sys.executable, "-c", WATCH_AND_DIE, order],
        check=False,
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}"},
    )

    assert dead.returncode == 9
    line.lease.release("ict", "watch-1")
    watching(line.watcher(patience=Patience(taken_s=0.5)))
    wait_until(lambda: len(list(line.spool.waiting())) == 3, what="three files in the spool")
    everything = set(line.spool.waiting())
    sent = set()
    wait_until(lambda: sent.update(line.messages()) or sent == everything, what="three messages", timeout=20)
    assert {line.journal.file(file_id).state for file_id in everything} == {FileState.SEEN}
    assert sorted(line.spool.source(file_id).read_text() for file_id in everything) == ["0", "1", "2"]
    assert line.in_folder() == []
    assert line.queue.census().reserved == 3
