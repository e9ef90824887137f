"""Converters that attack, lie and flood, each in a real child of a real jail.

After each of them the host is as it was, no process is left over, and the next file converts.
"""

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hostile import family
from hostile.attacks import ACCESS, Attack, plugin_of
from hostile.floods import FLOODS
from hostile.host import Host
from hostile.lies import LIES
from plugins import write_plugin

from wats_worker.sandbox.jail import Jail
from wats_worker.sandbox.outcome import Broken, Converted, Outcome
from wats_worker.sandbox.policy import Limits

#: They look at the whole machine before and after: one at a time.
pytestmark = pytest.mark.xdist_group("hostile")

TIGHT = Limits(
    wall_s=1.5,
    cpu_s=1,
    memory_mb=64,
    output_mb=2,
    log_kb=16,
    scratch_mb=2,
    scratch_entries=200,
    reports=50,
    report_mb=1,
    report_values=4000,
)
#: What can't be answered any more: the kernel ends a process that uses the calls of another architecture.
KILLED = {"call_of_32_bits"}


@pytest.fixture(scope="module")
def source(host: Host) -> Path:
    path = host.neighbour.with_name("unit.log")
    path.write_text("SN-1")
    return path


@pytest.fixture(scope="module")
def scratch() -> Iterator[Path]:
    """Where everybody may pass, so that the jail of root becomes nobody if it may."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o711)
        yield Path(folder) / "jails"


@pytest.fixture(scope="module")
def jail(host: Host, scratch: Path, tmp_path_factory: pytest.TempPathFactory):
    """After the host: every process that is below us from now on is the jail's."""
    folder = tmp_path_factory.mktemp("plugins")
    plugins = {"attacks": write_plugin(folder, "attacks", plugin_of(ACCESS))}
    plugins |= {name: write_plugin(folder, name, body) for name, (body, _) in (FLOODS | LIES).items()}
    plugins["honest"] = write_plugin(folder, "honest", "yield report(sn=source.head.decode())")
    with family.adopting(), Jail(limits=TIGHT, scratch=scratch, modules=[], plugins=plugins) as jail:
        yield jail


@pytest.fixture(autouse=True)
def host_is_well(host: Host, jail: Jail, source: Path):
    """The same for all: what must hold after every attack."""
    yield
    after = jail.convert(source, "unit.log", "honest", {})

    assert isinstance(after, Converted)
    assert json.loads(after.reports[0])["sn"] == "SN-1"
    assert host.state() == host.before
    assert family.strays(zygotes(jail), host.bystanders) == set()
    assert jail_folder_is_empty(jail)


def zygotes(jail: Jail) -> list[int]:
    return [cell._zygote._process.pid for cell in jail._cells.values()]


def jail_folder_is_empty(jail: Jail) -> bool:
    return not any(any(folder.iterdir()) for folder in jail._setup.scratch.iterdir())


def ending(outcome: Outcome) -> str:
    return str(outcome.kind) if isinstance(outcome, Broken) else type(outcome).__name__


@pytest.mark.parametrize("attack", ACCESS, ids=str)
def test_an_attack_is_held(jail: Jail, host: Host, source: Path, attack: Attack):
    """The kernel refuses it; the converter is told so and may go on."""
    outcome = jail.convert(source, "unit.log", "attacks", {"attack": str(attack), "host": host.targets()})

    if attack.name in KILLED:
        assert ending(outcome) == "crashed"
        assert "SIGSYS" in outcome.detail
    else:
        assert isinstance(outcome, Converted), outcome
        assert json.loads(outcome.reports[0])["sn"] == "held"


@pytest.mark.parametrize("name", LIES)
def test_a_lie_is_not_believed(jail: Jail, source: Path, name: str):
    """Nothing a child writes or sends makes its owner stumble."""
    outcome = jail.convert(source, "unit.log", name, {})

    assert ending(outcome) == LIES[name][1], outcome
    assert str(outcome).encode()  # no half letters: whoever logs or stores it would stumble
    assert "\x1b" not in getattr(outcome, "reason", "")  # nor what a terminal would obey


@pytest.mark.parametrize("name", FLOODS)
def test_a_flood_is_dammed(jail: Jail, source: Path, name: str):
    """A converter that uses more than it is granted is ended for it, soon, and named for it."""
    outcome = jail.convert(source, "unit.log", name, {})

    assert ending(outcome).lower() in FLOODS[name][1], outcome
    assert outcome.usage.wall_s < 3
    assert len(outcome.stderr if isinstance(outcome, Broken) else b"") < 64 * 1024
