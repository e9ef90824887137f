"""What the jail does where the kernel gives less than was asked for: it refuses."""

import json
import os
from pathlib import Path

import pytest
from plugins import write_plugin

from wats_worker.sandbox import identity, levels
from wats_worker.sandbox.errors import JailUnavailable
from wats_worker.sandbox.jail import Jail
from wats_worker.sandbox.outcome import Broken, Converted
from wats_worker.sandbox.policy import Capabilities, Level, Limits

#: A zygote on a kernel that lacks something.
LACKING = "from wats_worker.sandbox import landlock, seccomp, zygote\n{}\nzygote.main()\n"
NO_LANDLOCK = "landlock.version = lambda: 0"
NO_SECCOMP = "seccomp.available = lambda: False"


@pytest.fixture
def jail_where(tmp_path: Path, monkeypatch):
    """``jail_where(what is lacking, level)``."""
    monkeypatch.syspath_prepend(tmp_path)
    plugin = write_plugin(tmp_path, "reads", "open('/etc/passwd').read()\nyield report()")
    connects = write_plugin(tmp_path, "connects", "socket.socket()\nyield report()")
    jails = []

    def jail_where(lacking: str, level: Level) -> Jail:
        (tmp_path / "lacking.py").write_text(LACKING.format(lacking))
        jails.append(
            Jail(
                limits=Limits(),
                scratch=tmp_path / "scratch",
                modules=[],
                plugins={"reads": plugin, "connects": connects},
                level=level,
                program="lacking",
            )
        )
        return jails[-1]

    yield jail_where
    for jail in jails:
        jail.close()


@pytest.mark.parametrize(("lacking", "named"), [(NO_LANDLOCK, "Landlock"), (NO_SECCOMP, "system calls")])
def test_a_kernel_that_gives_less_than_strict_is_refused(jail_where, log_file, lacking, named):
    """With a text that says what is missing and how to get it; nothing falls back by itself."""
    jail = jail_where(lacking, Level.STRICT)

    with pytest.raises(JailUnavailable, match=rf"(?s){named}.*Needed: Linux"):
        jail.convert(log_file, "unit.log", "reads", {})


def test_a_lower_level_is_given_to_those_who_ask(jail_where, log_file):
    """Without Landlock files lie open, but there still is no network."""
    jail = jail_where(NO_LANDLOCK, Level.SECCOMP)

    assert isinstance(jail.convert(log_file, "unit.log", "reads", {}), Converted)
    assert isinstance(jail.convert(log_file, "unit.log", "connects", {}), Broken)


def test_the_lowest_level_only_limits(jail_where, log_file):
    """It needs nothing from the kernel that is not always there."""
    jail = jail_where(f"{NO_LANDLOCK}; {NO_SECCOMP}", Level.LIMITS)

    assert isinstance(jail.convert(log_file, "unit.log", "connects", {}), Converted)


def test_a_domain_that_can_not_be_entered_is_noticed(jail_where, log_file):
    """A child that fails to confine itself never sees the file."""
    jail = jail_where("landlock.enter = lambda domain: 1 / 0", Level.STRICT)

    with pytest.raises(JailUnavailable, match="trial broke off"):
        jail.convert(log_file, "unit.log", "reads", {})


def test_a_plugin_that_takes_for_ever_to_compile_holds_up_nobody(jail_where, log_file, tmp_path):
    """Nested in each other, finally clauses double the work of the compiler. It is given up, and the rest goes on."""
    depth = range(19)
    tries = "".join(f"{' ' * n}try:\n{' ' * n} x()\n{' ' * n}finally:\n" for n in depth)
    jail = jail_where("zygote.COMPILING_S = 0.2", Level.STRICT)
    (tmp_path / "connects.py").write_text(f"{tries}{' ' * len(depth)}y()\n")

    slow = jail.convert(log_file, "unit.log", "connects", {})
    other = jail.convert(log_file, "unit.log", "reads", {})

    assert slow.detail.startswith("ImportError: ")  # for want of time, or with some Pythons of memory
    assert "PermissionError" in other.detail


def test_the_standing_of_this_machine(tmp_path):
    """Found by trying; every finding says what to do about it."""
    standing = levels.probe(tmp_path / "scratch")

    assert standing.level in (None, *Level)
    assert all(finding.what and finding.fix for finding in standing.findings)


def test_a_worker_can_ask_at_its_start(tmp_path):
    """Nothing is left of the jail that was built for it."""
    reached = levels.probe(tmp_path / "scratch").level
    assert reached is not None, "this machine offers no jail at all"

    levels.require(reached, tmp_path / "scratch")

    assert list((tmp_path / "scratch").iterdir()) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="about root")
def test_root_is_not_granted_threads(tmp_path, log_file):
    """The kernel does not count root's threads, so nothing would stop a bomb of them."""
    plugin = write_plugin(tmp_path, "any", "yield report()")
    with (
        Jail(
            limits=Limits(),
            scratch=tmp_path / "scratch",  # below a folder of root's own: nobody could not pass
            modules=[],
            plugins={"any": plugin},
            granted={"any": Capabilities(threads=2)},
        ) as jail,
        pytest.raises(JailUnavailable, match="as root"),
    ):
        jail.convert(log_file, "unit.log", "any", {})


@pytest.mark.skipif(os.geteuid() != 0, reason="about root")
def test_the_jail_of_root_is_nobodys(passable, tmp_path, log_file):
    """Where it can be: Python and the scratch folder are in everybody's reach, and root may change its user."""
    who = write_plugin(
        tmp_path, "who", "yield report(sn=f'{os.getresuid()} {os.getresgid()} {os.getgroups()}')"
    )
    scratch = passable / "scratch"
    with Jail(limits=Limits(), scratch=scratch, modules=[], plugins={"who": who}) as jail:
        outcome = jail.convert(log_file, "unit.log", "who", {})

    assert isinstance(outcome, Converted)
    assert json.loads(outcome.reports[0])["sn"] == f"{(identity.NOBODY,) * 3} {(identity.NOBODY,) * 3} []"
    assert list(scratch.iterdir()) == []
