"""How a TDMS file is put together, before anything in it is believed.

4 bytes   TDSm
4 bytes   what the segment has, a bit each; also in which order the bytes of all else stand
4 bytes   version, 4712 or 4713
8 bytes   how far it is to the next segment, from behind these 28 bytes
8 bytes   how far it is to the values
…         names, properties, values
"""

import hashlib
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final

from wats_worker.converters.base import NotReady, Refused, Source

MARK: Final = b"TDSm"
INDEX: Final = b"TDSh"
_HEADER: Final = 28
_VERSIONS: Final = frozenset({4712, 4713})
_BIG_ENDIAN: Final = 1 << 6
_NEVER_CLOSED: Final = 0xFFFFFFFFFFFFFFFF
_SLICE: Final = 1 << 20


@dataclass(frozen=True)
class Segment:
    """Where one begins and ends."""

    start: int
    stop: int


def check(source: Source) -> None:
    """See that the segments make up the file, one after the other and to its end.

    Raises:
        Refused: it is an index without its data, of another version, damaged, or two copies of one file.
        NotReady: its end is missing.
    """
    if source.head.startswith(INDEX):
        raise Refused("it is only the index of a TDMS file; the data is in the file of the same name")
    with source.open() as stream:
        segments = list(_segments(stream, source.size))
        if _is_double(stream, segments):
            raise Refused(
                "the same segments stand in the file twice",
                place=f"byte {segments[len(segments) // 2].start}",
            )


def _segments(stream: BinaryIO, size: int) -> Iterator[Segment]:
    start = 0
    while start < size:
        place = f"byte {start}"
        stream.seek(start)
        header = stream.read(_HEADER)
        if not header.startswith(MARK[: len(header)]):
            raise Refused("no segment where one should begin", place=place)
        if len(header) < _HEADER:
            raise NotReady(f"the segment at {place} is not complete")
        contents = int.from_bytes(header[4:8], "little")
        version, length, values = struct.unpack_from(
            f"{'>' if contents & _BIG_ENDIAN else '<'}IQQ", header, 8
        )
        if version not in _VERSIONS:
            raise Refused(f"a TDMS of the unknown version {version}", place=place)
        if length == _NEVER_CLOSED:
            raise Refused("the program that wrote it ended before it closed the file", place=place)
        stop = start + _HEADER + length
        if values > length:
            raise Refused("a segment whose values lie outside of it", place=place)
        if stop > size:
            raise NotReady(f"the segment at {place} is not complete")
        yield Segment(start, stop)
        start = stop


def _is_double(stream: BinaryIO, segments: list[Segment]) -> bool:
    """Whether the second half of the segments is the first one again, to the last byte."""
    half, odd = divmod(len(segments), 2)
    if odd or not half:
        return False
    first, second = segments[:half], segments[half:]
    if [one.stop - one.start for one in first] != [one.stop - one.start for one in second]:
        return False
    middle = second[0].start
    return _digest(stream, 0, middle) == _digest(stream, middle, middle)


def _digest(stream: BinaryIO, start: int, size: int) -> bytes:
    stream.seek(start)
    digest = hashlib.blake2b()
    while size and (part := stream.read(min(size, _SLICE))):
        digest.update(part)
        size -= len(part)
    return digest.digest()
