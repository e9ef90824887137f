"""What single converters are granted, and that others don't share it."""

import json
import os
from pathlib import Path

import psutil
import pytest

from wats_worker.sandbox.errors import JailUnavailable
from wats_worker.sandbox.outcome import Converted, Fault
from wats_worker.sandbox.policy import Capabilities, Limits

READS_SIBLING = "yield report(sn=open(options.station).read())"


def serial(outcome):
    assert isinstance(outcome, Converted), outcome
    return json.loads(outcome.reports[0])["sn"]


def test_a_folder_is_readable_for_whom_it_was_granted(build, log_file, tmp_path):
    """A format of two files needs the drop folder; nobody else does, and nobody may write there."""
    drop = tmp_path / "drop"
    drop.mkdir()
    (drop / "sibling").write_text("SN-2")
    jail = build(
        reads=READS_SIBLING,
        curious=READS_SIBLING,
        writes="open(options.station, 'a')",
        granted=dict.fromkeys(("reads", "writes"), Capabilities(folders=(drop,))),
    )
    options = {"station": str(drop / "sibling")}

    assert serial(jail.convert(log_file, "unit.log", "reads", options)) == "SN-2"
    assert "PermissionError" in jail.convert(log_file, "unit.log", "curious", options).detail
    assert "PermissionError" in jail.convert(log_file, "unit.log", "writes", options).detail


def test_environment_is_granted_by_name(build, log_file):
    """A licence server's address, say; the others don't see it."""
    body = "yield report(sn=os.environ.get('LICENCE', 'none'))"
    jail = build(a=body, b=body, granted={"a": Capabilities(environment=(("LICENCE", "here"),))})

    assert serial(jail.convert(log_file, "unit.log", "a", {})) == "here"
    assert serial(jail.convert(log_file, "unit.log", "b", {})) == "none"


def test_a_library_is_loaded_before_the_files_come(build, log_file):
    """So that none of them pays for it."""
    body = "yield report(sn=str('colorsys' in sys.modules))"
    jail = build(a=body, b=body, granted={"a": Capabilities(libraries=("colorsys",))})

    assert serial(jail.convert(log_file, "unit.log", "a", {})) == "True"
    assert serial(jail.convert(log_file, "unit.log", "b", {})) == "False"


def test_limits_can_be_its_own(build, log_file):
    """A converter for large files gets more than the rest, or less."""
    jail = build(
        small="bytearray(100_000_000)",
        large="bytearray(100_000_000)\nyield report()",
        limits=Limits(memory_mb=50),
        granted={"large": Capabilities(limits=Limits(memory_mb=200))},
    )

    assert isinstance(jail.convert(log_file, "unit.log", "large", {}), Converted)
    assert jail.convert(log_file, "unit.log", "small", {}).kind is Fault.OUT_OF_MEMORY


def test_a_trusted_converter_is_only_limited(build, log_file, tmp_path):
    """It may do what the worker may, in its own process and within its limits; the others stay jailed."""
    (tmp_path / "other").write_text("SN-3")
    jail = build(
        reads=READS_SIBLING,
        spins="while True: pass",
        curious=READS_SIBLING,
        limits=Limits(cpu_s=1, wall_s=10),
        granted=dict.fromkeys(("reads", "spins"), Capabilities(trusted=True)),
    )
    options = {"station": str(tmp_path / "other")}

    assert serial(jail.convert(log_file, "unit.log", "reads", options)) == "SN-3"
    assert jail.convert(log_file, "unit.log", "spins", {}).kind is Fault.CPU_LIMIT
    assert "PermissionError" in jail.convert(log_file, "unit.log", "curious", options).detail


def test_equal_grants_share_a_zygote(build, log_file):
    """Memory is spent by need, not by the number of converters."""
    body = "yield report()"
    grants = {"a": Capabilities(environment=(("X", "1"),)), "b": Capabilities(environment=(("X", "1"),))}
    jail = build(a=body, b=body, c=body, granted=grants)
    for name in ("a", "b", "c", "honest"):
        jail.convert(log_file, "unit.log", name, {})

    zygotes = [p for p in psutil.Process().children() if "wats_worker.sandbox.zygote" in p.cmdline()]
    assert len(zygotes) == 2


def test_threads_are_refused_unless_granted(build, log_file):
    """As a user other than root; root is refused the grant itself, see the levels."""
    jail = build(threads="t = threading.Thread(target=print)\nt.start()\nt.join()\nyield report()")

    assert "RuntimeError" in jail.convert(log_file, "unit.log", "threads", {}).detail


def test_scratch_is_writable_and_empty_every_time(build, log_file, tmp_path):
    """Whatever was left there, however it was left."""
    jail = build(
        litters="""
        found = os.listdir('.')
        os.makedirs('a/b/c')
        open('a/file', 'w').write('x')
        os.chmod('a', 0)
        yield report(sn=str(found))
        """
    )

    assert serial(jail.convert(log_file, "unit.log", "litters", {})) == "[]"
    assert serial(jail.convert(log_file, "unit.log", "litters", {})) == "[]"


def test_a_trusted_converter_can_not_lock_its_scratch(build, log_file, tmp_path):
    """It can change modes for real; the owner gets in all the same."""
    jail = build(
        locks="os.makedirs('a/b')\nos.chmod('a/b', 0)\nos.chmod('a', 0)\nyield report()",
        granted={"locks": Capabilities(trusted=True)},
    )

    for _ in range(2):
        assert isinstance(jail.convert(log_file, "unit.log", "locks", {}), Converted)
    jail.close()

    assert list((tmp_path / "scratch").iterdir()) == []


def test_a_granted_folder_must_exist(build, log_file, tmp_path):
    """A typing error in the configuration would show as strange faults of the converter."""
    jail = build(granted={"honest": Capabilities(folders=(tmp_path / "missing",))})

    with pytest.raises(JailUnavailable, match="missing"):
        jail.convert(log_file, "unit.log", "honest", {})


def test_ordinary_work_is_not_disturbed(build, log_file):
    """What converters do all day: temporary files, zip, sqlite, copies with their modes, time zones, an event loop."""
    jail = build(
        works="""
        import asyncio, shutil, sqlite3, tempfile, uuid, zipfile, zoneinfo, datetime
        with tempfile.TemporaryFile() as one:
            one.write(b"x")
        with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(f"{folder}/z", "w") as archive:
            archive.writestr("a", "b")
        open("file", "w").write("x")
        shutil.copy2("file", "copy")
        __import__("pathlib").Path("touched").touch()
        with open("file") as one:
            os.fsync(one.fileno())
        with sqlite3.connect("base") as base:
            base.execute("create table t (a)")
            base.execute("insert into t values (1)")
        datetime.datetime.now(zoneinfo.ZoneInfo("Europe/Oslo"))
        uuid.uuid4()
        asyncio.run(asyncio.sleep(0))
        from lxml import etree
        etree.fromstring("<a/>")
        names = sorted(os.listdir("."))
        yield report(sn=" ".join(names))
        """
    )

    assert serial(jail.convert(log_file, "unit.log", "works", {})) == "base copy file touched"


def test_modules_of_our_own_are_loaded_by_name(log_file, tmp_path, monkeypatch):
    """As the bundled converters are: once, in the zygote."""
    from wats_worker.sandbox.jail import Jail

    (tmp_path / "ours.py").write_text(
        "from wats_worker.converters.base import Options, Refused\n"
        "from wats_worker.converters.registry import Converter\n"
        "import os\n"
        "PID = os.getpid()\n"
        "def convert(source, options):\n"
        "    raise Refused(str(os.getppid() == PID))\n"
        "def bundled():\n"
        "    return {'ours': Converter('ours', 'Ours', '1', Options, lambda *a: 0.7, convert)}\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    with Jail(limits=Limits(), scratch=tmp_path / "scratch", modules=["ours"]) as jail:
        scores = jail.probe(log_file, "unit.log", ["ours"]).scores
        outcome = jail.convert(log_file, "unit.log", "ours", {})

    assert scores == {"ours": 0.7}
    assert outcome.reason == "True"


def test_scratch_is_closed_to_others(build, log_file, tmp_path):
    """A converter may unpack a customer's data there."""
    build().convert(log_file, "unit.log", "honest", {})

    (own,) = (tmp_path / "scratch").iterdir()

    assert own.stat().st_mode & 0o077 == 0
    assert Path(own).stat().st_uid in (os.geteuid(), 65534)
