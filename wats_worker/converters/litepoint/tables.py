"""The tables of an IQDVT file: a title alone in its line, headings, rows."""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from wats_worker.converters.base import Refused, Source
from wats_worker.converters.lines import lines, wait_for_last_line
from wats_worker.converters.litepoint.columns import Column, column
from wats_worker.converters.litepoint.rows import step_of
from wats_worker.converters.texts import Step, shown

_GENERAL: Final = "general"
#: How a row begins that has nothing but the number of its test.
_TEST: Final = re.compile(r"[0-9]+(?:\.[0-9]+)*")


@dataclass
class Section:
    """A table with its rows."""

    title: str
    columns: list[Column] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)


@dataclass
class Unit:
    """What stands from one General table to the next."""

    place: str
    headings: list[str] = field(default_factory=list)
    facts: dict[str, str] = field(default_factory=dict)
    sections: list[Section] = field(default_factory=list)


def units(source: Source) -> Iterator[Unit]:
    """The units of a file.

    Raises:
        NotReady: the last line has no end.
        Refused: a row stands where it can't, or can't be read.
    """
    unit: Unit | None = None
    for line, cells in _rows(source):
        place = f"line {line}"
        title = _title(cells)
        if title.lower() == _GENERAL:
            if unit is not None:
                yield unit
            unit = Unit(place)
        elif unit is None:
            raise Refused(f"{shown(','.join(cells))} stands before the first table", place=place)
        elif title and unit.facts:
            unit.sections.append(Section(title))
        elif unit.sections:
            _row(unit.sections[-1], cells, place)
        else:
            _fact(unit, cells, place)
    if unit is not None:
        yield unit


def _rows(source: Source) -> Iterator[tuple[int, list[str]]]:
    if not source.size:
        raise Refused("the file is empty")
    wait_for_last_line(source)
    reader = csv.reader((f"{line}\n" for line in lines(source)), strict=True)
    try:
        for cells in reader:
            row = [cell.strip() for cell in cells]
            if any(row):
                yield reader.line_num, row
    except csv.Error as error:
        raise Refused(f"not a table: {error}", place=f"line {reader.line_num}") from None


def _title(cells: list[str]) -> str:
    """The text of a line that has one cell only, and isn't a row that has just the number of its test."""
    if any(cells[1:]) or (len(cells) > 1 and _TEST.fullmatch(cells[0])):
        return ""
    return cells[0]


def _fact(unit: Unit, cells: list[str], place: str) -> None:
    if not unit.headings:
        unit.headings = cells
    elif unit.facts:
        raise Refused("a second row below General", place=place, field="serial number")
    else:
        unit.facts = dict(zip(unit.headings, _fitted(cells, unit.headings, place), strict=True))
        unit.place = place


def _row(section: Section, cells: list[str], place: str) -> None:
    if not section.columns or cells[0] == section.columns[0].heading:
        section.columns = [column(heading, place) for heading in cells]
    else:
        row = _fitted(cells, section.columns, place)
        section.steps.append(step_of(section.columns, row, place))


def _fitted(cells: list[str], headings: list[str] | list[Column], place: str) -> list[str]:
    if any(cells[len(headings) :]) or len(cells) < len(headings):
        raise Refused(f"{len(cells)} cells under {len(headings)} headings", place=place)
    return cells[: len(headings)]
