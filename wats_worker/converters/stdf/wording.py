"""What the record of a test says behind its result: the name, the unit, the limits, the pins."""

import math
from dataclasses import dataclass, replace

from wats_worker.converters.stdf.records import Fields


@dataclass(frozen=True)
class Wording:
    """What a record says behind its result."""

    name: str = ""
    unit: str = ""
    low: float | None = None
    high: float | None = None
    alarm: str = ""
    notes: tuple[str, ...] = ()
    #: Of a record with several results: what they were taken over, and the pins they were taken at.
    begin: float = 0.0
    increment: float = 0.0
    of_increment: str = ""
    pins: tuple[int, ...] = ()


def parametric(rest: bytes, order: str) -> Wording:
    """Of a PTR."""
    fields = Fields(rest, 0, len(rest), order, "a PTR")
    name, alarm = fields.text(), fields.text()
    options = fields.number("B")
    fields.take(min(3, fields.left))  # by which powers of ten a display shows the value and its limits
    low, high = _limits(options, fields)
    return Wording(name, fields.text(), low, high, alarm)


def _limits(options: int | None, fields: Fields) -> tuple[float | None, float | None]:
    """Both limits: None where there is none, NaN where that of the first record holds."""
    low, high = fields.number("f"), fields.number("f")
    if options is None:
        return math.nan, math.nan
    return (
        None if options & 0x40 else math.nan if options & 0x10 or low is None else low,
        None if options & 0x80 else math.nan if options & 0x20 or high is None else high,
    )


def multiple(rest: bytes, pins: int, order: str) -> Wording:
    """Of an MPR that returned so many pins."""
    fields = Fields(rest, 0, len(rest), order, "an MPR")
    name, alarm = fields.text(), fields.text()
    options = fields.number("B")
    fields.take(min(3, fields.left))
    low, high = _limits(options, fields)
    begin, increment = fields.number("f"), fields.number("f")
    stepped = options is not None and not options & 0x02 and begin is not None and increment is not None
    indexes = fields.numbers("H", pins) if fields.left >= 2 * pins else ()
    return Wording(
        name,
        fields.text(),
        low,
        high,
        alarm,
        begin=begin if stepped else 0.0,
        increment=increment if stepped else 0.0,
        of_increment=fields.text(),
        pins=indexes,
    )


def functional(rest: bytes, order: str) -> Wording:
    """Of an FTR."""
    fields = Fields(rest, 0, len(rest), order, "an FTR")
    options = fields.number("B")
    cycle = fields.number("I")
    fields.take(min(8, fields.left))  # where in the vectors, how often repeated
    failing = fields.number("I")
    fields.take(min(10, fields.left))  # addresses
    returned, programmed = fields.whole("H"), fields.whole("H")
    for count in (returned, programmed):
        fields.take(2 * count)  # pins
        fields.take((count + 1) // 2)  # their states
    fields.take((fields.whole("H") + 7) // 8)  # a bit for each pin that failed
    vector, timing, operation, name, alarm, program, result = (fields.text() for _ in range(7))
    told = {
        "Vector": vector,
        "Time set": timing,
        "Operation": operation,
        "Program": program,
        "Result": result,
        "Cycle": "" if options is None or options & 0x01 or not cycle else str(cycle),
        "Failing pins": "" if options is None or options & 0x08 or not failing else str(failing),
    }
    notes = tuple(f"{label}: {text}" for label, text in told.items() if text)
    return Wording(name, alarm=alarm, notes=notes)


def completed(own: Wording, first: Wording) -> Wording:
    """A wording with what it leaves to the first of its test. A limit of NaN is one that was left out."""
    return replace(
        own,
        name=first.name,
        unit=own.unit or first.unit,
        low=first.low if own.low is not None and math.isnan(own.low) else own.low,
        high=first.high if own.high is not None and math.isnan(own.high) else own.high,
        begin=own.begin or first.begin,
        increment=own.increment or first.increment,
        of_increment=own.of_increment or first.of_increment,
        pins=own.pins or first.pins,
    )
