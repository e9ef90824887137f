"""STDF V4, the standard log of testers for integrated circuits: a lot in a file, a report for each part.

    FAR  MIR  SDR PMR …                 the file, the lot, the equipment, the pins
    PIR  PTR FTR MPR … PRR              a part: it begins, its tests, its bins and its verdict
    TSR HBR SBR PCR  MRR                summaries, and the end

Parts on several sites are tested at once, and their records interleave. What the first result of a test
says (name, unit, limits) holds for those behind it that leave it out. Values are stored in the unit that is
named; the scales beside them are for displays. Test numbers stand in the steps' texts.

Files packed with gzip, bzip2 or zip are looked into. They are read as a stream, twice, because the names of
bins and tests stand at the end: half a gigabyte takes some 60 MB. The reports of so large a file are several
times its size; see ``output_mb`` and ``wall_s`` of the converter.

Not read: scan test results (STR of V4-2007), and floats of a DEC VAX. Records of the makers' own types are
passed over. All parts begin when the lot does, as nothing else is known; further runs of a part are told
apart by milliseconds.
"""

from collections.abc import Iterable, Iterator
from typing import Final

from wats_worker.converters import base
from wats_worker.converters.base import NotReady, Refused, Source
from wats_worker.converters.finish import finish, once
from wats_worker.converters.packed import Packed, beginning
from wats_worker.converters.stdf import records
from wats_worker.converters.stdf.document import Documents, Naming
from wats_worker.converters.stdf.lot import Lot
from wats_worker.converters.stdf.parts import Assembly
from wats_worker.converters.stdf.records import Cut, Walk
from wats_worker.converters.stdf.survey import Unclosed, survey
from wats_worker.reports.model import Report

__all__ = ["NAME", "TITLE", "VERSION", "Options", "convert", "probe"]

NAME: Final = "stdf"
TITLE: Final = "STDF V4"
VERSION: Final = "1.0"
#: What becomes what, for the page about formats.
MAPPING: Final = {
    "serial number": "PRR PART_ID, else PART_TXT; see `serial_number`",
    "part number, revision": "MIR PART_TYP; DSGN_REV, else JOB_REV",
    "process": "MIR TEST_COD, a name",
    "start, time": "MIR START_T, in UTC; PRR TEST_T",
    "result": "PRR PART_FLG: failed, abnormal end; where it gives none, that of the bin, then of the tests",
    "station, location, operator": "MIR NODE_NAM, FACIL_ID, OPER_NAM",
    "purpose": "MIR MODE_COD",
    "program": "MIR JOB_NAM, JOB_REV",
    "batch, socket, fixture": "MIR LOT_ID, SITE_NUM, the DIB or load board of SDR",
    "misc infos": "bins with their names (HBR, SBR), place on the wafer, wafer, equipment, the rest of MIR",
    "steps": "PTR a number, FTR a verdict, MPR a number per pin or condition; BPS and EPS make sequences",
    "status of a step": "TEST_FLG",
    "limits": "LO_LIMIT and HI_LIMIT, as far as OPT_FLAG says that there are any",
    "texts": "DTR and GDR within one part",
}


class Options(base.Options):
    """What may be different at one source of STDF files."""

    #: What a serial number is made of: the part's own id, or its text where it has none; the same behind the
    #: lot, for ids that are counted anew in each lot; the lot, the wafer and the place on it.
    serial_number: Naming = "part"


def probe(head: bytes, tail: bytes, name: str) -> float:  # noqa: ARG001 - the content decides, not the name
    """0.98 for the first record; looks into packed files, as far as the head of one allows."""
    return 0.98 if records.order_of(beginning(head, 6)) else 0.0


def convert(source: Source, options: base.Options) -> Iterable[Report]:
    """A report for each part, in the order in which they were finished."""
    if not isinstance(options, Options):
        options = Options(**options.model_dump())
    return once(_reports(source, options))


def _reports(source: Source, options: Options) -> Iterator[Report]:
    packed = Packed(source)
    lot = _survey(packed, source)
    if not lot.parts:
        raise Refused("no part in the file", field="PRR")
    if lot.counted is not None and lot.counted != lot.parts:
        source.warn(f"{lot.parts} parts in the file, and the tester counted {lot.counted}")
    documents = Documents(lot, source, options, options.serial_number)
    with packed.open() as stream:
        for part, end, place in Assembly(lot, Walk(stream, lot.order)):
            yield finish(documents.of(part, end), source, options, place=place)


def _survey(packed: Packed, source: Source) -> Lot:
    with packed.open() as stream:
        order = records.order_of(stream.read(6))
    if order is None:
        raise Refused("the first record is no FAR", place="byte 0", field="FAR")
    try:
        with packed.open() as stream:
            return survey(Walk(stream, order), order)
    except (Cut, Unclosed) as error:
        if packed.is_packed or records.ends(source.tail, order):
            # It will not grow any more.
            raise Refused(str(error) or "the last record, the MRR, is missing", field="MRR") from None
        raise NotReady("the last record, the MRR, is not there yet") from None
