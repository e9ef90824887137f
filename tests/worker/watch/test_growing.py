"""What is new in a file that grows arrives once, in whole units, whoever is killed meanwhile."""

import os
import pickle
import subprocess
import sys

import pytest
from support import ROOT, wait_until

from wats_worker.spool.post_actions import PostAction
from wats_worker.watch import grow as module

HEADING = "SN\tTime\tV\n"
GROW = {"heading": "SN", "key": ["SN", "Time"], "quiet_s": 0.2}


@pytest.fixture
def growing(line):
    """A source of files that grow."""

    def make(**changes):
        grow = changes.pop("grow", GROW)
        return line.source(**({"mode": "grow", "grow": grow, "unit_s": 0.3} | changes))

    return make


@pytest.fixture
def day(line):
    """The file of the day."""
    path = line.folder / "day.txt"
    path.write_text(HEADING)
    return path


def add(path, *units):
    """What a tester adds for some units: two lines each."""
    with path.open("a") as file:
        for number in units:
            file.write(f"S{number}\t{number}\t1\nS{number}\t{number}\t2\n")


def pieces(line):
    """What is in the spool, in the order of the units in it, without headings."""
    found = [line.spool.source(file_id).read_text().removeprefix(HEADING) for file_id in line.spool.waiting()]
    return sorted(found, key=lambda text: int(text[1:].split("\t")[0]))


def unit(number):
    return f"S{number}\t{number}\t1\nS{number}\t{number}\t2\n"


def arrive(line, *texts):
    wait_until(lambda: "".join(pieces(line)) == "".join(texts), what=f"{texts} in the spool")


def told(line):
    return {trouble.name: trouble.reason for trouble in line.journal.troubles("ict")}


def test_what_is_new_arrives_and_the_file_stays(line, watching, growing, day):
    """A unit goes as soon as the next one begins, and the last one after a pause; each with its heading."""
    watching(line.watcher(growing(grow=GROW | {"quiet_s": 60})))
    add(day, 1, 2)
    arrive(line, unit(1))

    add(day, 3, 4)

    arrive(line, unit(1), unit(2), unit(3))
    assert day.read_text() == HEADING + "".join(map(unit, (1, 2, 3, 4)))
    assert all(line.spool.source(id_).read_text().startswith(HEADING) for id_ in line.spool.waiting())
    assert all(not line.spool.changed(id_) for id_ in line.spool.waiting())
    wait_until(lambda: line.backlog("convert") == len(pieces(line)), what="a message for each")


def test_the_last_unit_arrives_after_a_pause(line, watching, growing, day):
    """And a restart takes nothing twice."""
    add(day, 1)
    end = watching(line.watcher(growing()))
    arrive(line, unit(1))
    wait_until(lambda: line.backlog("convert") == 1, what="its message")
    end()
    watching(line.watcher(growing()))

    add(day, 2)

    arrive(line, unit(1), unit(2))
    assert len(line.messages()) == 2


def test_redis_may_lose_everything(line, watching, growing, day):
    """How far a file was taken stands on the spool."""
    add(day, 1)
    end = watching(line.watcher(growing()))
    arrive(line, unit(1))
    end()
    line.redis.flushall()
    watching(line.watcher(growing()))

    add(day, 2)

    arrive(line, unit(1), unit(2))


def test_the_same_lines_in_another_days_file_are_new(line, watching, growing, day):
    """A tester that counts from one every morning."""
    add(day, 1)
    watching(line.watcher(growing()))
    arrive(line, unit(1))

    other = line.folder / "next day.txt"
    other.write_text(HEADING)
    add(other, 1)

    arrive(line, unit(1), unit(1))


@pytest.mark.parametrize("how", ["truncated", "replaced", "rewritten-longer"])
def test_a_file_that_begins_anew_is_taken_anew(line, watching, growing, day, how):
    """Whatever stood in it before; where it begins tells."""
    add(day, 1, 2)
    end = watching(line.watcher(growing()))
    arrive(line, unit(1) + unit(2))
    end()
    match how:
        case "truncated":
            day.write_text(HEADING)
            add(day, 3)
        case "replaced":
            day.rename(line.folder / ".old")
            day.write_text(HEADING)
            add(day, 3, 4, 5)
        case _:
            day.write_text(HEADING)
            add(day, 3, 4, 5)
    expected = unit(3) if how == "truncated" else unit(3) + unit(4) + unit(5)

    watching(line.watcher(growing()))

    arrive(line, unit(1) + unit(2), expected)


def test_a_renamed_file_is_still_the_same(line, watching, growing, day):
    """A log that is put aside at midnight is not taken once more; the new one is."""
    add(day, 1)
    watching(line.watcher(growing()))
    arrive(line, unit(1))

    day.rename(line.folder / "day 1.txt")
    day.write_text(HEADING)
    add(day, 2)
    add(line.folder / "day 1.txt", 3)

    arrive(line, unit(1), unit(2), unit(3))


def test_a_file_written_anew_with_what_stood_in_it_goes_on(line, watching, growing, day):
    """Editors and some testers write a whole file for each line."""
    add(day, 1)
    watching(line.watcher(growing()))
    arrive(line, unit(1))
    text = day.read_text()
    day.rename(line.folder / ".old")

    (line.folder / ".new").write_text(text + unit(2))
    (line.folder / ".new").rename(day)

    arrive(line, unit(1), unit(2))


def test_a_line_without_its_end_is_told(line, watching, growing, day):
    """Nobody knows what was to stand there; what is whole arrives."""
    add(day, 1)
    with day.open("a") as file:
        file.write("S2\t2")
    watching(line.watcher(growing()))
    arrive(line, unit(1))

    wait_until(lambda: told(line), what="the trouble")

    assert told(line) == {"day.txt": "its last line has no end, for more than 0.3 s"}
    with day.open("a") as file:
        file.write("\t1\nS2\t2\t2\n")
    arrive(line, unit(1), unit(2))
    wait_until(lambda: not told(line), what="the end of the trouble")


def test_a_long_file_is_taken_in_pieces(line, watching, growing, day, monkeypatch):
    """A year in one file at the first start; a unit longer than a piece is not cut."""
    monkeypatch.setattr(module, "_PIECE", 60)
    with day.open("a") as file:
        file.write("".join(f"S1\t1\t{number}\n" for number in range(50)))
    add(day, *range(2, 12))

    watching(line.watcher(growing()))

    wait_until(lambda: "".join(pieces(line)).endswith(unit(11)), what="the last unit")
    assert len(pieces(line)) > 3
    assert "".join(pieces(line)) == day.read_text().removeprefix(HEADING)


def test_a_wide_text_is_told_and_left_alone(line, watching, growing, day):
    """Cutting it at a line's end would cut a letter in two."""
    day.write_text(HEADING + unit(1), encoding="utf-16")

    watching(line.watcher(growing()))

    wait_until(lambda: told(line), what="the trouble")
    assert told(line) == {"day.txt": "is written in UTF-16, which can't be cut into lines"}


def test_our_copy_goes_with_the_post_action_and_the_file_stays(line, watching, growing, day):
    """There is nothing to move."""
    add(day, 1)
    watching(line.watcher(growing()))
    arrive(line, unit(1))
    (file_id,) = line.spool.waiting()
    line.spool.save_reports(file_id, {})

    line.spool.finish(file_id)
    line.spool.act(file_id, PostAction.KEEP, line.folder)

    assert not line.spool.source(file_id).exists()
    assert day.exists()


WATCH_AND_DIE = """
import os, pickle, sys, threading
from wats_broker.connection import connect
from wats_worker.spool.store import DiskSpool
from wats_worker.watch.grown import Grown
from worker.lines import Line

root, broker, step, count, changes = pickle.loads(bytes.fromhex(sys.argv[1]))
reached = []

def at(name):
    reached.append(name)
    if reached.count(step) == count:
        os._exit(9)

keep = Grown.keep
def kept(self, growth, **more):
    at("before-note")
    keep(self, growth, **more)
    at("after-note")
Grown.keep = kept

line = Line(root, connect(broker), broker)
line.spool = DiskSpool(root / "spool", floor_bytes=0, floor_files=0, step=at)
line.watcher(line.source(**changes), reconcile_s=60).run(threading.Event())
"""


@pytest.mark.parametrize(
    ("step", "count"),
    [
        ("before-note", 1),
        ("after-note", 1),
        ("fetch", 1),
        ("place", 1),
        ("flush-names", 1),
        ("before-note", 2),
        ("after-note", 2),
    ],
    ids=str,
)
def test_a_watcher_killed_at_any_step_takes_each_piece_once(line, watching, growing, day, step, count):
    """Also when the file has grown while nobody watched."""
    add(day, 1, 2)
    changes = {"mode": "grow", "grow": GROW}
    order = pickle.dumps((line.root, line.broker, step, count, changes)).hex()

    dead = subprocess.run(
        [sys.executable, "-c", WATCH_AND_DIE, order],
        check=False,
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}"},
    )

    assert dead.returncode == 9
    line.lease.release("ict", "watch-1")
    add(day, 3)
    watching(line.watcher(growing()))
    wait_until(lambda: "".join(pieces(line)).endswith(unit(3)), what="the last unit")
    assert "".join(pieces(line)) == unit(1) + unit(2) + unit(3)
