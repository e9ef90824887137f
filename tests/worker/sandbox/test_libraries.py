"""What converters are written with works in the jail: libraries, threads where granted, printing, large reports."""

import json

import pytest
from plugins import write_plugin

from wats_worker.sandbox.jail import Jail
from wats_worker.sandbox.outcome import Converted, Refusal
from wats_worker.sandbox.policy import Capabilities, Limits

WORK = {
    "lxml": """
        from lxml import etree
        tree = etree.fromstring(b"<a><b n='1'/></a>", etree.XMLParser(resolve_entities=False, no_network=True))
        raise Refused(tree.find("b").get("n"))
    """,
    "zipfile": """
        import io, zipfile
        with zipfile.ZipFile("scratch.zip", "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("log.txt", "1")
        raise Refused(zipfile.ZipFile("scratch.zip").read("log.txt").decode())
    """,
    "sqlite3": """
        import sqlite3
        with sqlite3.connect("scratch.sqlite") as base:
            base.execute("pragma journal_mode=wal")
            base.execute("create table steps (value)")
            base.executemany("insert into steps values (?)", [(n,) for n in range(1000)])
        raise Refused(str(base.execute("select count(*) - 999 from steps").fetchone()[0]))
    """,
    "zoneinfo": """
        from datetime import datetime
        from zoneinfo import ZoneInfo
        moment = datetime(2026, 7, 1, tzinfo=ZoneInfo("Europe/Oslo"))
        raise Refused(str(moment.utcoffset().seconds // 7200))
    """,
    "standard": """
        import base64, csv, decimal, gzip, hashlib, html, io, struct, tarfile, tempfile, uuid, xml.sax.saxutils
        with tempfile.TemporaryDirectory() as folder, open(f"{folder}/a.csv", "w") as target:
            csv.writer(target).writerow([decimal.Decimal("1.0"), hashlib.md5(b"").hexdigest()])
        with tarfile.open("a.tar.gz", "w:gz") as archive:
            archive.addfile(tarfile.TarInfo("empty"))
        raise Refused(str(len(tarfile.open("a.tar.gz").getnames())))
    """,
}  # fmt: skip


@pytest.mark.parametrize("library", WORK)
def test_a_library_works(build, log_file, library):
    """As it would anywhere else."""
    outcome = build(any=WORK[library]).convert(log_file, "unit.log", "any", {})

    assert isinstance(outcome, Refusal), outcome
    assert outcome.reason == "1"


@pytest.mark.parametrize(
    "granted", [Capabilities(), Capabilities(libraries=("numpy",))], ids=["lazy", "preloaded"]
)
def test_numpy_works(build, log_file, granted):
    """Arithmetic, linear algebra, reading a table; loaded beforehand no file pays for the import."""
    body = """
    import io, numpy
    table = numpy.loadtxt(io.StringIO("1 2\\n3 4"))
    assert numpy.allclose(numpy.linalg.inv(table) @ table, numpy.eye(2))
    assert numpy.fft.rfft(numpy.ones(64)).real[0] == 64
    yield report(sn=str(int(table.sum())))
    """
    jail = build(any=body, granted={"any": granted})

    outcomes = [jail.convert(log_file, "unit.log", "any", {}) for _ in range(3)]

    assert all(isinstance(one, Converted) for one in outcomes), outcomes
    assert {json.loads(one.reports[0])["sn"] for one in outcomes} == {"10"}


def test_threads_work_where_they_are_granted(passable):
    """So many, and the tools that are built on them."""
    body = """
    from concurrent.futures import ThreadPoolExecutor
    with ThreadPoolExecutor(4) as pool:
        parts = list(pool.map(lambda n: n * n, range(10)))
    yield report(sn=str(sum(parts)))
    """
    log_file = passable / "unit.log"
    log_file.write_bytes(b"SN-1")
    plugin = write_plugin(passable, "any", body)
    with Jail(
        limits=Limits(),
        scratch=passable / "scratch",
        modules=[],
        plugins={"any": plugin},
        granted={"any": Capabilities(threads=4)},
    ) as jail:
        outcome = jail.convert(log_file, "unit.log", "any", {})

    assert isinstance(outcome, Converted), outcome
    assert json.loads(outcome.reports[0])["sn"] == "285"


def test_printing_does_no_harm(build, log_file):
    """A megabyte of it, from Python and from C, before and after a report."""
    body = """
    print("x" * 100_000)
    yield report(sn="A")
    os.write(1, b"y" * 1_000_000)
    print("z" * 100_000, file=sys.stderr, flush=True)
    """

    outcome = build(any=body).convert(log_file, "unit.log", "any", {})

    assert isinstance(outcome, Converted)
    assert [json.loads(one)["sn"] for one in outcome.reports] == ["A"]


def test_a_large_report_does_no_harm(build, log_file):
    """Ten megabytes of steps arrive whole."""
    body = """
    step = {"group": "M", "stepType": "Action", "name": "S", "status": "P", "reportText": "t" * 90_000}
    root = REPORT["root"] | {"steps": [step] * 120}
    yield report(root=root)
    """

    outcome = build(any=body).convert(log_file, "unit.log", "any", {})

    assert isinstance(outcome, Converted), outcome
    assert len(outcome.reports[0]) > 10_000_000
    assert len(json.loads(outcome.reports[0])["root"]["steps"]) == 120
