"""Broken variants of good files, as the corpus makes them, and good files small enough to be broken often."""

import contextlib
import importlib.util
import io
import json
import re
import sys
import warnings
import zipfile
import zlib
from collections.abc import Callable, Mapping
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

from support import shared
from worker.claimables import unit

#: Where an APT94xx file has what the corpus breaks; its own choice is of a file that it keeps for itself.
APT94XX = {
    "sn": (rb"Serial No.:12345 - SN0001 \(FP1 - OP01\)", rb"Serial No.:%s"),
    "num": (rb'" 9\.65 KO "', rb'"%s"'),
}
#: The same in a WSXF export.
WSXF = {
    "sn": (rb'SN="FATTest-325"', rb'SN="%s"'),
    "date": (
        rb' Start="2026-01-30T22:01:41.4707353\+01:00"',
        rb' Start="%s"',
        (b"9999-12-31T23:59:59Z", b"-2026-01-30T00:00:00Z", b"2026-02-30T00:00:00Z"),
    ),
    "num": (rb'NumericValue="10"', rb'NumericValue="%s"'),
    "footer": rb"</Reports>",
}
DATABASE = {
    "sn": (rb",5551212,", rb",%s,"),
    "date": (
        rb"2023-04-18 13:08:20,MAP",
        rb"%s,MAP",
        (b"9999-12-31 00:00:00", b"-2023-04-18 13:08:20", b"2023-02-30 13:08:20"),
    ),
    "num": (rb",2\.499,", rb",%s,"),
}
PYTEST = {
    "sn": (rb'"serial_number": "SN-1"', rb'"serial_number": "%s"'),
    "date": (rb'"created": 1795381433\.0492756', rb'"created": %s', (b"1e300", b"-5", b"NaN")),
    "num": (rb'"rail_3v3": 3\.301', rb'"rail_3v3": %s'),
}
SIGMAQUEST = {
    "sn": (rb'serial-no="SN654164896"', rb'serial-no="%s"'),
    "date": (
        rb'attachments="true" start-time="2024-12-09T14:26:37\+00:00"',
        rb'attachments="true" start-time="%s"',
        (b"9999-12-31T23:59:59+00:00", b"-0001-01-01T00:00:00Z", b"2024-13-41T25:61:61Z"),
    ),
    "num": (rb">0\.0037776<", rb">%s<"),
    "footer": rb"</UnitReport>",
}
PROBES = b"""Failure type\t|Probe\t|Usage\t|Node Name\t|Device Name\t|Date/Time\t|
-------------------------------------------------------------------------------
Analog Failure\t|P17\t|1\t|GATE_A\t|tp1\t|260317081405\t|
"""
SEICA = b"""<?xml version="1.0" encoding="utf-8"?>
<R>
 <ST NM="4711_B 12" OP="op17" NMP="Main board"/>
 <BI BCP="SN-1" SD="17-03-2026 08:14:05">
  <TEST F="Resistors" NM="R1" MR="10.1" ML="9.9" MH="10.5" MU="kOhm" TR="0" TT="12"/>
  <TEST F="Resistors" NM="R2" MR="1.2" ML="0.9" MH="1.1" MU="MOhm" TR="1" TT="9"/>
  <TEST F="Power" NM="VCC" MR="5.01" ML="4.9" MH="5.1" MU="V" TR="0" TT="40"/>
 </BI>
 <ET ED="17-03-2026 08:15:00" NF="1"/>
</R>
"""
#: A table and a text of nobody's, with the mappings that tell what they mean.
TABLE = b"""Serial;Part;Start;Step;Value;Unit;Low;High;Result
SN-1;PN-1;17.03.2026 08:14:05;Rail;5,01;V;4,9;5,1;PASS
SN-1;PN-1;17.03.2026 08:14:05;LED;;;;;PASS
SN-2;PN-1;17.03.2026 08:15:11;Rail;5,21;V;4,9;5,1;FAIL
"""
TABLE_MAPPING = {
    "layout": "unit-per-group",
    "delimiter": ";",
    "decimal": ",",
    "date_format": "%d.%m.%Y %H:%M:%S",
    "fields": {"serial_number": "Serial", "part_number": "Part", "start": "Start"},
    "step": {
        "name": "Step", "value": "Value", "unit": "Unit", "low": "Low", "high": "High", "status": "Result",
    },
}  # fmt: skip
TEXT = b"""Acme tester 9
Serial: SN-1 (PN-1)
Start: 2026-03-17T08:14:05
5V rail: 5.01 V (4.9 to 5.1) PASS
LED: PASS
12V rail: 11.0 V (11.6 to 12.4) FAIL
End of test
"""
TEXT_MAPPING = {
    "fields": {
        "serial_number": r"^Serial: (\S+)",
        "part_number": r"^Serial: \S+ \((\S+)\)",
        "start": "^Start: (.+)",
    },
    "steps": [
        r"^(?P<name>[^:]+): (?P<value>\S+) (?P<unit>\S+) \((?P<low>\S+) to (?P<high>\S+)\) (?P<status>\w+)$",
        r"^(?P<name>[^:]+): (?P<status>PASS|FAIL)$",
    ],
    "ends": "^End of test$",
    "other_lines": "refuse",
    "ignore": ["^Acme"],
}


#: What a source would say of the corpus's own file, which tells nothing but its name.
TDMS_MAPPING = {
    "fields": {
        "serial_number": "name",
        "start": {"group": "Untitled", "channel": "Untitled", "property": "wf_start_time"},
    },
    "steps": [{"name": "Level", "channel": "Untitled", "take": "rms", "high": 10.0, "chart": True}],
}


def variants(
    folder: str, name: str, data: bytes, out: Path, fields: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """Write the broken variants of a good file below ``out`` and return what each must come to."""
    maker = _maker()
    corpus = shared("corpus/files")
    looks = {b"<": "xml", b"{": "json"}.get(data.lstrip(b"\xef\xbb\xbf \r\n")[:1])
    family, seed = maker.SEEDS.get(folder, (looks or "text", ""))
    if fields or (corpus / folder / name).read_bytes() != data or seed != name:
        known = maker.FIELDS.get(folder, {"sn": None, "date": None, "num": None, "footer": None})
        if looks and looks != family:  # one format, two ways to write it
            family, known = looks, {}
        maker.SEEDS[folder] = (family, name)
        maker.FIELDS[folder] = {**known, **fields}
        maker.CORPUS = out / "good"
        (maker.CORPUS / folder).mkdir(parents=True)
        (maker.CORPUS / folder / name).write_bytes(data)
    expected = _run(maker, out / "bad", "--format", folder)
    return [{**variant, "file": f"bad/{variant['file']}"} for variant in expected]


def everything(out: Path, *, big: bool = False) -> list[dict[str, Any]]:
    """Write every broken variant the corpus knows below ``out``, and return what each must come to.

    Args:
        out: A folder.
        big: Also the bombs and the lines of 200 MB, which take a while.
    """
    return _run(_maker(), out, *(["--big"] if big else []))


def _run(maker: Any, out: Path, *words: str) -> list[dict[str, Any]]:
    arguments, sys.argv = sys.argv, ["make_bad.py", str(out), *words]
    try:
        with warnings.catch_warnings(), redirect_stdout(io.StringIO()):
            # zipfile finds two members of one name strange, and the maker leaves a file to be closed by itself.
            warnings.simplefilter("ignore", UserWarning)
            warnings.simplefilter("ignore", ResourceWarning)
            maker.main()
    finally:
        sys.argv = arguments
    expected: list[dict[str, Any]] = json.loads((out / "EXPECT.json").read_text())
    return expected


def _maker() -> Any:
    """The corpus's own maker, loaded anew: it keeps what it made in its globals."""
    spec = importlib.util.spec_from_file_location("make_bad", shared("corpus/make_bad.py"))
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def unzipped(data: bytes) -> bytes:
    """What the members of an archive say; those that are damaged say nothing."""
    said = []
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for name in archive.namelist():
            with contextlib.suppress(zipfile.BadZipFile, zlib.error):
                said.append(archive.read(name))
    return b"\n".join(said)


def with_its_folder(path: Path) -> bytes:
    """A file and the folder of its stem, as the watcher makes one of them; alone it is just the file."""
    if not path.with_suffix("").is_dir():
        return path.read_bytes()
    return b"".join(unit(path.parent, path.name, path.stem).recipe.make())


def of_a_unit(data: bytes) -> bytes:
    """A run of pytest that says which unit it tested; the corpus has none."""
    return data.replace(
        b'"environment": {}', b'"environment": {"serial_number": "SN-1", "part_number": "PN-1"}'
    )


def few_rows(row: bytes, count: int) -> Callable[[bytes], bytes]:
    """Keeps the first so many lines that begin like a row, and all others."""

    def cut(data: bytes) -> bytes:
        kept, rows = [], 0
        for line in data.splitlines(keepends=True):
            rows += (is_row := re.match(row, line) is not None)
            if not is_row or rows <= count:
                kept.append(line)
        return b"".join(kept)

    return cut


def few_elements(name: bytes, count: int) -> Callable[[bytes], bytes]:
    """Keeps the first so many elements of a name, and all others."""

    def cut(data: bytes) -> bytes:
        found = list(re.finditer(rb"<%s>.*?</%s>\s*" % (name, name), data, re.DOTALL))
        return data[: found[count - 1].end()] + data[found[-1].end() :]

    return cut


def two_short_runs(data: bytes) -> bytes:
    """The first two runs of a SPEA log, with some of their rows."""
    runs = re.split(rb"(?m)^(?=FORMAT;)", data)[1:3]
    return b"".join(few_rows(rb"ANL;", 50)(run) for run in runs)


def first_block(data: bytes) -> bytes:
    """The first board of an ATDX file, with some of its rows: those that failed among them."""
    block = data[: data.find(b'#############"Main header"', 10)]
    rows = block.splitlines(keepends=True)
    return b"".join(line for number, line in enumerate(rows) if number < 60 or line.count(b";PASS;") != 1)
