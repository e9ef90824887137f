"""What the benchmarks convert: a file of each format, and large ones that are made of their units."""

import itertools
import json
import re
import struct
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from formats import FORMATS  # noqa: E402 - what the tests know of the corpus, and what each format needs

from wats_worker.converters.base import NotReady, Refused, Source  # noqa: E402 - as above
from wats_worker.converters.registry import Converter, bundled  # noqa: E402 - as above
from wats_worker.reports import wsjf  # noqa: E402 - as above

FILES = ROOT.parent / "shared" / "corpus" / "files"
ANYBODY = {"process_code": 10, "part_number": "PN-1", "revision": "A", "timezone": "Europe/Oslo"}
#: What a table of a factory looks like, for the converter that knows no format of its own.
TABLE = {
    "layout": "unit-per-group",
    "delimiter": ";",
    "fields": {"serial_number": "Serial", "start": "Start", "part_number": "Part"},
    "step": {
        "name": "Step", "value": "Value", "unit": "Unit", "low": "Low", "high": "High", "status": "Status",
    },
    "date_format": "%Y-%m-%d %H:%M:%S",
    "statuses": {"PASS": "P", "FAIL": "F"},
}  # fmt: skip


@dataclass(frozen=True)
class Sample:
    """One file of a format."""

    converter: Converter
    name: str
    data: bytes
    options: dict[str, Any]

    def converted(self) -> list[bytes]:
        """Its reports, as they go out of the jail."""
        source = Source.of_bytes(self.data, self.name)
        options = self.converter.options.model_validate(self.options)
        return [wsjf.dump(report) for report in self.converter.convert(source, options)]


def largest(name: str) -> Sample | None:
    """The largest file of a format that becomes reports."""
    converter = bundled()[name]
    if name == "mapped-csv":
        return Sample(converter, "table.csv", written(BIG[name], 1_000_000), {**ANYBODY, **TABLE})
    own = FORMATS.get(name)
    if own is None or own.refuses or own.named:
        return None
    options = {**ANYBODY, **own.options}
    paths = {path for pattern in own.mine for path in FILES.glob(pattern)}
    for path in sorted(paths, key=lambda path: path.stat().st_size, reverse=True):
        file = path.name if own.file == "log" else own.file
        sample = Sample(converter, file, own.whole(path), options)
        try:
            if sample.converted():
                return sample
        except (Refused, NotReady):
            continue
    return None


def peak_mb() -> float:
    """The most memory that this process has held.

    Not by getrusage: what that tells begins with the memory of the process that started this one.
    """
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return round(int(status.partition("VmHWM:")[2].split()[0]) / 1024, 1)


#: A beginning, units without end, and an end.
Pieces = tuple[bytes, Iterator[bytes], bytes]


@dataclass(frozen=True)
class Big:
    """A large file of a format."""

    pieces: Callable[[], Pieces]
    options: dict[str, Any] = field(default_factory=dict)


def written(big: Big, size: int) -> bytes:
    """A file of at least so many bytes."""
    return b"".join(parts(big, size))


def parts(big: Big, size: int) -> Iterator[bytes]:
    """The same piece by piece."""
    head, units, tail = big.pieces()
    length = len(head) + len(tail)
    yield head
    while length < size:
        unit = next(units)
        length += len(unit)
        yield unit
    yield tail


def repeated(file: str, start: bytes, end: bytes, *own: bytes) -> Callable[[], Pieces]:
    """A file of the corpus with its units over and over.

    Args:
        file: The file.
        start: What its first unit begins with.
        end: What its last unit ends with.
        own: Patterns of what each unit has for itself, such as its serial number.
    """

    def pieces() -> Pieces:
        data = (FILES / file).read_bytes()
        first, last = data.index(start), data.rindex(end) + len(end)
        pattern = re.compile(b"|".join(own))
        between, found = pattern.split(data[first:last]), pattern.findall(data[first:last])
        assert found

        def unit(number: int) -> bytes:
            renamed = [b"%08x%s" % (number, text[8:]) for text in found]
            return b"".join(itertools.chain(*zip(between, [*renamed, b""], strict=True)))

        return data[:first], map(unit, itertools.count()), data[last:]

    return pieces


def table() -> Pieces:
    """Units of a hundred steps each."""

    def unit(number: int) -> bytes:
        clock = f"2026-01-{number // 1440 % 28 + 1:02} {number // 60 % 24:02}:{number % 60:02}:00"
        rows = (
            f"SN-{number:06};{clock};PN-1;Step {at};{at * 1.01:.4f};V;{at - 1};{at + 1};PASS\n"
            for at in range(100)
        )
        return "".join(rows).encode()

    return b"Serial;Start;Part;Step;Value;Unit;Low;High;Status\n", map(unit, itertools.count()), b""


def json_lines() -> Pieces:
    """A report in every line."""
    report = json.loads((FILES / "wats-wsjf-wsxf" / "uut-wsjf-export.json").read_text("utf-8-sig"))

    def unit(number: int) -> bytes:
        own = {"sn": f"{number:08}", "id": f"{number:08x}{report['id'][8:]}"}
        return json.dumps({**report, **own}).encode() + b"\n"

    return b"", map(unit, itertools.count()), b""


def json_list() -> Pieces:
    """All reports in one list, which can't be read piece by piece."""
    _, units, _ = json_lines()
    return b"[" + next(units), (b"," + unit for unit in units), b"]"


def lots() -> Pieces:
    """The parts of a lot over and over, between its beginning and its end."""
    data = (FILES / "stdf" / "lot2.stdf").read_bytes()
    head = struct.Struct("<HBB" if data[:2] == b"\x02\x00" else ">HBB")
    records = []
    at = 0
    while at < len(data):
        length, kind, sort = head.unpack_from(data, at)
        records.append(((kind, sort), data[at + 4 : at + 4 + length]))
        at += 4 + length
    kinds = [kind for kind, _ in records]
    first, last = kinds.index((5, 10)), len(kinds) - 1 - kinds[::-1].index((5, 20))

    def packed(some: list[tuple[tuple[int, int], bytes]]) -> bytes:
        return b"".join(head.pack(len(body), *kind) + body for kind, body in some)

    def lot(turn: int) -> bytes:
        """All parts, renamed: PART_ID of a PRR is a text with its length before it."""
        made = []
        for number, (kind, body) in enumerate(records[first : last + 1]):
            name = b"P%d-%d" % (turn, number)
            named = body[:17] + bytes([len(name)]) + name + body[18 + body[17] :] if kind == (5, 20) else body
            made.append((kind, named))
        return packed(made)

    return packed(records[:first]), map(lot, itertools.count()), packed(records[last + 1 :])


#: Large files, by the converter that they are for.
BIG: dict[str, Big] = {
    "mapped-csv": Big(table, TABLE),
    "spea-3030": Big(
        repeated("spea-3030-csv/testdata_SN9871234012.csv", b"START;", b"\n", rb"(?<=\nSN;)[^\n]+")
    ),
    "takaya-atdx": Big(
        repeated(
            "takaya-atdx/WO250319-0162__20250525_122655.atdx",
            b'#############"Main',
            b"\n",
            rb"(?<=Serial number : )[^\r\n]+",
        )
    ),
    "teststand-xml": Big(
        repeated(
            "teststand-xml/TSWithWats2.xml",
            b"<Report ",
            b"</Report>",
            rb"(?<=<Prop Name='SerialNumber' Type='String' Flags='0x0'>\n\t\t<Value>)[^<]+",
        )
    ),
    "atml": Big(
        repeated(
            "atml/Report_EoLT_FC[EB03240FFFF1122223001048][7][11.08.2022][09 56 36].xml",
            b"<trc:TestResults ",
            b"</trc:TestResults>",
            rb'(?<=<trc:TestResults uuid=")[^"]+',
            rb"(?<=<c:SerialNumber>)EB[^<]+",
        )
    ),
    "wats-xml": Big(
        repeated("wats-wsjf-wsxf/uut-wsxf-export.xml", b"<Report ", b"</Report>", rb'(?<=\s(?:SN|ID)=")[^"]+')
    ),
    "junit-xml": Big(
        repeated(
            "junit-xml/pytest92_bench.xml",
            b"<testsuite ",
            b"</testsuite>",
            rb'(?<=<property name="serial_number" value=")[^"]+',
        )
    ),
    "stdf": Big(lots),
    "wats-json": Big(json_lines),
    "wats-json list": Big(json_list),
    "i3070-log-record": Big(
        repeated(
            "i3070-log-record/f_6783000Z6C_050105034621ICT02631.log",
            b"{@BTEST|",
            b"\n}",
            rb"(?<={@BTEST\|)[^|]+",
        )
    ),
}
