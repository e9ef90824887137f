"""Each rule is there for a reason: switch one off, and exactly its attacks get through.

Without this, a suite in which every attack fails could just as well be a suite of broken attacks.
"""

import json
from dataclasses import dataclass
from pathlib import Path

import pytest
from hostile.attacks import ACCESS, plugin_of
from hostile.host import Host
from plugins import write_plugin

from wats_worker.sandbox import landlock
from wats_worker.sandbox.errors import JailUnavailable
from wats_worker.sandbox.jail import Jail
from wats_worker.sandbox.outcome import Broken, Converted
from wats_worker.sandbox.policy import Limits

#: They look at the whole machine before and after: one at a time.
pytestmark = pytest.mark.xdist_group("hostile")

WEAKENED = """
from wats_worker.sandbox import confine, landlock, kernel, seccomp, syscalls, trial, zygote
{weakening}
{trial}
zygote.main()
"""
#: One ends the child; one takes away the folder that later attacks start from.
SKIPPED = {"processes_call_of_32_bits", "files_remove_scratch"}


@dataclass(frozen=True)
class Rule:
    """How to switch it off, and what must and what may get through then. Kernels differ in what they offer."""

    weakening: str
    must: str
    may: str = ""  #: names, and kinds for all of a kind
    never: str = ""  #: another rule still holds these
    noticed: bool = True  #: by the self-test


RULES = {
    "Landlock": Rule(
        "landlock.confine = lambda **_: None; landlock.enter = lambda domain: None",
        must="""
        files_append files_list_folder files_list_processes files_list_root
        files_list_scratch_of_others files_make_file files_make_file_beside_scratch files_make_file_in_tmp
        files_make_folder files_move_in files_move_out files_read_after_chdir files_read_as_url files_read_by_path
        files_read_command_lines files_read_maps_of_itself files_read_relative files_read_the_users
        files_read_the_neighbour_in_the_drop_folder files_read_the_project files_read_with_sqlite
        files_read_through_path_descriptor files_read_through_proc_cwd files_read_through_proc_root
        files_read_with_an_xml_entity files_read_with_raw_openat files_remove files_rename
        files_write_the_file_to_convert
        """,
        may="files",
    ),
    "the filter": Rule(
        "seccomp.load = lambda filter_: None",
        must="""
        files_change_mode_of_own_file files_file_without_a_name files_watch_folder
        files_go_past_the_cache files_keep_the_disk_busy files_leave_a_device files_take_disk_beyond_the_limit
        kernel_anonymous_file kernel_gift_pages kernel_messages kernel_semaphores kernel_shared_memory
        kernel_longer_pipe kernel_seals kernel_signals_as_file kernel_splice kernel_write_back_everything
        network_descriptors_over_a_pair network_netlink network_udp network_unix_datagram
        network_unix_datagram_from_a_pair network_unix_path
        processes_adopt processes_be_traced processes_dump processes_new_group
        processes_outlive processes_signal_through_a_descriptor processes_timer
        """,
        may="files kernel network processes",
        never="files_read_by_path files_make_file network_tcp network_unix_abstract processes_kill_zygote",
    ),
    "the filter and the child's own domain": Rule(
        "seccomp.load = lambda filter_: None; landlock.enter = lambda domain: None",
        must="processes_kill_zygote",
        may="files kernel network processes",
    ),
    "the filter of the child": Rule(
        "seccomp.inner = lambda: seccomp.Filter(default=seccomp.Action.ALLOW)",
        must="""
        network_descriptors_over_a_pair processes_clock_of_another processes_loosen_filter processes_outlive
        processes_watch_filter
        """,
        may="processes_fork processes_multiprocessing",  # a user other than root is stopped by a limit
    ),
    "no sockets": Rule(
        "syscalls.SHARED += syscalls._calls('socket socketpair connect bind listen sendto sendmsg')",
        must="""
        network_descriptors_over_a_pair network_netlink network_udp network_unix_datagram network_unix_path
        network_unix_datagram_from_a_pair network_unix_datagram_from_a_pair_with_flags
        """,
        may="network",
    ),
    "which fcntl commands": Rule(
        "syscalls.SHARED += syscalls._calls('fcntl')",
        must="""
        files_go_past_the_cache_later files_lock_a_record kernel_longer_pipe kernel_seals
        processes_signal_through_a_descriptor processes_signal_through_a_descriptor_ex
        processes_signal_through_a_folder
        """,
        may="processes_signal_through_a_lease",  # on a file of one's own
    ),
    "no open descriptors": Rule(
        "confine.os.closerange = lambda first, last: None",
        must="files_inherited_descriptors network_inherited_socket",
        noticed=False,
    ),
}


def weakened(folder: Path, weakening: str, monkeypatch: pytest.MonkeyPatch, *, trial: bool) -> str:
    """A zygote without one rule; and without its self-test, which would notice."""
    monkeypatch.syspath_prepend(folder)
    text = WEAKENED.format(weakening=weakening, trial="" if trial else "trial.ACTS = ()")
    (folder / "weakened.py").write_text(text)
    return "weakened"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "unit.log"
    path.write_text("SN-1")
    return path


@pytest.mark.parametrize("name", RULES)
def test_without_a_rule_its_attacks_get_through(
    host: Host, tmp_path: Path, source: Path, monkeypatch, name: str
):
    """Those that the rule is for, and no others."""
    rule = RULES[name]
    through = set()
    with Jail(
        limits=Limits(wall_s=3, memory_mb=64),
        scratch=tmp_path / "scratch",
        modules=[],
        plugins={"attacks": write_plugin(tmp_path, "attacks", plugin_of(ACCESS))},
        program=weakened(tmp_path, rule.weakening, monkeypatch, trial=False),
    ) as jail:
        for attack in ACCESS:
            if str(attack) not in SKIPPED:
                options = {"attack": str(attack), "host": host.targets()}
                outcome = jail.convert(source, "unit.log", "attacks", options)
                if not isinstance(outcome, Converted) or json.loads(outcome.reports[0])["sn"] == "BREACH":
                    through.add(str(attack))
                host.restore()

    must = set(rule.must.split())
    may = {str(attack) for attack in ACCESS if {attack.kind, str(attack)} & set(rule.may.split())}
    assert must - through == set()
    if landlock.version() >= 6:  # from then on it holds signals and sockets too
        assert through & set(rule.never.split()) == set()
    assert through - must - may == set()


@pytest.mark.parametrize("name", [name for name, rule in RULES.items() if rule.noticed])
def test_a_jail_without_a_rule_refuses_to_start(tmp_path: Path, source: Path, monkeypatch, name: str):
    """The self-test finds the hole before any converter does."""
    program = weakened(tmp_path, RULES[name].weakening, monkeypatch, trial=True)
    jail = Jail(limits=Limits(), scratch=tmp_path / "scratch", modules=[], program=program)

    with pytest.raises(JailUnavailable, match="the jail has holes: "):
        jail.convert(source, "unit.log", "any", {})


def test_without_limits_floods_run_on(tmp_path: Path, source: Path, monkeypatch):
    """It is the kernel's limits that end them, not luck."""
    flood = write_plugin(tmp_path, "flood", "open('f', 'wb').truncate(1 << 40)\nyield report()")
    program = weakened(tmp_path, "confine._limit = lambda what, value: None", monkeypatch, trial=True)
    shared = {"limits": Limits(scratch_mb=1), "modules": [], "plugins": {"flood": flood}}
    with (
        Jail(**shared, scratch=tmp_path / "one") as limited,
        Jail(**shared, scratch=tmp_path / "two", program=program) as unlimited,
    ):
        ended = limited.convert(source, "unit.log", "flood", {})
        ran_on = unlimited.convert(source, "unit.log", "flood", {})

    assert isinstance(ended, Broken)
    assert isinstance(ran_on, Converted)
