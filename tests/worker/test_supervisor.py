"""One parent for all processes of a machine. Every test runs a real one, with real children."""

import fcntl
import json
import os
import pty
import signal
import subprocess
import sys
import termios
from collections.abc import Iterable
from pathlib import Path

import psutil
import pytest
from support import ROOT, wait_until

#: The parent: its children come as JSON. A child is ready when the file named ``ready`` exists.
PARENT = """
import json, sys
from pathlib import Path
from types import SimpleNamespace
from wats_worker import logs
from wats_worker.child import Child
from wats_worker.supervisor import Backoff, Change, Supervisor

def child(ready=None, **given):
    return Child(ready=(lambda: Path(ready).exists()) if ready else None, **given)

settings = SimpleNamespace(log=SimpleNamespace(level="info", format="json"), secrets=lambda: [])
logs.setup("up", settings)
def reload():
    told = json.loads(Path(sys.argv[2]).read_text())
    return Change([child(**given) for given in told["children"]], frozenset(told["anew"]))

children = [child(**given) for given in json.loads(sys.argv[1])]
backoff = Backoff(first_s=0.05, longest_s=0.4)
sys.exit(Supervisor(children, backoff=backoff, reload=reload if sys.argv[2:] else None).run())
"""

#: A child: notes its start and its end in the diary, and lives until SIGTERM.
CHILD = """
import os, signal, sys, threading
from wats_worker.child import die_with_parent
die_with_parent()
name, diary = sys.argv[1:3]
stop = threading.Event()
signal.signal(signal.SIGTERM, lambda *_: stop.set())

def note(word):
    with open(diary, "a") as file:
        file.write(f"{name} {word} {os.getpid()}\\n")

note("began")
stop.wait()
note("ended")
"""

#: A child that can't begin, and logs why.
BROKEN = """
import logging
from types import SimpleNamespace
from wats_worker import logs
settings = SimpleNamespace(log=SimpleNamespace(level="info", format="json"), secrets=lambda: ["s3cret"])
logs.setup("convert", settings)
logging.getLogger().critical("stage_cannot_begin", extra={"reason": "no broker at redis://:s3cret@host"})
raise SystemExit(2)
"""

#: A child that will not end, with a child of its own that will not either.
STUBBORN = """
import signal, subprocess, sys
signal.signal(signal.SIGTERM, signal.SIG_IGN)
inner = subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"])
print(inner.pid, file=open(sys.argv[1], "w"), flush=True)
signal.pause()
"""


class Machine:
    """One supervisor under test."""

    def __init__(self, folder: Path) -> None:
        self.diary = folder / "diary"
        self.diary.touch()
        self._log = folder / "log"
        self._change = folder / "change"
        self.process: subprocess.Popen[bytes] | None = None

    def child(self, name: str, **more) -> dict[str, object]:
        return {"name": name, "argv": [sys.executable, "-c", CHILD, name, str(self.diary)], **more}

    def up(self, *children: dict[str, object], terminal: int | None = None) -> None:
        argv = [sys.executable, "-c", PARENT, json.dumps(children), str(self._change)]
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                argv,
                cwd=ROOT,
                stdin=terminal,
                stderr=log,
                start_new_session=True,
                # No threads here, and nothing else gives a process its terminal.
                preexec_fn=None if terminal is None else lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509
            )

    def change(self, *children: dict[str, object], anew: Iterable[str] = ()) -> None:
        self._change.write_text(json.dumps({"children": children, "anew": list(anew)}))
        self.process.send_signal(signal.SIGHUP)

    def down(self, number: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(timeout=20)

    def noted(self) -> list[str]:
        return [line.rpartition(" ")[0] for line in self.diary.read_text().splitlines()]

    def pid_of(self, name: str) -> int:
        """Of its newest process."""
        lines = [line.split() for line in self.diary.read_text().splitlines()]
        return int([pid for who, word, pid in lines if (who, word) == (name, "began")][-1])

    def events(self, word: str) -> list[dict[str, object]]:
        lines = [json.loads(line) for line in self._log.read_text().splitlines()]
        return [line for line in lines if line["event"] == word]


@pytest.fixture
def machine(tmp_path):
    machine = Machine(tmp_path)
    yield machine
    if machine.process is not None and machine.process.poll() is None:
        machine.down()


def test_the_first_is_ready_before_the_next_begins_and_ends_last(machine, tmp_path):
    """The broker comes first and goes last; a stage never sees it missing."""
    ready = tmp_path / "ready"
    machine.up(
        machine.child("watch", order=2),
        machine.child("broker", order=0, ready=str(ready)),
        machine.child("upload", order=1),
    )
    wait_until(lambda: machine.noted() == ["broker began"], what="the broker alone")
    ready.touch()
    wait_until(lambda: len(machine.noted()) == 3, what="all three")

    code = machine.down()

    assert code == 0
    noted = machine.noted()
    assert noted[0] == "broker began"
    # Both are ready at once, so they begin side by side.
    assert sorted(noted[1:3]) == ["upload began", "watch began"]
    assert noted[3:] == ["watch ended", "upload ended", "broker ended"]


def test_who_dies_is_started_again(machine):
    """Alone: the others don't notice."""
    machine.up(machine.child("convert"), machine.child("upload"))
    wait_until(lambda: len(machine.noted()) == 2, what="both")
    os.kill(machine.pid_of("convert"), signal.SIGKILL)

    wait_until(lambda: machine.noted().count("convert began") == 2, what="the second convert")
    assert machine.noted().count("upload began") == 1
    (event,) = machine.events("child_ended")
    assert (event["child"], event["how"]) == ("convert", "killed by SIGKILL")


def test_a_dead_broker_comes_back_under_the_living(machine, tmp_path):
    """Who came later is not started anew for it."""
    (tmp_path / "ready").touch()
    machine.up(machine.child("broker", ready=str(tmp_path / "ready")), machine.child("watch", order=1))
    wait_until(lambda: len(machine.noted()) == 2, what="both")
    os.kill(machine.pid_of("broker"), signal.SIGKILL)

    wait_until(lambda: machine.noted().count("broker began") == 2, what="the second broker")
    assert machine.noted().count("watch began") == 1


def test_who_can_not_begin_is_named_with_its_last_words(machine):
    """It is tried again ever more slowly, never hot, and the rest works on. Its secrets stay secret."""
    machine.up({"name": "convert", "argv": [sys.executable, "-c", BROKEN]}, machine.child("upload"))
    wait_until(lambda: len(machine.events("child_ended")) >= 5, what="five tries")

    events = machine.events("child_ended")
    assert [event["failures"] for event in events] == list(range(1, len(events) + 1))
    assert events[0]["how"] == "exit code 2"
    assert events[0]["said"] == 'stage_cannot_begin reason="no broker at redis://:***@host"'
    assert events[4]["next_try_s"] >= 0.2
    assert machine.noted() == ["upload began"]


def test_a_program_that_is_not_there_stops_nobody_else(machine):
    """A failure like any other."""
    machine.up({"name": "convert", "argv": ["/nowhere/program"]}, machine.child("upload"))

    wait_until(lambda: machine.events("child_ended"), what="the failure")
    wait_until(lambda: machine.noted() == ["upload began"], what="the other one")
    assert "/nowhere/program" in machine.events("child_ended")[0]["how"]


def test_who_will_not_end_is_killed_with_all_it_started(machine, tmp_path):
    """After its grace, and the stop is still an ordered one."""
    inner = tmp_path / "inner"
    argv = [sys.executable, "-c", STUBBORN, str(inner)]
    machine.up({"name": "convert", "argv": argv, "grace_s": 0.3})
    wait_until(lambda: inner.exists() and inner.read_text().endswith("\n"), what="the inner process")

    code = machine.down()

    assert code == 0
    assert [event["child"] for event in machine.events("child_killed")] == ["convert"]
    wait_until(lambda: not _lives(int(inner.read_text())), what="the end of the inner process")


def test_what_a_dead_child_had_started_does_not_stay(machine, tmp_path):
    """A killed worker's processes would go on beside its successor's; and no zombie is left."""
    inner = tmp_path / "inner"
    machine.up({"name": "convert", "argv": [sys.executable, "-c", STUBBORN, str(inner)], "grace_s": 0.1})
    wait_until(lambda: inner.exists() and inner.read_text().endswith("\n"), what="the inner process")
    first = int(inner.read_text())
    parent = psutil.Process(machine.process.pid)
    os.kill(parent.children()[0].pid, signal.SIGKILL)

    wait_until(lambda: not psutil.pid_exists(first), what="the end of the inner process, buried")


def test_children_die_with_their_parent(machine):
    """Even when it is killed with kill -9, and they end as if they had been asked to."""
    machine.up(machine.child("watch"), machine.child("upload"))
    wait_until(lambda: len(machine.noted()) == 2, what="both")
    machine.down(signal.SIGKILL)

    wait_until(lambda: sorted(machine.noted()[2:]) == ["upload ended", "watch ended"], what="their end")


def test_ctrl_c_ends_it_in_order(machine):
    """It goes to everybody on the terminal; only the parent hears it, and the order is kept."""
    machine.up(machine.child("broker"), machine.child("watch", order=1))
    wait_until(lambda: len(machine.noted()) == 2, what="both")
    os.killpg(machine.process.pid, signal.SIGINT)

    assert machine.process.wait(timeout=20) == 0
    assert machine.noted()[2:] == ["watch ended", "broker ended"]


def test_a_closed_terminal_ends_it_in_order(machine):
    """The signal is the one that asks for a change; who has lost the terminal means the other thing."""
    ours, its = pty.openpty()
    machine.up(machine.child("broker"), machine.child("watch", order=1), terminal=its)
    os.close(its)
    wait_until(lambda: len(machine.noted()) == 2, what="both")
    os.close(ours)

    assert machine.process.wait(timeout=20) == 0
    assert machine.noted()[2:] == ["watch ended", "broker ended"]


def test_a_change_starts_anew_who_it_is_about(machine):
    """One after another, those who take work on first; the others never notice."""
    names = {"broker": 0, "upload": 1, "convert": 1, "watch": 2}
    children = [machine.child(name, order=order) for name, order in names.items()]
    machine.up(*children)
    wait_until(lambda: len(machine.noted()) == 4, what="all four")

    machine.change(*children, anew=["watch", "convert"])

    wait_until(lambda: len(machine.noted()) == 8, what="two to be started anew")
    noted = machine.noted()[4:]
    assert noted.index("convert ended") < noted.index("watch ended")
    assert sorted(noted) == ["convert began", "convert ended", "watch began", "watch ended"]
    assert not machine.events("child_ended")


def test_a_change_brings_new_children_and_lets_old_ones_go(machine):
    """A pool more, a pool less."""
    machine.up(machine.child("convert"), machine.child("convert.old"))
    wait_until(lambda: len(machine.noted()) == 2, what="both")

    machine.change(machine.child("convert"), machine.child("convert.new"))

    wait_until(lambda: len(machine.noted()) == 4, what="the change")
    assert sorted(machine.noted()[2:]) == ["convert.new began", "convert.old ended"]
    assert machine.down() == 0
    assert "convert.old ended" not in machine.noted()[4:]


def test_who_will_not_end_for_a_change_is_killed_and_started_anew(machine, tmp_path):
    """After its grace; the change is taken up all the same."""
    inner = tmp_path / "inner"
    stubborn = {"name": "convert", "argv": [sys.executable, "-c", STUBBORN, str(inner)], "grace_s": 0.3}
    machine.up(stubborn)
    wait_until(lambda: inner.exists() and inner.read_text().endswith("\n"), what="the inner process")
    first = inner.read_text()

    machine.change(stubborn, anew=["convert"])

    wait_until(lambda: inner.read_text() not in {"", first}, what="the second one")
    assert [event["child"] for event in machine.events("child_killed")] == ["convert"]


def _lives(pid: int) -> bool:
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
