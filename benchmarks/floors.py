"""The bare parser of each format: what takes a file apart, and makes nothing of it.

It is the parser that a reader of the format can't do without, and the fastest there is to a reader in Python:
lxml's iterparse for XML, json, csv for whatever has its cells between separators. Where lines are no cells, a
regular expression takes them apart into the words, numbers and brackets of the format. Of STDF every record
is walked to, and the fixed part of those that hold results is unpacked. No text becomes a number, and nothing
is kept.
"""

import csv
import gzip
import io
import json
import re
import struct
import zipfile
from collections.abc import Callable

from lxml import etree

Parse = Callable[[bytes], object]


def floor_of(name: str, data: bytes) -> tuple[str, Parse]:
    """What the parser for a file of this format is called, and the parser."""
    if data.startswith(b"\x1f\x8b"):
        kind, inner = floor_of(name, gzip.decompress(data))
        return kind, lambda packed: inner(gzip.decompress(packed))
    if data.startswith(b"PK\x03\x04"):
        return "zip, " + floor_of_member(name)[0], lambda packed: in_archive(packed, floor_of_member(name)[1])
    if name in _FLOORS:
        return _FLOORS[name]
    start = data.removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    return ("lxml", parse_xml) if start == b"<" else ("json", json.loads)


def floor_of_member(name: str) -> tuple[str, Parse]:
    """The same for what is in an archive."""
    return _FLOORS.get(name, ("lxml", parse_xml))


def cells(separator: str) -> tuple[str, Parse]:
    """A parser of lines that are cells."""

    def parse(data: bytes) -> None:
        text = io.StringIO(data.decode("cp1252", "replace"), newline="")
        quoting = csv.QUOTE_NONE if separator == "\t" else csv.QUOTE_MINIMAL
        for _ in csv.reader(text, delimiter=separator, quoting=quoting):
            pass

    return "csv", parse


def tokens(pattern: str) -> tuple[str, Parse]:
    """A parser of lines that are words."""
    token = re.compile(pattern)

    def parse(data: bytes) -> None:
        for line in data.decode("cp1252", "replace").split("\n"):
            token.findall(line)

    return "re", parse


def parse_xml(data: bytes) -> None:
    for _, element in etree.iterparse(io.BytesIO(data)):
        element.clear()


def walk_stdf(data: bytes) -> None:
    order = "<" if data[:2] == b"\x02\x00" else ">"
    head = struct.Struct(f"{order}HBB")
    fixed = {
        (5, 10): struct.Struct(f"{order}BB"),
        (5, 20): struct.Struct(f"{order}BBBHHHhhI"),
        (15, 10): struct.Struct(f"{order}IBBBBf"),
        (15, 15): struct.Struct(f"{order}IBBBBHH"),
        (15, 20): struct.Struct(f"{order}IBBB"),
    }
    at = 0
    while at < len(data):
        length, kind, sort = head.unpack_from(data, at)
        results = fixed.get((kind, sort))
        if results is not None:
            results.unpack_from(data, at + 4)
        at += 4 + length


def in_archive(data: bytes, parse: Parse) -> None:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for name in archive.namelist():
            if not name.endswith("/"):
                parse(archive.read(name))


def read_tdms(data: bytes) -> None:
    from nptdms import TdmsFile  # noqa: PLC0415 - an extra: who has no such files need not have it

    for group in TdmsFile.read(io.BytesIO(data)).groups():
        for channel in group.channels():
            channel[:]


#: Of everything but JSON and XML.
_FLOORS: dict[str, tuple[str, Parse]] = {
    "i3070-log-record": tokens(r"[{}]|[|\\~]?[^{}|\\~]*"),
    "agilent-report-txt": tokens(r"\S+"),
    "i3070-text-report": cells("\t"),
    "teradyne-spectrum": tokens(r'[()]|"[^"]*"|[^\s()"]+'),
    "teradyne-gr228x": tokens(r"[^\s=(),]+|[=(),]"),
    "tri-ict": cells(","),
    "spea-3030": cells(";"),
    "takaya-atd": cells("\t"),
    "takaya-apt94xx": tokens(r'"[^"]*"|\S+'),
    "takaya-atdx": cells(";"),
    "mapped-csv": cells(";"),
    "devkit-csv": cells(";"),
    "teststand-db-csv": cells(","),
    "litepoint-iqdvt-csv": cells(","),
    "listen-soundcheck": cells("\t"),
    "klippel": cells("\t"),
    "stdf": ("struct", walk_stdf),
    "tdms": ("npTDMS", read_tdms),
}
