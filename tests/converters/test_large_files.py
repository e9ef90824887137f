"""A file may be of any size as long as its units are not: memory holds one of them."""

import itertools
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from support import shared

from wats_worker.converters.base import READ_LIMIT, Refused, Source
from wats_worker.converters.i3070_log.records import Lines
from wats_worker.converters.registry import bundled

SIZE = 14 * 2**20
#: What may be held besides: blocks that are read, a unit or two, and what the allocator keeps.
ROOM = 7 * 2**20

TABLE: dict[str, Any] = {
    "layout": "unit-per-group",
    "fields": {"serial_number": "Serial", "start": "Start"},
    "step": {"name": "Step", "value": "Value", "text": "Text"},
    "date_format": "%Y-%m-%d %H:%M:%S",
    "part_number": "PN-1",
}


def table() -> Iterator[bytes]:
    """Units of few rows with long texts: the rows are what takes time."""
    yield b"Serial,Start,Step,Value,Text\n"
    for number in itertools.count():
        rows = (f"SN-{number},2026-01-02 03:04:05,Step {row},{row},{'x' * 2000}\n" for row in range(20))
        yield "".join(rows).encode()


def sequences() -> Iterator[bytes]:
    text = shared("corpus/files/teststand-xml/TSWithWats2.xml").read_bytes()
    start, end = text.index(b"<Report "), text.rindex(b"</Report>") + len(b"</Report>")
    serial = re.search(rb"Name='SerialNumber'[^>]*>\s*<Value>", text)
    assert serial is not None
    yield text[:start]
    for number in itertools.count():
        yield text[start : serial.end()] + b"%d-" % number + text[serial.end() : end]


def wsjf() -> Iterator[bytes]:
    report = json.loads(shared("wats/examples/uut_rich.json").read_text())
    for number in itertools.count():
        yield json.dumps({**report, "id": None, "sn": f"SN-{number}"}).encode() + b"\n"


def write(path: Path, pieces: Iterator[bytes], end: bytes) -> None:
    with path.open("wb") as file:
        for piece in pieces:
            file.write(piece)
            if file.tell() > SIZE:
                break
        file.write(end)


@pytest.mark.parametrize(
    ("name", "pieces", "end", "options"),
    [
        ("mapped-csv", table, b"", TABLE),
        ("teststand-xml", sequences, b"</Reports>", {}),
        ("wats-json", wsjf, b"", {}),
    ],
)
def test_a_large_file_takes_the_room_of_one_unit(
    tmp_path: Path, name: str, pieces: Any, end: bytes, options: dict[str, Any]
) -> None:
    """Nothing of a report is kept once the next one is asked for."""
    write(tmp_path / "large", pieces(), end)
    chosen, process = bundled()[name], psutil.Process()
    given = chosen.options(process_code=10, timezone="Europe/Oslo", **options)

    with (tmp_path / "large").open("rb") as file:
        reports = iter(chosen.convert(Source.of_descriptor(file.fileno(), "large"), given))
        for _ in itertools.islice(reports, 100):
            pass
        before = process.memory_info().rss
        count, most = 100, before
        for _ in reports:
            count += 1
            if count % 20 == 0:
                most = max(most, process.memory_info().rss)

    assert count > 200
    assert most - before < ROOM


def test_a_line_is_found_as_if_it_were_counted_from_the_beginning() -> None:
    """It is counted in blocks: thousands of boards in one log each ask for theirs."""
    text = "{@BTEST|\n}\n\n" * 5000
    lines = Lines(text)

    for at in range(0, len(text), 777):
        assert lines.number(at) == text.count("\n", 0, at) + 1


def test_what_is_one_document_is_refused_by_its_size() -> None:
    """Before it is read: a reader that needs all of it at once would fail somewhere on its way."""
    chosen = bundled()["openhtf-json"]
    source = Source("log", lambda size, _: b"{"[:size], size=READ_LIMIT + 1)

    with pytest.raises(Refused, match="in one piece") as refused:
        list(chosen.convert(source, chosen.options()))

    assert refused.value.fix
