"""A poll worker may be killed at any step: the next poll brings everything, once."""

import os
import pickle
import subprocess
import sys

import pytest
from support import ROOT

from wats_broker.polls import Outcome
from wats_broker.states import FileState

POLL_AND_DIE = """
import os, pickle, sys
from wats_broker.connection import connect
from wats_broker.dispatch import Dispatch
from wats_broker.journal import Journal
from wats_worker.poll import memory
from wats_worker.spool.store import DiskSpool
from worker.lines import Line
from worker.poll.conftest import Plant

root, broker, due, step, count = pickle.loads(bytes.fromhex(sys.argv[1]))
reached = []

def at(name):
    reached.append(name)
    if reached.count(step) == count:
        os._exit(9)

class DyingJournal(Journal):
    def seen_all(self, files):
        at("seen")
        return super().seen_all(files)

class DyingDispatch(Dispatch):
    def convert(self, files, **names):
        at("dispatch")
        super().convert(files, **names)

class DyingMemory(memory.Memory):
    def taken(self, digests):
        at("before-keys")
        super().taken(digests)
        at("after-keys")

    def go_on_at(self, cursor):
        super().go_on_at(cursor)
        at("after-cursor")

line = Line(root, connect(broker), broker)
line.spool = DiskSpool(root / "spool", floor_bytes=0, floor_files=0, step=at)
line.journal = DyingJournal(line.redis, line.keys)
line.dispatch = DyingDispatch(line.celery)
from wats_worker.poll import polling
polling.Memory = DyingMemory
Plant(line).polling().run("mes", due)
"""

STEPS = [
    ("take", 2),
    ("place", 2),
    ("seen", 2),
    ("dispatch", 1),
    ("after-keys", 1),
    ("after-cursor", 1),
]


@pytest.mark.parametrize(("step", "count"), STEPS, ids=str)
def test_a_poll_killed_at_any_step_loses_and_doubles_nothing(plant, step, count):
    """Seventy items are two batches; whatever was taken before is known afterwards."""
    plant.poller("first = 0 if cursor is None else cursor + 1\nyield from items(cursor, first, 70 - first)")
    _, due = plant.polls.tick("mes")
    order = pickle.dumps((plant.line.root, plant.line.broker, due, step, count)).hex()

    dead = subprocess.run(
        [sys.executable, "-c", POLL_AND_DIE, order],
        check=False,
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}"},
    )

    assert dead.returncode == 9
    plant.line.redis.hdel(plant.line.keys.poll("mes"), "until")  # its term is over
    assert plant.poll().outcome is Outcome.DONE
    sent = set(plant.line.messages())
    plant.line.reconciler().run()
    sent |= set(plant.line.messages())
    assert sorted(plant.taken.values()) == sorted(f"content {n}" for n in range(70))
    everything = list(plant.line.spool.waiting())
    assert {plant.line.journal.file(file_id).state for file_id in everything} == {FileState.SEEN}
    assert sent == set(everything)
    assert plant.line.queue.census().reserved == 70
    assert plant.poll().taken == 0
