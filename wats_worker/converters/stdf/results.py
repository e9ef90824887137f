"""From the record of a test to a step.

A lot has millions of these records and few different tests. What a record says behind its result (the name,
the unit, the limits) is the same for every part, or is left out from the second part on; then what the
first record of that test said holds. So it is read once for each different wording, and a step is a copy of
what was made of it, with the result put in.
"""

import math
import struct
from dataclasses import dataclass, replace
from typing import Any, Final

from wats_worker.converters import measures
from wats_worker.converters.base import Refused
from wats_worker.converters.stdf import wording
from wats_worker.converters.stdf.lot import Lot
from wats_worker.converters.stdf.records import Fields
from wats_worker.converters.stdf.wording import Wording
from wats_worker.converters.texts import OF_STEP, Step, fit, say, wire_number
from wats_worker.reports import judge

#: So many wordings are kept; a tester that writes another one for every part would fill the memory.
_WORDINGS: Final = 50_000
#: What counts as no limit: the largest number of four bytes, which some testers write for one.
_LARGEST: Final = 3.4e38

_INVALID, _NOT_EXECUTED, _ABORTED, _UNJUDGED, _FAILED = 0x02, 0x10, 0x20, 0x40, 0x80
#: Bits of TEST_FLG that need a word, and those of PARM_FLG.
_TEST_NOTES: Final = {0x01: "alarm", 0x02: "the result is not valid", 0x04: "the result is unreliable",
                      0x08: "timed out", 0x10: "not executed", 0x20: "aborted"}  # fmt: skip
_PARAMETER_NOTES: Final = {
    0x01: "scale error",
    0x02: "drift error",
    0x04: "oscillation",
    0x20: "passed the alternate limits",
}
#: Those bits of PARM_FLG that are no more than a repetition of the verdict, or say what the limits include.
_PLAIN: Final = 0xFF ^ sum(_PARAMETER_NOTES)


@dataclass(slots=True)
class _Made:
    """A wording as a step without a result, which is never changed, and the row to go into it."""

    wording: Wording
    step: Step
    row: dict[str, Any]


class Results:
    """Makes the steps of a file."""

    def __init__(self, lot: Lot) -> None:
        self._lot = lot
        self._parametric = struct.Struct(f"{lot.order}IBBBBf")
        self._functional = struct.Struct(f"{lot.order}IBBB")
        self._multiple = struct.Struct(f"{lot.order}IBBBBHH")
        self._parametrics: dict[tuple[int, bytes], _Made] = {}
        self._functionals: dict[tuple[int, bytes], _Made] = {}
        self._multiples: dict[tuple[int, bytes], _Made] = {}
        #: What the first record of a test said, by kind, number and, where there are several tests of a
        #: number, name.
        self._first: dict[tuple[str, int, str], Wording] = {}

    def parametric(self, buffer: bytes, start: int, stop: int) -> tuple[int, Step, float]:
        """The site, the step, and what it measured, of a PTR."""
        if stop - start < 12:
            raise Refused("a PTR that ends before its result")
        number, head, site, flags, parameters, value = self._parametric.unpack_from(buffer, start)
        rest = buffer[start + 12 : stop]
        made = self._parametrics.get((number, rest)) or self._learn(
            self._parametrics, "PTR", number, wording.parametric(rest, self._lot.order), rest
        )
        step = made.step.copy()
        row = made.row.copy()
        step["numericMeas"] = [row]
        row["value"] = value
        if flags & _FAILED:
            step["status"] = row["status"] = "F"
        if flags & 0x7F or parameters & ~_PLAIN or not -_LARGEST < value < _LARGEST:
            self._qualify(step, [row], made.wording, flags, parameters)
        elif flags:
            _exclude_limits(row, parameters)
        return head << 8 | site, step, value

    def functional(self, buffer: bytes, start: int, stop: int) -> tuple[int, Step]:
        """The site and the step of an FTR."""
        if stop - start < 7:
            raise Refused("an FTR that ends before its verdict")
        number, head, site, flags = self._functional.unpack_from(buffer, start)
        rest = buffer[start + 7 : stop]
        made = self._functionals.get((number, rest)) or self._learn(
            self._functionals, "FTR", number, wording.functional(rest, self._lot.order), rest
        )
        step = made.step.copy()
        row = made.row.copy()
        step["booleanMeas"] = [row]
        if flags & _FAILED:
            step["status"] = row["status"] = "F"
        if flags & 0x7F:
            self._qualify(step, [row], made.wording, flags, 0)
        return head << 8 | site, step

    def multiple(
        self, buffer: bytes, start: int, stop: int, place: str
    ) -> tuple[int, Step, tuple[float, ...]]:
        """The site, the step and what it measured, of an MPR."""
        if stop - start < 12:
            raise Refused("an MPR that ends before its results")
        number, head, site, flags, parameters, pins, count = self._multiple.unpack_from(buffer, start)
        fields = Fields(buffer, start + 12, stop, self._lot.order, place)
        fields.take((pins + 1) // 2)  # the state of each pin, two to a byte
        values = fields.numbers("f", count)
        # Where the pins stand depends on how many there are, so their number belongs to the wording.
        rest = fields.take(fields.left)
        key = struct.pack("<H", pins) + rest
        made = self._multiples.get((number, key)) or self._learn(
            self._multiples, "MPR", number, wording.multiple(rest, pins, self._lot.order), key
        )
        step = made.step.copy()
        if not values:
            step = measures.passed_or_failed(step["name"], "P", step["reportText"])
            rows = step["booleanMeas"]
        else:
            rows = [
                {**made.row, "value": value, "name": name}
                for name, value in zip(self._names(made.wording, head, site, count), values, strict=True)
            ]
            step["stepType"], step["numericMeas"] = "ET_MNLT", rows
        if flags & _FAILED:
            step["status"] = "F"
            _blame(rows)
        if flags & 0x7F or parameters & ~_PLAIN or not all(map(math.isfinite, values)):
            self._qualify(step, rows, made.wording, flags, parameters)
        return head << 8 | site, step, values

    def _names(self, said: Wording, head: int, site: int, count: int) -> list[str]:
        """What tells the rows apart: the pin, or the condition that was stepped through."""
        if len(said.pins) == count:
            return [self._lot.pin(head, site, index)[:100] for index in said.pins]
        if said.increment:
            unit = said.of_increment
            return [f"{said.begin + at * said.increment:g} {unit}".strip()[:100] for at in range(count)]
        return [str(at) for at in range(1, count + 1)]

    def _learn(
        self, cache: dict[tuple[int, bytes], _Made], kind: str, number: int, own: Wording, rest: bytes
    ) -> _Made:
        """Make a template of a wording that was not met before."""
        first = self._first.get((kind, number, own.name))
        if first is None:
            own = replace(own, name=own.name or self._lot.tests.get(number) or f"Test {number}")
            self._first[kind, number, own.name] = own
            self._first.setdefault((kind, number, ""), own)
        else:
            own = wording.completed(own, first)
        if len(cache) >= _WORDINGS:
            cache.clear()
        made = cache[number, rest] = _template(kind, number, own)
        return made

    def _qualify(
        self, step: Step, rows: list[dict[str, Any]], said: Wording, flags: int, parameters: int
    ) -> None:
        """What is not plainly passed or failed, or not plainly a number."""
        for bits, notes in ((flags, _TEST_NOTES), (parameters, _PARAMETER_NOTES)):
            for bit, note in notes.items():
                if bits & bit:
                    say(
                        step,
                        f"{note}: {said.alarm}"
                        if bit == 0x01 and notes is _TEST_NOTES and said.alarm
                        else note,
                    )
        for row in rows:
            if "value" in row:
                row["value"] = wire_number(math.nan if flags & _INVALID else row["value"])
        if flags & _NOT_EXECUTED:
            step["status"] = "S"
            for member in ("numericMeas", "booleanMeas"):
                step.pop(member, None)
        elif flags & _ABORTED:
            step["status"] = "T"
            for row in rows:
                row["status"] = OF_STEP["T"]
        elif flags & _UNJUDGED:
            _unjudge(step, rows)


def _unjudge(step: Step, rows: list[dict[str, Any]]) -> None:
    """A test without a verdict: what it measured is kept, and held against nothing."""
    step["status"] = "D"
    for row in rows:
        row["status"] = "P"
        limits = [row.pop(member) for member in ("lowLimit", "highLimit") if member in row]
        if limits:
            row["compOp"] = "LOG"
            say(step, f"Limits that nothing was held against: {', '.join(f'{limit:g}' for limit in limits)}")


def _exclude_limits(row: dict[str, Any], parameters: int) -> None:
    """Take a limit for one that is itself not allowed, where a failed value lies right on it.

    Two bits say whether the limit itself passes. Most testers leave them at "no" and let it pass all the
    same, so they are believed only where nothing else explains the verdict.
    """
    operator, value = row["compOp"], row["value"]
    if operator.startswith("GE") and value == row["lowLimit"] and not parameters & 0x40:
        operator = f"GT{operator[2:]}"
    # The wire has a single limit in lowLimit, whatever its operator.
    if operator.endswith("LE") and value == row.get("highLimit", row["lowLimit"]) and not parameters & 0x80:
        operator = f"{operator[:-2]}LT"
    row["compOp"] = operator


def _blame(rows: list[dict[str, Any]]) -> None:
    """Find the rows for which a test of several failed; if none is out of its limits, it is all of them."""
    out = [
        row
        for row in rows
        if "value" in row
        and judge.numeric(row["compOp"], row["value"], row.get("lowLimit"), row.get("highLimit")) is False
    ]
    for row in out or rows:
        row["status"] = "F"


def _template(kind: str, number: int, said: Wording) -> _Made:
    text = "\n".join((f"Test {number}", *said.notes))
    if kind == "FTR":
        step = measures.passed_or_failed(said.name, "P", text)
        return _Made(said, step, {"status": "P"})
    low, high = _limit(said.low), _limit(said.high)
    row = measures.numeric(0.0, "P", low=low, high=high)
    step = measures.numbers(said.name, "P", [row], text)
    if said.unit:
        row["unit"] = fit(step, "Unit", said.unit, 20)
    return _Made(said, step, row)


def _limit(value: float | None) -> float | None:
    return value if value is not None and -_LARGEST < value < _LARGEST else None
