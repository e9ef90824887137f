"""Test runs and the runs in them, as steps and sequences of steps."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from lxml.etree import _Element

from wats_worker.converters import markup, measures
from wats_worker.converters.base import Refused, Source
from wats_worker.converters.clock import assume_zone, read_iso, wire_date
from wats_worker.converters.sigmaquest.options import Options
from wats_worker.converters.sigmaquest.values import Value, values
from wats_worker.converters.texts import Step, number, say, shown, wire_number
from wats_worker.reports.model import ONE_LIMIT, TWO_LIMITS

#: How a run names the way its values are compared.
_COMPARISONS: Final = frozenset({"comparison", "comp"})
_OPERATORS: Final = ONE_LIMIT | TWO_LIMITS | {"LOG"}
#: As many curves as a chart takes.
_SERIES: Final = 50


@dataclass
class _Parts:
    """What stands in a run."""

    results: list[Value] = field(default_factory=list)
    setup: list[Value] = field(default_factory=list)
    told: list[Value] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    runs: list[_Element] = field(default_factory=list)
    comparison: str = ""


@dataclass(frozen=True)
class Runs:
    """Makes steps of runs."""

    source: Source
    options: Options

    def step(self, run: _Element, *, root: bool = False) -> Step:
        """A run with all that is in it. The root is a sequence in any case.

        Raises:
            Refused: it has no name, no grade, or holds what can't be read.
        """
        name, place = run.get("name", "").strip(), markup.place(run)
        if not name:
            raise Refused("a run without a name", place=place, field="name")
        letter = self.options.letter(run.get("grade", ""), place)
        parts = _parts(run)
        step = self._step(name, letter, parts, root=root)
        for line in [f"Set-up {value.line()}" for value in parts.setup] + [
            value.line() for value in parts.told
        ]:
            say(step, line)
        if parts.errors:
            step["errorMessage"] = "; ".join(parts.errors)[:200]
            for line in parts.errors:
                say(step, line)
        self._times(step, run)
        return step

    def _step(self, name: str, letter: str, parts: _Parts, *, root: bool) -> Step:
        found = parts.results
        if not found and parts.setup and not parts.runs:
            found, parts.setup = parts.setup, []  # a run that sets up and nothing else
            return {
                **self._step(name, letter, _Parts(found, comparison=parts.comparison), root=root),
                "group": "S",
            }
        rows = [value for value in found if value.member]
        kinds = {value.member for value in rows}
        if len(kinds) > 1:  # a text that nobody judges is a remark
            parts.told += [value for value in rows if value.member == "stringMeas" and not value.judged]
            rows = [value for value in rows if value.member != "stringMeas" or value.judged]
            kinds = {value.member for value in rows}
        arrays = [value for value in found if value.tag == "ValueArray"]
        parts.told += [value for value in found if value.tag == "ValueAttachment"]
        if root or parts.runs or len(kinds) > 1:
            below = [self._measured(value.name or name, letter, [value], parts.comparison) for value in rows]
            below += [_drawn(measures.action(value.name or name), [value]) for value in arrays]
            return measures.sequence(name, [*below, *(self.step(run) for run in parts.runs)], letter)
        return _drawn(self._measured(name, letter, rows, parts.comparison), arrays)

    def _measured(self, name: str, letter: str, rows: Sequence[Value], comparison: str) -> Step:
        step = measures.passed_or_failed(name, letter)
        if not rows or letter == "S":
            for value in rows:
                say(step, value.line())
            return step
        made = [value.row(comparison, letter, step, self.options) for value in rows]
        if len(made) > 1:
            for count, row in enumerate(made, start=1):
                row.setdefault("name", f"Value {count}")
        return measures.measured(name, letter, rows[0].member, made, step.get("reportText", ""))

    def _times(self, step: Step, run: _Element) -> None:
        began, ended = (self._moment(run, name) for name in ("start-time", "end-time"))
        if began is not None:
            step["start"] = wire_date(began)
        if began is not None and ended is not None and ended >= began:
            step["totTime"] = (ended - began) / timedelta(seconds=1)

    def _moment(self, run: _Element, name: str) -> datetime | None:
        text = run.get(name, "").strip()
        if not text:
            return None
        try:
            moment = read_iso(text)
        except ValueError as error:
            raise Refused(str(error), place=markup.place(run), field=name) from None
        return moment if moment.tzinfo else assume_zone(moment, self.source, self.options)[0]


def _parts(run: _Element) -> _Parts:
    parts = _Parts()
    for child in run:
        match markup.local(child):
            case "TestRun":
                parts.runs.append(child)
            case "Result":
                parts.results += values(child)
            case "SetUp":
                parts.setup += values(child)
            case "Property":
                for value in values(child):
                    operator = value.text.partition("(")[0].strip().upper()
                    operator = "EQ" if operator == "E" else operator
                    if value.name.lower() in _COMPARISONS and operator in _OPERATORS:
                        parts.comparison = operator
                    else:
                        parts.told.append(value)
            case "Error":
                parts.errors += [_message(message) for message in child]
            case other:
                raise Refused(f"{shown(other)} is no part of a run", place=markup.place(child))
    return parts


def _message(message: _Element) -> str:
    return ": ".join(part for part in (message.get("name", "").strip(), markup.text(message)) if part)


def _drawn(step: Step, arrays: Iterable[Value]) -> Step:
    """Add the arrays of numbers as one chart; other arrays are told."""
    series: list[dict[str, Any]] = []
    for array in arrays:
        curves = _curves(array.element, array.name or step["name"])
        if not curves or len(series) + len(curves) > _SERIES:
            say(step, f"{array.name or 'Array'}: {'; '.join(value.text for value in values(array.element))}")
        else:
            series += curves
    if series:
        step["chart"] = {"chartType": "Line", "label": step["name"], "xLabel": "Index", "yLabel": "Value"}
        step["chart"]["series"] = series
    return step


def _curves(array: _Element, name: str) -> list[dict[str, Any]]:
    """An array of numbers is a curve; an array of such arrays is some of them; anything else is none."""
    found = list(values(array))
    if found and all(value.tag == "ValueArray" for value in found):
        below = [
            _curves(value.element, value.name or f"{name} {i}") for i, value in enumerate(found, start=1)
        ]
        return [curve for curves in below for curve in curves] if all(below) else []
    if not found or any(value.member != "numericMeas" for value in found):
        return []
    try:
        points = [str(wire_number(number(value.text))) for value in found]
    except ValueError as error:
        raise Refused(str(error), place=markup.place(array), field=name) from None
    return [{"dataType": "XYG", "name": name[:100], "ydata": ";".join(points)}]
