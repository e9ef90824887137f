"""A row of a table as a step: what was measured, and what each verdict in the row says of it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from wats_worker.converters import measures
from wats_worker.converters.base import Refused
from wats_worker.converters.litepoint.bounds import Bound, bound
from wats_worker.converters.litepoint.columns import Column, Role
from wats_worker.converters.texts import Step, number, say, shown, wire_number
from wats_worker.reports import judge

_VERDICTS: Final = {
    **dict.fromkeys(("pass", "passed", "ok"), "P"),
    **dict.fromkeys(("fail", "failed", "ng"), "F"),
    **dict.fromkeys(("skip", "skipped", "not tested"), "S"),
    "error": "E",
}
#: What stands where nothing was measured or judged.
_NOTHING: Final = frozenset({"", "-", "--", "n/a", "na", "none"})
_FINE: Final = frozenset({*_NOTHING, "no error", "0", "ok", "pass"})


@dataclass
class _Measured:
    """The cell of a measured column: no number, one, or some."""

    column: Column
    text: str
    values: list[float]
    bound: Bound | None = None
    status: str = ""  # empty as long as no verdict was about it

    @property
    def holds(self) -> bool:
        return self.bound is None or all(self.bound.holds(value) for value in self.values)

    def rows(self) -> Iterator[dict[str, Any]]:
        """On the wire: a cell with several numbers is as many rows."""
        several = len(self.values) > 1
        for count, value in enumerate(self.values, start=1):
            name = f"{self.column.name} {count}" if several else self.column.name
            row: dict[str, Any] = {"compOp": "LOG", "status": self.status or "P", "value": wire_number(value)}
            row["name"] = name[:100]
            if self.bound:
                row |= self.bound.members()
            if unit := self.column.unit or (self.bound.unit if self.bound else ""):
                row["unit"] = unit[:20]
            yield row


@dataclass
class _Reading:
    """A row while it is read from left to right."""

    place: str
    found: list[_Measured] = field(default_factory=list)
    block: list[_Measured] = field(default_factory=list)  # since the verdict before
    verdicts: list[str] = field(default_factory=list)
    last: str = ""  # the verdict about the row
    names: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    error: str = ""

    def take(self, column: Column, text: str) -> None:
        """The next cell."""
        match column.role:
            case Role.MEASURED:
                self._measured(column, text)
            case Role.LIMIT if text.lower() not in _VERDICTS:
                self._limit(column, text)
            case Role.LIMIT | Role.VERDICT:
                self._verdict(column, text)
            case Role.ERROR:
                self.error = "" if text.lower() in _FINE else text
            case Role.CONDITION if text:
                self.notes.append(f"{column.name}: {text}")
            case Role.NAME | Role.ANTENNA if text:
                self.names.append(f"ant{text}" if column.role is Role.ANTENNA else text)

    def _measured(self, column: Column, text: str) -> None:
        inside = text[1:-1].split() if text.startswith("[") and text.endswith("]") else [text]
        values: list[float] = []
        try:
            values = [number(each) for each in inside if each.lower() not in _NOTHING]
        except ValueError:
            self.notes.append(f"{column.name}: {text}")
        measured = _Measured(column, text, values)
        self.found.append(measured)
        self.block.append(measured)

    def _limit(self, column: Column, text: str) -> None:
        """Limits in a cell are for the number before it."""
        try:
            limits = bound(text)
        except ValueError as error:
            raise Refused(str(error), place=self.place, field=column.name) from None
        if limits is None:
            return
        if not self.block:
            raise Refused("limits without a number before them", place=self.place, field=column.name)
        self._bind(self.block[-1], limits)

    def _bind(self, measured: _Measured, limits: Bound) -> None:
        if measured.text.lower() not in _NOTHING and not measured.values:
            reason = f"{shown(measured.text)} is not a number"
            raise Refused(reason, place=self.place, field=measured.column.name)
        measured.bound = limits

    def _verdict(self, column: Column, text: str) -> None:
        letter = _VERDICTS.get(text.lower(), "")
        if not letter and text.lower() not in _NOTHING:
            raise Refused(f"{shown(text)} is not a verdict", place=self.place, field=column.name)
        if not column.about and not column.bounds:
            self.last = letter
        elif letter:
            self.verdicts.append(letter)
        block, self.block = self.block, []
        targets = self._targets(column, block)
        if letter not in {"P", "F"} or not targets or (not column.about and not column.bounds):
            return
        bad = [target for target in targets if letter == "F" and not target.holds]
        for target in targets:
            target.status = letter if not bad or target in bad else "P"

    def _targets(self, column: Column, block: Sequence[_Measured]) -> list[_Measured]:
        """What a verdict is about, with the limits that its heading has."""
        alike = [each for each in block if column.about and each.column.name.lower().startswith(column.about)]
        if len(column.bounds) == 1 and len(alike) > 1:
            for each in alike:
                self._bind(each, column.bounds[0])
            return alike
        if column.bounds:
            pairs = list(zip(block[-len(column.bounds) :], column.bounds, strict=False))
            for each, limits in pairs:
                self._bind(each, limits)
            return [each for each, _ in pairs if each.values]
        return [each for each in block if each.bound] or alike or list(block[-1:])

    def step(self, name: str) -> Step:
        """The row as a step."""
        status = self.last or judge.of_steps(self.verdicts)
        if not self.last and not self.verdicts:
            status = "D" if any(each.values for each in self.found) else "S"
        for each in self.found:
            if not each.status and each.bound and status == "F" and not each.holds:
                each.status = "F"
        rows = [row for each in self.found for row in each.rows()]
        text = "\n".join(self.notes)
        if not rows or status == "S":
            step = measures.passed_or_failed(name, status, text)
        else:
            step = measures.measured(name, status, "numericMeas", rows, text)
        if self.error:
            say(step, f"Error message: {self.error}")
            step["errorMessage"] = self.error[:200]
        return step


def step_of(columns: Sequence[Column], cells: Sequence[str], place: str) -> Step:
    """A row as a step, named after its test, its band and its antenna.

    Raises:
        Refused: a verdict, a limit, or a number with limits can't be read.
    """
    reading = _Reading(place)
    for column, text in zip(columns, cells, strict=True):
        reading.take(column, text)
    return reading.step(" ".join(reading.names) or cells[0] or "Row")
