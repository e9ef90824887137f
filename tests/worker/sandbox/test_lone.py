"""The lowest level: a process for each file and nothing more, on whatever system there is."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from plugins import write_plugin
from support import ROOT, wait_until

from wats_worker.sandbox.errors import JailUnavailable
from wats_worker.sandbox.jail import Jail
from wats_worker.sandbox.outcome import Broken, Converted, Fault, Probed, Refusal
from wats_worker.sandbox.policy import Capabilities, Level, Limits


@pytest.fixture
def lone(tmp_path, log_file):
    """``lone(body, granted=None, **limits)``: what comes of the file with a converter that has this body."""

    def lone(body: str, granted: Capabilities | None = None, **limits):
        jail = Jail(
            limits=Limits(**{"wall_s": 20, "cpu_s": 10, **limits}),
            scratch=tmp_path / "scratch",
            modules=[],
            plugins={"any": write_plugin(tmp_path, "any", body)},
            granted={"any": granted} if granted else None,
            level=Level.PROCESS,
        )
        outcome = jail.convert(log_file, "unit.log", "any", {})
        assert list((tmp_path / "scratch").iterdir()) == []
        return outcome

    return lone


def serial(outcome):
    assert isinstance(outcome, Converted), outcome
    return json.loads(outcome.reports[0])["sn"]


def test_a_file_is_converted(lone):
    """And what it took is told."""
    outcome = lone("source.warn('hm')\nyield report(sn=source.text())")

    assert serial(outcome) == "SN-1"
    assert outcome.warnings == ("hm",)
    assert outcome.usage.wall_s >= outcome.usage.cpu_s > 0
    assert outcome.usage.peak_mb > 1


def test_a_refusal_keeps_its_words(lone):
    """As at every level."""
    outcome = lone("raise Refused('no serial', place='line 1', field='sn', fix='print one')")

    assert isinstance(outcome, Refusal)
    assert (outcome.reason, outcome.place, outcome.field, outcome.fix) == (
        "no serial", "line 1", "sn", "print one",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("body", "kind", "told"),
    [
        ("1 / 0", Fault.FAILED, "ZeroDivisionError"),
        ("os._exit(3)", Fault.CRASHED, "exit code 3"),
        ("os.kill(os.getpid(), signal.SIGSEGV)", Fault.CRASHED, "SIGSEGV"),
        ("os.kill(os.getpid(), 40)", Fault.CRASHED, "signal 40"),
        ("os._exit(0)", Fault.BAD_RESULT, ""),
        ("while True: pass", Fault.CPU_LIMIT, "1 s of CPU time"),
    ],
)
def test_a_converter_that_breaks_is_named_for_it(lone, body, kind, told):
    """It took nobody with it."""
    outcome = lone(body, cpu_s=1)

    assert isinstance(outcome, Broken)
    assert outcome.kind is kind
    assert told in outcome.detail


def test_time_is_up_for_all_that_it_started(lone, tmp_path):
    """The converter and its children are ended together."""
    pids = tmp_path / "pids"
    body = f"""
    import subprocess
    other = subprocess.Popen(["sleep", "60"])
    open({str(pids)!r}, "w").write(f"{{os.getpid()}} {{other.pid}}")
    print("waiting", flush=True)
    time.sleep(60)
    """

    outcome = lone(body, wall_s=3)

    assert outcome.kind is Fault.TIMED_OUT
    assert outcome.stderr == b"waiting\n"
    for pid in pids.read_text().split():
        wait_until(lambda pid=pid: not psutil.pid_exists(int(pid)), what=f"the end of {pid}")


def test_printing_without_end_fails_nothing(lone):
    """It is read away, and only the beginning is kept."""
    outcome = lone("for _ in range(100): print('x' * 65536)\nraise ValueError", log_kb=16)

    assert outcome.kind is Fault.FAILED
    assert outcome.stderr.startswith(b"x" * 16384 + b"Traceback")


def test_its_environment_is_made_for_it(lone, monkeypatch):
    """The worker's own, with its tokens, is not inherited; what is granted is there."""
    monkeypatch.setenv("WATS_SERVER__TOKEN", "secret")
    granted = Capabilities(environment=(("LICENCE", "here"),))

    found = serial(
        lone("yield report(sn=f\"{os.environ.get('WATS_SERVER__TOKEN')} {os.environ['LICENCE']}\")", granted)
    )

    assert found == "None here"


def test_it_works_in_a_folder_of_its_own(lone, tmp_path):
    """Temporary files go there too, and nothing of them stays."""
    found = serial(lone("import tempfile\nopen('a', 'w')\nyield report(sn=tempfile.gettempdir()[-90:])"))

    assert Path(found).parent.name == "scratch"


def test_what_it_is_granted_has_to_be_there(lone):
    """A library that is not installed is no fault of the file."""
    with pytest.raises(JailUnavailable, match="No module named 'not_installed_here'"):
        lone("yield report()", Capabilities(libraries=("not_installed_here",)))


def test_plugins_are_held_to_what_is_of_use(lone):
    """The advice about imports is the same at every level."""
    outcome = lone("yield report()", Capabilities(imports="refuse"))

    assert "ctypes is of no use to a converter" in outcome.detail


def test_a_lie_about_the_result_is_not_believed(lone):
    """What comes back is read like a stranger's here too."""
    outcome = lone(
        "pipe = next(one for one in gc.get_objects() if type(one).__name__ == 'ResultWriter')._pipe\n"
        "os.write(pipe, frame(b'[1]'))\nos._exit(0)"
    )

    assert outcome.kind is Fault.BAD_RESULT


def test_converters_are_asked_as_well(tmp_path, log_file):
    """Each plugin by itself."""
    plugin = write_plugin(tmp_path, "any", "yield report()")
    jail = Jail(
        limits=Limits(),
        scratch=tmp_path / "scratch",
        modules=[],
        plugins={"any": plugin},
        level=Level.PROCESS,
    )

    answer = jail.probe(log_file, "unit.log", ["any"])

    assert isinstance(answer, Probed)
    assert answer.scores == {"any": 0.9}


@pytest.mark.parametrize("kind", ["folder", "link", "pipe", "nothing"])
def test_only_a_file_is_converted(lone, log_file, kind):
    """As at every level: a pipe would hang us, a link would lead elsewhere."""
    log_file.unlink()
    if kind == "folder":
        log_file.mkdir()
    elif kind == "link":
        log_file.symlink_to(__file__)
    elif kind == "pipe":
        os.mkfifo(log_file)

    with pytest.raises(OSError):
        lone("yield report()")


_OWNER = """
import sys
from pathlib import Path
from wats_worker.sandbox.jail import Jail
from wats_worker.sandbox.policy import Level, Limits

folder = Path(sys.argv[1])
jail = Jail(limits=Limits(), scratch=folder / "scratch", modules=[], plugins={"any": folder / "any.py"}, level=Level.PROCESS)
jail.convert(folder / "unit.log", "unit.log", "any", {})
"""


def test_it_does_not_outlive_its_owner(tmp_path, log_file):
    """The line that its life hangs on breaks, on every system."""
    mark = tmp_path / "pid"
    write_plugin(tmp_path, "any", f"open({str(mark)!r}, 'w').write(str(os.getpid()))\ntime.sleep(60)")
    owner = subprocess.Popen(
        [sys.executable, "-c", _OWNER, str(tmp_path)], env={**os.environ, "PYTHONPATH": str(ROOT)}
    )
    wait_until(lambda: mark.exists() and mark.read_text(), what="a conversion that waits")

    owner.send_signal(signal.SIGKILL)
    owner.wait()

    wait_until(lambda: not _runs(int(mark.read_text())), what="the end of the conversion")


def _runs(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
