"""The example CSV of the WATS converter kit: a row per step, with the unit's facts in each.

The kit's own sample has a row with a comma too many, so that its result stands one cell too far to the right.
Since others copied the sample, such a row is read as it is meant, as long as only empty cells are in between.
"""

import csv
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from wats_worker.converters import base
from wats_worker.converters.base import Refused, Source
from wats_worker.converters.finish import finish, once
from wats_worker.converters.lines import lines, wait_for_last_line
from wats_worker.converters.mapped.building import document
from wats_worker.converters.mapped.facts import Found, StepFacts, Unit
from wats_worker.converters.mapped.model import STATUSES, Mapping
from wats_worker.converters.mapped.reading import Reading
from wats_worker.reports.model import Report

NAME: Final = "devkit-csv"
TITLE: Final = "Example CSV of the WATS converter kit"
VERSION: Final = "1.0"
#: What becomes what, for the page about formats.
MAPPING: Final = {
    "serial number, part number, start": "SerialNumber, PartNumber, TestDate",
    "process": "OperationType, a name",
    "result": "what the steps come to",
    "steps": "a row each: StepName, StepType, Value",
    "limits, unit, status": "LowLimit, HighLimit, Unit, Result",
}

Options = base.Options

HEADINGS: Final = (
    "SerialNumber", "PartNumber", "TestDate", "OperationType", "StepName", "StepType", "Value", "LowLimit",
    "HighLimit", "Unit", "Result",
)  # fmt: skip
_HEADING: Final = ",".join(HEADINGS).encode()
_FIELDS: Final = {"serial_number": 0, "part_number": 1, "start": 2, "process": 3}
_STEP: Final = {"name": 4, "kind": 5, "value": 6, "low": 7, "high": 8, "unit": 9, "status": 10}
_VALUE: Final = 6


def probe(head: bytes, tail: bytes, name: str) -> float:  # noqa: ARG001 - the heading decides
    """0.95 for the heading."""
    first = head.removeprefix(b"\xef\xbb\xbf").partition(b"\n")[0]
    return 0.95 if first.rstrip(b"\r") == _HEADING else 0.0


def convert(source: Source, options: base.Options) -> Iterable[Report]:
    """The reports of the file, in its order."""
    return once(_reports(source, options))


def _reports(source: Source, options: base.Options) -> Iterator[Report]:
    mapping = Mapping(**options.model_dump(), date_format="%Y-%m-%d %H:%M:%S")
    reading = Reading(mapping)
    for unit in _units(source):
        made = document(unit, mapping, source, reading)
        yield finish(made, source, options, place=f"the unit in {unit.place}")


def _units(source: Source) -> Iterator[Unit]:
    """Rows with one serial number and start are a unit."""
    unit: Unit | None = None
    key: tuple[str, ...] = ()
    for line, row in _rows(source):
        place = f"line {line}"
        if unit is None or (row[0], row[2]) != key:
            if unit is not None:
                yield unit
            unit, key = Unit(place), (row[0], row[2])
        for name, at in _FIELDS.items():
            unit.put(name, Found(row[at], place))
        unit.steps.append(StepFacts(place, {name: row[at] for name, at in _STEP.items()}))
    if unit is None:
        raise Refused("no unit in the file")
    yield unit


def _rows(source: Source) -> Iterator[tuple[int, Sequence[str]]]:
    wait_for_last_line(source)
    reader = csv.reader((f"{line}\n" for line in lines(source)), strict=True)
    try:
        for cells in reader:
            row = [cell.strip() for cell in cells]
            place = f"line {reader.line_num}"
            if reader.line_num == 1:
                if tuple(row) != HEADINGS:
                    raise Refused("not the headings of this format", place=place)
            elif any(row):
                yield reader.line_num, _fitted(row, place, source)
    except csv.Error as error:
        raise Refused(f"not a table: {error}", place=f"line {reader.line_num}") from None


def _fitted(row: list[str], place: str, source: Source) -> Sequence[str]:
    width = len(HEADINGS)
    if len(row) == width + 1 and not any(row[_VALUE + 1 : width]) and row[width].lower() in STATUSES:
        source.warn(f"{place}: a comma too many, the result stands one cell too far to the right")
        return [*row[: width - 1], row[width]]
    if len(row) != width:
        raise Refused(f"{len(row)} cells under {width} headings", place=place)
    return row
