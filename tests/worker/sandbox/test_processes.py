"""Who lives, who dies, and what is inherited: real processes, real signals."""

import json
import os
import signal
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import psutil
import pytest
from support import wait_until

from wats_worker.sandbox.errors import JailUnavailable
from wats_worker.sandbox.jail import Jail
from wats_worker.sandbox.outcome import Broken, Converted, Fault
from wats_worker.sandbox.policy import Limits

SLEEP = "open('begun', 'w').close()\ntime.sleep(60)"


def children(pid: int) -> list[psutil.Process]:
    return psutil.Process(pid).children(recursive=True)


def zygotes() -> list[psutil.Process]:
    return [child for child in psutil.Process().children() if "wats_worker.sandbox.zygote" in child.cmdline()]


def spare() -> psutil.Process:
    """The child that waits below our one zygote; it is made only after the last one is gone."""
    (zygote,) = zygotes()
    looks: list[list[psutil.Process]] = [[], []]

    def waits() -> bool:
        # The last child may still be on its way out: the one we look for is there at two looks.
        looks.append(zygote.children())
        return bool(looks[-1]) and looks[-1] == looks[-2] == looks[-3]

    wait_until(waits, what="the next child to be there")
    return looks[-1][0]


def begun(scratch: Path) -> bool:
    """Whether the converter in ``SLEEP`` is at work."""
    return any(scratch.glob("*/begun"))


def test_a_zygote_is_started_with_the_first_job_and_ended_by_close(build, log_file, tmp_path):
    """No process and no folder is left."""
    jail = build()
    before = zygotes()
    jail.convert(log_file, "unit.log", "honest", {})
    during = [*zygotes(), spare()]
    jail.close()

    assert before == []
    wait_until(lambda: not any(one.is_running() for one in during), what="both processes to be gone")
    assert list((tmp_path / "scratch").iterdir()) == []


def test_one_zygote_serves_many_files_with_a_new_child_each(build, log_file):
    """A child's state can't reach the next file."""
    jail = build(stateful="os.environ['N'] = os.environ.get('N', '') + 'x'\nyield report(sn=os.environ['N'])")

    serials = {jail.convert(log_file, "unit.log", "stateful", {}).reports for _ in range(3)}

    assert len(serials) == 1
    assert len(zygotes()) == 1


def test_a_zygote_killed_between_files_is_replaced(build, log_file):
    """The next file just takes a little longer."""
    jail = build()
    jail.convert(log_file, "unit.log", "honest", {})
    (zygote,) = zygotes()
    zygote.kill()
    wait_until(lambda: zygote.status() == psutil.STATUS_ZOMBIE, what="the zygote to be dead")

    assert isinstance(jail.convert(log_file, "unit.log", "honest", {}), Converted)


def test_a_zygote_killed_with_a_job_breaks_that_job_and_no_other(build, log_file, tmp_path):
    """A job that was sent is not sent again: it may be the file that kills zygotes."""
    jail = build(sleeps=SLEEP)
    jail.convert(log_file, "unit.log", "honest", {})
    (zygote,) = zygotes()
    child = spare()

    def kill() -> None:
        wait_until(lambda: begun(tmp_path / "scratch"), what="the converter to be at work")
        zygote.kill()

    killer = threading.Thread(target=kill)
    killer.start()
    outcome = jail.convert(log_file, "unit.log", "sleeps", {})
    killer.join()

    assert isinstance(outcome, Broken)
    assert outcome.kind is Fault.CRASHED
    wait_until(lambda: not child.is_running(), what="the child to have died with its zygote")
    assert isinstance(jail.convert(log_file, "unit.log", "honest", {}), Converted)


def test_a_time_limit_that_strikes_while_waiting_leaves_a_usable_jail(build, log_file, tmp_path):
    """Celery raises its soft time limit in the middle of our wait; the answer to come belongs to no later job."""
    jail = build(sleeps=SLEEP)
    jail.convert(log_file, "unit.log", "honest", {})
    (first,) = zygotes()

    def strike(_signal: int, _frame: object) -> None:
        raise TimeoutError("soft time limit")

    old = signal.signal(signal.SIGALRM, strike)
    signal.setitimer(signal.ITIMER_REAL, 0.3)
    try:
        with pytest.raises(TimeoutError):
            jail.convert(log_file, "unit.log", "sleeps", {})
    finally:
        signal.signal(signal.SIGALRM, old)

    assert not first.is_running()
    assert isinstance(jail.convert(log_file, "unit.log", "honest", {}), Converted)


def test_a_signal_to_the_whole_group_does_not_end_a_conversion(build, log_file):
    """The worker decides what becomes of its work when it is told to stop; the zygote waits for it to hang up."""
    jail = build()
    jail.convert(log_file, "unit.log", "honest", {})
    (zygote,) = zygotes()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        zygote.send_signal(number)

    assert isinstance(jail.convert(log_file, "unit.log", "honest", {}), Converted)
    assert zygotes() == [zygote]


def test_what_the_kernel_says_of_zygote_and_child(build, log_file):
    """Privileges, filters and limits, read from outside."""
    jail = build(limits=Limits(memory_mb=100, descriptors=40, cpu_s=7))
    jail.convert(log_file, "unit.log", "honest", {})
    child = spare()
    (zygote,) = zygotes()

    def status(process: psutil.Process) -> dict[str, str]:
        lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
        return {key: value.strip() for key, _, value in (line.partition(":") for line in lines)}

    # A container has put its own filter on all of us.
    both = int(status(psutil.Process())["Seccomp_filters"]) + 2
    wait_until(lambda: status(child)["Seccomp_filters"] == str(both), what="the child to be confined")

    for process in (zygote, child):
        facts = status(process)
        assert {facts[name] for name in ("CapInh", "CapPrm", "CapEff", "CapAmb")} == {"0" * 16}
        assert (facts["NoNewPrivs"], facts["Seccomp"], facts["Threads"]) == ("1", "2", "1")
        assert Path(f"/proc/{process.pid}/oom_score_adj").read_text() == "1000\n"
        assert process.rlimit(psutil.RLIMIT_CORE) == (0, 0)
        assert 100 << 20 < process.rlimit(psutil.RLIMIT_DATA)[1] < 200 << 20
        assert 100 << 20 < process.rlimit(psutil.RLIMIT_AS)[1] < 500 << 20
        assert Path(f"/proc/{process.pid}/mem").stat().st_uid == 0  # not dumpable
    assert child.rlimit(psutil.RLIMIT_CPU) == (7, 8)
    assert child.rlimit(psutil.RLIMIT_NOFILE) == (40, 40)
    assert child.rlimit(psutil.RLIMIT_NPROC) == (0, 0)


OWNER = """
    import os, sys, time
    from pathlib import Path
    from wats_worker.sandbox.jail import Jail
    from wats_worker.sandbox.policy import Limits
    plugins = {path.stem: path for path in Path(sys.argv[1]).glob("*.py")}
    jail = Jail(limits=Limits(), scratch=Path(sys.argv[2]), modules=[], plugins=plugins)
    jail.convert(Path(sys.argv[3]), "unit.log", sys.argv[4], {})
    print("idle", flush=True)
    time.sleep(60)
"""


@pytest.mark.parametrize("converter", ["honest", "sleeps"])
def test_nothing_outlives_an_owner_killed_with_sigkill(build, log_file, tmp_path, converter):
    """Neither the zygote nor the child, idle or at work; and the next jail sweeps what the dead one left."""
    build(sleeps=SLEEP)
    scratch = tmp_path / "scratch"
    owner = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(OWNER), tmp_path / "plugins", scratch, log_file, converter],
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )
    with owner:
        if converter == "honest":
            owner.stdout.readline()
        else:
            wait_until(lambda: begun(scratch), what="the converter to be at work")
        wait_until(lambda: len(children(owner.pid)) == 2, what="zygote and child")
        family = children(owner.pid)
        owner.kill()

    wait_until(
        lambda: not any(one.is_running() for one in family), what="zygote and child to be dead", timeout=3
    )
    assert len(list(scratch.iterdir())) == 1
    build().convert(log_file, "unit.log", "honest", {})
    assert len(list(scratch.iterdir())) == 1


def test_a_jail_inherited_through_fork_starts_its_own_zygote(build, log_file):
    """Two processes on one control socket would read each other's answers."""
    jail = build()
    jail.convert(log_file, "unit.log", "honest", {})
    (ours,) = zygotes()
    pid = os.fork()
    if pid == 0:
        try:
            good = isinstance(jail.convert(log_file, "unit.log", "honest", {}), Converted)
            good = good and len(zygotes()) == 1
            jail.close()
            os._exit(0 if good else 1)
        finally:
            os._exit(2)

    assert os.waitpid(pid, 0)[1] == 0
    assert isinstance(jail.convert(log_file, "unit.log", "honest", {}), Converted)
    assert zygotes() == [ours]


def test_a_converter_inherits_neither_environment_nor_descriptors(build, log_file, monkeypatch, tmp_path):
    """What the worker knows (a token, a broker's address) is not there to be found."""
    monkeypatch.setenv("WATS_TOKEN", "secret")
    secret = (tmp_path / "secret").open("w")
    os.set_inheritable(secret.fileno(), True)
    jail = build(
        looks="""
        found = []
        for number in range(100):
            try:
                os.fstat(number)
                found.append(str(number))
            except OSError:
                pass
        yield report(sn=" ".join(found), machineName=os.environ.get("WATS_TOKEN", "none"))
        """
    )

    outcome = jail.convert(log_file, "unit.log", "looks", {})

    document = json.loads(outcome.reports[0])
    assert document["machineName"] == "none"
    assert len(document["sn"].split()) == 6  # standard ones, channel, file, result
    secret.close()


def test_a_plugin_speaks_only_for_itself(build, log_file):
    """It can neither outbid another converter nor keep it from being asked."""
    jail = build(
        modest="def probe(head, tail, name): return 0.3\ndef convert(source, options): yield report()",
        dies="def probe(head, tail, name): os.abort()\ndef convert(source, options): yield report()",
        raises="def probe(head, tail, name): raise ValueError('no')\ndef convert(source, options): yield report()",
        boasts="def probe(head, tail, name): return 7\ndef convert(source, options): yield report()",
        forges="""
        def probe(head, tail, name):
            scores = {'forges': 0.2, 'honest': 0.0, 'never_asked': 1.0}
            forge(json.dumps({'kind': 'probed', 'scores': scores, 'faults': {}}).encode())
        def convert(source, options): yield report()
        """,
    )

    answer = jail.probe(
        log_file, "unit.log", ["modest", "dies", "raises", "boasts", "forges", "honest", "missing"]
    )

    assert answer.scores == {"modest": 0.3, "honest": 0.9, "forges": 0.2}
    assert set(answer.faults) == {"dies", "raises", "boasts", "missing"}
    assert "ended by SIG" in answer.faults["dies"]


def test_a_zygote_that_can_not_start_says_why(tmp_path, log_file):
    """And nothing runs without it."""
    jail = Jail(limits=Limits(), scratch=tmp_path / "scratch", modules=["no_such_module"])

    with pytest.raises(JailUnavailable, match="no_such_module"):
        jail.convert(log_file, "unit.log", "any", {})

    assert zygotes() == []
    jail.close()


def test_the_command_line_tells_nothing(build, log_file):
    """Every user of the machine can read it."""
    build().convert(log_file, "unit.log", "honest", {})

    (zygote,) = zygotes()

    assert zygote.cmdline()[1:] == ["-P", "-s", "-m", "wats_worker.sandbox.zygote"]
