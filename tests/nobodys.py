"""Files that are nobody's: prose, noise, and what other programs write. Whoever claims one of them is wrong."""

import gzip
import io
import json
import random
import sqlite3
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

from support import ROOT

_PROSE = """Dear all,

the serial number of the unit that failed on Tuesday (SN 4711-08) could not be read, the start of the test was
at 08:14:05 on 2026-03-17, and the operator says that the result was PASS. Please look at the log file, the
report and the limits (4.9 V to 5.1 V). END

| step   | value | unit | low | high | status |
|--------|-------|------|-----|------|--------|
| 5V     | 5.01  | V    | 4.9 | 5.1  | PASS   |

Kind regards
"""
_GERMAN = (
    "Prüfprotokoll der Baugruppe: Seriennummer 4711, Datum 17.03.2026, Ergebnis bestanden. Grüße aus Köln.\n"
)
_CHINESE = "测试报告：序列号 4711，日期 2026-03-17，结果：合格。\n"
_MAIL = "From: a@plant.example\nTo: b@plant.example\nSubject: Test report\nDate: Tue, 17 Mar 2026 08:14:05 +0100\n\n"
_SYSLOG = "".join(
    f"Mar 17 08:14:{second:02} fct-1 kernel: [{second}.123456] usb 1-1: new device, SerialNumber: {second}\n"
    for second in range(60)
)
_PEOPLE = "Name,Department,Date,Result\nAnna,ICT,2026-03-17,PASS\nBob,FCT,2026-03-18,FAIL\n"
_PRICES = "Part number;Price;Unit\n4711;1,20;EUR\n4712;3,40;EUR\n"
_INI = "[Report]\nSerialNumber=4711\nStart=2026-03-17T08:14:05\nResult=PASS\n[Steps]\nV5=5.01\n"
_YAML = "serial_number: 4711\nstart: 2026-03-17T08:14:05\nsteps:\n  - name: 5V\n    value: 5.01\n    status: PASS\n"
_POM = """<?xml version="1.0" encoding="UTF-8"?>
<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion><artifactId>test</artifactId>
<reports><report>SerialNumber</report></reports></project>
"""
_SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"><text>Report Passed</text></svg>\n'
_PAGE = (
    "<!DOCTYPE html>\n<html><head><title>Test report</title></head><body>UUT Report: Passed</body></html>\n"
)
_PACKAGE = {"name": "report", "version": "1.0.0", "start": "node", "results": [{"status": "passed"}]}


def samples() -> Iterator[tuple[str, bytes]]:
    """Each by a name to be known by in a failure."""
    texts = {
        "prose": _PROSE, "german": _GERMAN, "chinese": _CHINESE, "mail": _MAIL + _PROSE, "syslog": _SYSLOG,
        "people": _PEOPLE, "prices": _PRICES, "ini": _INI, "yaml": _YAML, "pom": _POM, "svg": _SVG, "page": _PAGE,
        "package": json.dumps(_PACKAGE), "list": json.dumps([_PACKAGE]), "a number": "42\n", "a line": "x" * 10**5,
        "blanks": " \r\n\t" * 100, "commas": ",;\t|" * 1000, "braces": "{" * 1000 + "}" * 1000,
        "tags": "<a>" * 1000, "digits": "1\n" * 1000,
    }  # fmt: skip
    for name, text in texts.items():
        yield name, text.encode()
        yield f"{name}, with a mark", b"\xef\xbb\xbf" + text.encode()
        yield f"{name} in UTF-16", text.encode("utf-16")
        yield f"{name} with DOS line ends", text.replace("\n", "\r\n").encode()
    yield "german, cp1252", _GERMAN.encode("cp1252")
    yield from _binaries()
    yield from _of_the_project()


def _binaries() -> Iterator[tuple[str, bytes]]:
    chance = random.Random(4711)
    for size in (1, 4, 16, 512, 512 * 7, 70_000):
        yield f"{size} bytes of noise", chance.randbytes(size)
    yield "zeros", bytes(5000)
    yield "picture", b"\x89PNG\r\n\x1a\n" + bytes(512)
    yield "photo", b"\xff\xd8\xff\xe0\x00\x10JFIF" + chance.randbytes(2000)
    yield (
        "document",
        b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj <</Title (Test report)>> endobj\n" + chance.randbytes(2000),
    )
    yield "program", Path(sys.executable).read_bytes()[:70_000]
    yield "packed prose", gzip.compress(_PROSE.encode())
    for name in ("word/document.xml", "xl/workbook.xml", "META-INF/MANIFEST.MF", "report.txt"):
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr(name, _PROSE)
        yield f"archive of {name}", packed.getvalue()
    with tempfile.TemporaryDirectory() as folder:
        database = Path(folder) / "a.sqlite"
        with sqlite3.connect(database) as connection:
            connection.execute("CREATE TABLE report (serial TEXT, start TEXT, result TEXT)")
        connection.close()
        yield "database", database.read_bytes()


def _of_the_project() -> Iterator[tuple[str, bytes]]:
    for pattern in (
        "*.md",
        "docs/**/*.md",
        "*.toml",
        "Makefile",
        "LICENSE",
        "wats_*/**/*.py",
        "wats_broker/lua/**/*.lua",
    ):
        for path in sorted(ROOT.glob(pattern)):
            yield str(path.relative_to(ROOT)), path.read_bytes()
