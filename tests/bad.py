"""Broken variants of good files, as the corpus makes them, and good files small enough to be broken often."""

import importlib.util
import io
import json
import re
import sys
import warnings
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from support import shared

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
    arguments, sys.argv = sys.argv, ["make_bad.py", str(out / "bad"), "--format", folder]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # zipfile finds two members of one name strange
            maker.main()
    finally:
        sys.argv = arguments
    expected: list[dict[str, Any]] = json.loads((out / "bad" / "EXPECT.json").read_text())
    return [{**variant, "file": f"bad/{variant['file']}"} for variant in expected]


def _maker() -> Any:
    """The corpus's own maker, loaded anew: it keeps what it made in its globals."""
    spec = importlib.util.spec_from_file_location("make_bad", shared("corpus/make_bad.py"))
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def unzipped(data: bytes) -> bytes:
    """What the members of an archive say."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return b"\n".join(archive.read(name) for name in archive.namelist())


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


def two_short_runs(data: bytes) -> bytes:
    """The first two runs of a SPEA log, with some of their rows."""
    runs = re.split(rb"(?m)^(?=FORMAT;)", data)[1:3]
    return b"".join(few_rows(rb"ANL;", 50)(run) for run in runs)


def first_block(data: bytes) -> bytes:
    """The first board of an ATDX file, with some of its rows: those that failed among them."""
    block = data[: data.find(b'#############"Main header"', 10)]
    rows = block.splitlines(keepends=True)
    return b"".join(line for number, line in enumerate(rows) if number < 60 or line.count(b";PASS;") != 1)
