"""The first walk through a file, before any report is made.

Some of what reports need stands behind the parts: the names of bins, and often those of tests. This walk also
finds the files that are not closed yet, or are damaged.
"""

from collections.abc import Iterator
from typing import Final

from wats_worker.converters.base import Refused
from wats_worker.converters.stdf import records
from wats_worker.converters.stdf.facts import READERS, lot_of
from wats_worker.converters.stdf.lot import Lot
from wats_worker.converters.stdf.records import Cut, Fields, Record, Walk

_FIRST: Final = frozenset({records.ATR, records.VUR})
_OF_PARTS: Final = records.OTHERS | {
    records.PIR,
    records.PTR,
    records.MPR,
    records.FTR,
    records.BPS,
    records.EPS,
    records.GDR,
    records.WIR,
    records.WRR,
}


class Unclosed(Exception):
    """The file has no MRR, the record that closes it."""


def survey(walk: Walk, order: str) -> Lot:
    """Walk through the whole file.

    Raises:
        Refused: it is no complete STDF of version 4, or its records are not in an order that makes sense.
        Cut: its last record is not complete.
        Unclosed: it has no end.
    """
    rest = iter(walk)
    _file_attributes(next(rest), order)
    lot = _lot(rest, order, walk)
    closed = False
    try:
        for record in rest:
            kind = record[0]
            if closed:
                raise Refused("a record behind the last one, the MRR", place=walk.place(record[2]))
            if kind == records.PRR:
                lot.parts += 1
            elif kind in READERS:
                READERS[kind](lot, Fields.of(record, order, walk))
            elif kind == records.MRR:
                closed = True
            elif kind not in _OF_PARTS:
                _look_at_stranger(kind, walk.place(record[2]))
    except Cut as cut:
        if closed:
            raise Refused(f"bytes behind the last record, the MRR: {cut}") from None
        raise
    if not closed:
        raise Unclosed
    return lot


def _file_attributes(record: Record, order: str) -> None:
    _, buffer, start, stop = record
    cpu, version = buffer[start:stop]
    if version != 4:
        raise Refused(f"STDF of version {version}; version 4 is read", place="byte 5", field="STDF_VER")
    # 0 is a DEC VAX, which has the order of 2 and floats of its own; 1 a Sun, big-endian; 2 a PC.
    if cpu == 0:
        raise Refused(
            "numbers as a DEC VAX writes them, which nobody reads", place="byte 4", field="CPU_TYPE"
        )
    if (cpu == 1) != (order == ">"):
        raise Refused(
            f"the processor's type is {cpu}, and the bytes stand in the other order",
            place="byte 4",
            field="CPU_TYPE",
        )


def _lot(rest: Iterator[Record], order: str, walk: Walk) -> Lot:
    """The facts of the MIR, the first record but for those about the file itself."""
    for record in rest:
        if record[0] in _FIRST:
            continue
        if record[0] != records.MIR:
            raise Refused(
                "another record stands where the MIR should be", place=walk.place(record[2]), field="MIR"
            )
        return lot_of(Fields.of(record, order, walk).need(15), order)
    raise Unclosed


def _look_at_stranger(kind: bytes, place: str) -> None:
    """Pass over what a maker has added. What else is unknown is damage."""
    if kind == records.STR:
        raise Refused("the results of a scan test, which are not read", place=place, field="STR")
    if kind[0] < records.OWN:
        raise Refused(f"a record of the unknown kind {kind[0]}/{kind[1]}", place=place)
