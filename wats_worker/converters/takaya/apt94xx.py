"""TAKAYA APT94xx: the frame of ``blocks``, and in it rows without a heading, their texts in quotes.

    000007 "R12 " "10KO " "RES " 81   82   "10.00 KO " " 9.91 KO " "........" +5% -5% "PASS " … "**"

The line of the serial number also has who tested, in brackets: ``Serial No.:SN-1 (FP2 - op17)``. A
file may hold two blocks, one for each side of the board.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Final, Literal

from wats_worker.converters import base
from wats_worker.converters.base import Refused, Source
from wats_worker.converters.finish import finish, once
from wats_worker.converters.scale import split
from wats_worker.converters.starts import DateOrder, Told
from wats_worker.converters.takaya.blocks import HEAD, Group, document, groups, tested
from wats_worker.converters.takaya.probing import Probing, Reading, reading
from wats_worker.converters.texts import shown
from wats_worker.reports.model import Report

NAME: Final = "takaya-apt94xx"
TITLE: Final = "TAKAYA flying probe APT94xx (ATD)"
VERSION: Final = "1.0"
#: What becomes what, for the page about formats.
MAPPING: Final = {
    "serial number, socket": "Serial No. of the group without its brackets, the group's number",
    "part number": "Model, without the ending of the program's file",
    "start": "DATE; boards of a panel begin a millisecond after each other",
    "result": "the verdict of the group",
    "steps": "a row each",
    "limits": "the reference value with its percentages",
    "misc infos": "further lines of the head",
    "operator": "in the brackets behind the serial number; with `brackets` the station",
}

_TEXT: Final = r'"([^"]{0,200})"'
_ROW: Final = re.compile(
    rf"([0-9]{{4,8}}) +{_TEXT} +{_TEXT} +{_TEXT} +([0-9]{{1,8}}) +([0-9]{{1,8}}) +(?:[0-9]{{1,8}} +){{0,2}}"
    rf"{_TEXT} +{_TEXT} +{_TEXT} +([+-][0-9.]{{1,8}}%) +([+-][0-9.]{{1,8}}%) +{_TEXT}(.*)"
)
_QUOTED: Final = re.compile(_TEXT)
_BRACKETS: Final = re.compile(r"(.*?)\s*\(([^()]*)\)\s*")
_DATED_ROW: Final = re.compile(rb"\n[0-9]{4,8} +\"[^\"\n]{0,200}\" +\"")
#: What stands between the verdict and the function: mode, range, time, probes.
_FUNCTION: Final = 4


class Options(base.Options):
    """What may be different at one source of APT94xx files."""

    #: How a date is written; without it 01/02/24 is the 1st of February, and a warning says so.
    date_order: DateOrder | None = None
    #: What stands in brackets behind the serial number: the operator, or the station and then the operator.
    brackets: Literal["operator", "station"] = "operator"


def probe(head: bytes, tail: bytes, name: str) -> float:  # noqa: ARG001 - the content decides, not the name
    """0.95 for the frame with rows in quotes."""
    if not HEAD.match(head.removeprefix(b"\xef\xbb\xbf")):
        return 0.0
    return 0.95 if _DATED_ROW.search(head) else 0.0


def convert(source: Source, options: base.Options) -> Iterable[Report]:
    """A report for each board and side, in the file's order."""
    if not isinstance(options, Options):
        options = Options(**options.model_dump())
    return once(_reports(source, options))


def _reports(source: Source, options: Options) -> Iterator[Report]:
    told = Told()
    for boards in groups(source, _row):
        for board in tested(boards, source):
            bracket = _split_serial(board)
            made = document(board, source, options, told, usual="dmy", order=options.date_order)
            if options.brackets == "station" and " - " in bracket:
                station, _, operator = bracket.partition(" - ")
                made["machineName"] = made["machineName"] or station.strip()
                made["uut"]["user"] = operator.strip()
            elif bracket:
                made["uut"]["user"] = bracket
            yield finish(made, source, options, place=board.place)


def _split_serial(board: Group) -> str:
    """Take what stands in brackets off the serial number, and return it."""
    found = _BRACKETS.fullmatch(board.serial or "")
    if found is None:
        return ""
    board.serial = found[1].strip()
    return found[2].strip()


def _row(line: str, place: str) -> Probing:
    found = _ROW.fullmatch(line.strip())
    if found is None:
        raise Refused(f"{shown(line.strip())} is not a row", place=place)
    number, parts, value, comment, first, second, reference, test_1, test_2, above, below, verdict, more = (
        text.strip() for text in found.groups()
    )
    rest = [text.strip() for text in _QUOTED.findall(more)]
    if len(rest) <= _FUNCTION:
        raise Refused("a row without a function", place=place)
    try:
        wanted, *readings = (_reading(text) for text in (reference, test_1, test_2))
    except ValueError as error:
        raise Refused(str(error), place=place, field=parts) from None
    raw = " then ".join(read.raw for read in readings if read)
    about = ", ".join([number, comment, first, second, *rest[:3]])
    told = f"{about}: {raw}, reference {reference} {above} {below} {rest[_FUNCTION]}"
    return Probing(
        parts=parts,
        value=value,
        comment=comment,
        function=rest[_FUNCTION],
        verdict=verdict,
        reference=wanted,
        readings=[read for read in readings if read],
        above=above,
        below=below,
        told=told,
    )


def _reading(text: str) -> Reading | None:
    if not text.strip("."):
        return None
    digits, unit = split(text)
    return reading(digits, unit)
