"""TAKAYA ATD: the frame of ``blocks``, and in it a table of tabs with a heading of some sixty columns.

Values stand twice, in the base unit ("Fig") and as shown on the screen ("Char", with a unit); the first is
read, the second says whether there is one at all.
"""

from collections.abc import Iterable, Iterator
from typing import Final

from wats_worker.converters import base
from wats_worker.converters.base import Refused, Source
from wats_worker.converters.finish import finish, once
from wats_worker.converters.starts import DateOrder, Told
from wats_worker.converters.takaya.blocks import HEAD, document, groups, tested
from wats_worker.converters.takaya.probing import Probing, Reading, reading
from wats_worker.converters.texts import number
from wats_worker.reports.model import Report

NAME: Final = "takaya-atd"
TITLE: Final = "TAKAYA flying probe (ATD)"
VERSION: Final = "1.0"
#: What becomes what, for the page about formats.
MAPPING: Final = {
    "serial number, socket": "Serial No. of the group, the group's number",
    "part number": "Model, without the ending of the program's file",
    "start": "DATE; boards of a panel begin a millisecond after each other",
    "result": "the verdict of the group",
    "station, operator": "Test ID, User name",
    "steps": "a row each",
    "limits": "the reference value with its percentages",
    "misc infos": "further lines of the head",
}

_FIRST: Final = "Group_No."
_HEADING: Final = b"\nGroup_No.\tStep_number\tParts\t"
_QUOTED: Final = b'\n000001 "'
#: Columns that are read; the four after a value's first are its figure, its text and its unit.
_PARTS, _VALUE, _COMMENT = "Parts", "Value", "Comment"
_JUDGEMENT, _FUNCTION = "Judgement", "Function"
_REFERENCE, _TEST_1, _TEST_2 = "Ref._Value_(EL)", "Test_Value_1_(EL)", "Test_Value_2_(EL)"
_ABOVE, _BELOW = "Tolerance_(+)%", "Tolerance_(-)%"
_VALUES: Final = (_REFERENCE, _TEST_1, _TEST_2)
_NEEDED: Final = (_PARTS, _VALUE, _COMMENT, _JUDGEMENT, _FUNCTION, *_VALUES, _ABOVE, _BELOW)
#: Columns whose content is told beside the values.
_TOLD: Final = (
    "Step_number", "Location", "H-pin", "L-pin", "Measuring_mode", "Measuring_range", "Measuring_time",
)  # fmt: skip


class Options(base.Options):
    """What may be different at one source of ATD files."""

    #: How a date is written; without it 1/3/2023 is the 1st of March, and a warning says so.
    date_order: DateOrder | None = None


def probe(head: bytes, tail: bytes, name: str) -> float:  # noqa: ARG001 - the content decides, not the name
    """0.98 for the frame and the table's heading, 0.7 for the frame as long as no other rows are in it."""
    if not HEAD.match(head.removeprefix(b"\xef\xbb\xbf")):
        return 0.0
    if _HEADING in head:
        return 0.98
    return 0.0 if _QUOTED in head else 0.7


def convert(source: Source, options: base.Options) -> Iterable[Report]:
    """A report for each board that was tested, in the file's order."""
    if not isinstance(options, Options):
        options = Options(**options.model_dump())
    return once(_reports(source, options))


def _reports(source: Source, options: Options) -> Iterator[Report]:
    told = Told()
    for boards in groups(source, _Table().read):
        for board in tested(boards, source):
            made = document(board, source, options, told, usual="dmy", order=options.date_order)
            yield finish(made, source, options, place=board.place)


class _Table:
    """Reads rows by the heading above them."""

    def __init__(self) -> None:
        self._columns: dict[str, int] = {}
        self._width = 0

    def read(self, line: str, place: str) -> Probing | None:
        cells = [cell.strip() for cell in line.split("\t")]
        if cells[0] == _FIRST:
            self._head(cells, place)
            return None
        if not self._columns:
            raise Refused("a row before the heading of the table", place=place)
        if len(cells) != self._width:
            raise Refused(f"{len(cells)} cells, not {self._width}", place=place)
        at = self._columns
        try:
            readings = [self._reading(cells, column) for column in _VALUES]
        except ValueError as error:
            raise Refused(str(error), place=place, field=cells[at[_PARTS]]) from None
        told = ", ".join(cells[at[name]] for name in _TOLD if name in at and cells[at[name]])
        raw = " then ".join(read.raw for read in readings[1:] if read)
        reference = f", reference {readings[0].raw}" if readings[0] else ""
        return Probing(
            parts=cells[at[_PARTS]],
            value=cells[at[_VALUE]],
            comment=cells[at[_COMMENT]],
            function=cells[at[_FUNCTION]],
            verdict=cells[at[_JUDGEMENT]],
            reference=readings[0],
            readings=[read for read in readings[1:] if read],
            above=cells[at[_ABOVE]],
            below=cells[at[_BELOW]],
            told=f"{told}: {raw}{reference} {cells[at[_ABOVE]]} {cells[at[_BELOW]]} {cells[at[_FUNCTION]]}",
        )

    def _head(self, cells: list[str], place: str) -> None:
        columns: dict[str, int] = {}
        for place_, name in enumerate(cells):
            columns.setdefault(name, place_)  # Unit and Net_name stand several times
        missing = [name for name in _NEEDED if name not in columns]
        if missing:
            raise Refused(f"no column {', '.join(missing)}", place=place)
        self._columns, self._width = columns, len(cells)

    def _reading(self, cells: list[str], column: str) -> Reading | None:
        """A value's figure, with the unit of its text."""
        first = self._columns[column]
        figure, text, unit = cells[first + 1 : first + 4]
        shown_ = reading(text, unit)
        if shown_ is None:
            return None
        return Reading(number(figure), shown_.unit, shown_.raw)
