"""What a converter is given: a source without a path, and options that are checked."""

import os
import tracemalloc
from pathlib import Path

import pytest
from pydantic import ValidationError

from wats_worker.converters import base
from wats_worker.converters.base import HEAD_BYTES, TAIL_BYTES, Options, Refused, Source


def test_a_source_is_read_through_its_descriptor(tmp_path: Path) -> None:
    """From the start each time, whoever else reads it, and without knowing where it lies."""
    path = tmp_path / "log.txt"
    data = bytes(range(256)) * 400
    path.write_bytes(data)
    descriptor = os.open(path, os.O_RDONLY)
    path.unlink()
    try:
        source = Source.of_descriptor(descriptor, "log.txt")
        with source.open() as first, source.open() as second:
            assert first.read(10) + second.read(10) == data[:10] * 2
            assert first.read() == data[10:]
        assert (source.read(), source.size) == (data, len(data))
        assert (source.head, source.tail) == (data[:HEAD_BYTES], data[-TAIL_BYTES:])
    finally:
        os.close(descriptor)


def test_a_file_that_is_too_large_is_refused_before_it_is_read() -> None:
    """A sparse file of ten gigabytes costs nothing."""

    def never(size: int, offset: int) -> bytes:
        raise AssertionError(f"read {size} bytes at {offset}")

    with pytest.raises(Refused, match="10000000000 bytes"):
        Source("log", never, size=10**10).read()


def test_a_small_file_costs_little_however_much_is_allowed() -> None:
    """In the jail memory is scarce."""
    source = Source.of_bytes(b"small", "log")
    tracemalloc.start()
    try:
        data = source.read(1 << 30)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert data == b"small"
    assert peak < 1 << 20


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"plain", "plain"),
        ("Größe".encode(), "Größe"),
        (b"\xef\xbb\xbfmark", "mark"),
        (b"Gr\xf6\xdfe", "Größe"),
        (b"5 \x80", "5 €"),
    ],
)
def test_text_is_utf_8_or_what_the_converter_allows(data: bytes, text: str) -> None:
    """Strictly, and never with replacements."""
    assert base.decode(data, "cp1252") == text


@pytest.mark.parametrize(
    ("data", "fallbacks"),
    [
        (b"Gr\xf6\xdfe Gr\xc3\xb6\xc3\x9fe", ("cp1252",)),  # both in one file
        (b"\xef\xbb\xbfGr\xf6\xdfe", ("cp1252",)),  # a mark that lies
        (b"Gr\xf6\xdfe", ()),
        (b"\x81\x8d", ("cp1252",)),
        (b"a\0b", ("cp1252",)),
        ("UTF-16".encode("utf-16"), ("cp1252",)),
    ],
)
def test_text_that_can_be_read_in_two_ways_or_none_is_refused(
    data: bytes, fallbacks: tuple[str, ...]
) -> None:
    """A name or a serial number would be garbled by a guess."""
    with pytest.raises(Refused):
        base.decode(data, *fallbacks)


def test_a_warning_is_given_once() -> None:
    """The same word about every line of a file helps nobody."""
    source = Source.of_bytes(b"", "log")
    for text in ("a", "b", "a"):
        source.warn(text)

    assert source.warnings == ["a", "b"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"timezone": "Moon/Crater"},
        {"timezone": "../etc/passwd"},
        {"process_code": -1},
        {"serial_number": "X"},
        {"part_number": ""},
    ],
)
def test_options_that_mean_nothing_are_refused(wrong: dict[str, object]) -> None:
    """Above all: a serial number can't be configured."""
    with pytest.raises(ValidationError):
        Options(**wrong)
