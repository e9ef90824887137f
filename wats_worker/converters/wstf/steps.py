"""The rows between --Step-Data-Start-- and --Step-Data-End--: one step or one measurement each.

A row with the name of the step above (or none) and a measure name is one more measurement of that step.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from wats_worker.converters.base import Refused, Source
from wats_worker.converters.texts import Step, fit, number, say, shown, whole
from wats_worker.converters.wstf.blocks import Row
from wats_worker.converters.wstf.charts import Charts
from wats_worker.converters.wstf.measures import KINDS, Cells, Measure, Reading
from wats_worker.reports import judge

RESULTS: Final[Mapping[str, str]] = {
    **dict.fromkeys(("passed", "pass", "p"), "P"),
    **dict.fromkeys(("failed", "fail", "f"), "F"),
    **dict.fromkeys(("error", "e"), "E"),
    **dict.fromkeys(("terminated", "t"), "T"),
}
_STATUSES: Final = {**RESULTS, "done": "D", "d": "D", "skipped": "S", "s": "S"}
_FLAGS: Final = {"true": True, "1": True, "false": False, "0": False}
_COLUMNS: Final = (
    "StepType",
    "StepName",
    "MeasureName",
    "Value",
    "LowLimit",
    "HighLimit",
    "CompOperator",
    "Unit",
    "StepStatus",
    "StepExecutionTime",
    "StepReportText",
    "StepErrorCode",
    "StepErrorMessage",
    "CausedSequenceFailure",
)
#: More nested sequences than any tester has, and far fewer than a stack takes.
_DEEPEST: Final = 60


@dataclass
class _Sequence:
    step: Step
    name: str
    given: str | None
    steps: list[Step] = field(default_factory=list)


@dataclass
class _Test:
    """A step with measurements, as long as more of them may follow."""

    step: Step
    name: str
    place: str  # where it begins
    kind: str
    block: bool  # between MultipleXTest and EndMultipleXTest
    given: str | None = None
    rows: list[Measure] = field(default_factory=list)
    statuses: list[str] = field(default_factory=list)


class StepReader:
    """Reads the steps of one unit.

    Args:
        active: A missing verdict follows from the limits; otherwise (Import) it is an error.
        source: For warnings.
    """

    def __init__(self, *, active: bool, source: Source) -> None:
        self._active = active
        self._source = source
        self._columns: tuple[str, ...] = _COLUMNS
        self._open: list[_Sequence] = []
        self._steps: list[Step] = []  # of the root
        self._test: _Test | None = None
        self._charts = Charts()

    def read(self, rows: Iterable[Row]) -> list[Step]:
        """The steps below the root.

        Raises:
            Refused: a row can't be read; its line and column are named.
        """
        for row in rows:
            self._read(row)
        self._end_test()
        if self._open:
            self._source.warn(f"{len(self._open)} SequenceCall without EndSequenceCall, ended with the steps")
        while self._open:
            self._close()
        return self._steps

    @staticmethod
    def together(steps: Iterable[Step]) -> str:
        """What these steps come to."""
        return judge.of_steps(step["status"] for step in steps)

    def _read(self, row: Row) -> None:
        kind = row.cells[0]
        if kind == "StepType":
            self._columns = _heading(row)
        elif kind == "Chart":
            self._charts.begin(row)
        elif kind == "Series":
            self._charts.add(row)
        else:
            self._step(kind, self._cells(row))

    def _cells(self, row: Row) -> Cells:
        if any(row.cells[len(self._columns) :]):
            raise Refused("more cells than columns", place=row.place)
        padded = row.cells + ("",) * (len(self._columns) - len(row.cells))
        return Cells(row.place, dict(zip(self._columns, padded, strict=False)))

    def _step(self, kind: str, cells: Cells) -> None:
        if kind == "SequenceCall":
            self._end_test()
            self._begin_sequence(cells)
        elif kind == "EndSequenceCall":
            self._end_test()
            self._end_sequence(cells)
        elif kind == "ActionStep":
            self._end_test()
            step = self._new("Action", cells)
            step["status"] = self._status(cells) or "D"
            self._facts(step, cells)
        elif kind in KINDS:
            self._measure(kind, cells)
        elif kind.startswith("Multiple") and kind.removeprefix("Multiple") in KINDS:
            self._end_test()
            test = self._begin_test(kind.removeprefix("Multiple"), cells, block=True)
            test.given = self._status(cells)
            self._facts(test.step, cells)
        elif kind.startswith("EndMultiple") and kind.removeprefix("EndMultiple") in KINDS:
            self._end_block(kind.removeprefix("EndMultiple"), cells)
        else:
            raise Refused(
                f"{shown(kind)} is not a step type of this format", place=cells.place, field="StepType"
            )

    def _begin_sequence(self, cells: Cells) -> None:
        if len(self._open) >= _DEEPEST:
            raise Refused(f"more than {_DEEPEST} nested sequences", place=cells.place)
        step = self._new("SequenceCall", cells)
        self._facts(step, cells)
        step["seqCall"] = {"name": cells["StepName"][:200]}
        self._open.append(_Sequence(step, cells["StepName"], self._status(cells)))

    def _end_sequence(self, cells: Cells) -> None:
        name = cells["StepName"]
        if not self._open or name not in {"", self._open[-1].name}:
            raise Refused(
                f"ends {shown(name)}, which is not the open sequence", place=cells.place, field="StepName"
            )
        sequence = self._open[-1]
        sequence.given = self._status(cells) or sequence.given
        self._facts(sequence.step, cells)
        self._close()
        self._charts.follow(sequence.step)

    def _close(self) -> None:
        sequence = self._open.pop()
        sequence.step["steps"] = sequence.steps
        sequence.step["status"] = sequence.given or self.together(sequence.steps)

    def _new(self, step_type: str, cells: Cells) -> Step:
        name = cells["StepName"]
        if not name:
            raise Refused("a step without a name", place=cells.place, field="StepName")
        step: Step = {"group": "M", "stepType": step_type}
        step["name"] = fit(step, "Step name", name, 100)
        (self._open[-1].steps if self._open else self._steps).append(step)
        self._charts.follow(step)
        return step

    def _begin_test(self, kind: str, cells: Cells, *, block: bool) -> _Test:
        step = self._new(KINDS[kind].single, cells)
        self._test = _Test(step, cells["StepName"], cells.place, kind, block)
        return self._test

    def _measure(self, kind: str, cells: Cells) -> None:
        test = self._test
        name, measure = cells["StepName"], cells["MeasureName"]
        further = (
            test is not None and test.kind == kind and name in {"", test.name} and (measure or test.block)
        )
        if test is None or not further:
            self._end_test()
            test = self._begin_test(kind, cells, block=False)
        reading = KINDS[kind].read(cells, test.step, judged=bool(cells["StepStatus"]))
        status = self._status(cells) or self._judged(reading, cells)
        row = reading.row
        row["status"] = {"D": "P", "E": "F", "T": "F"}.get(status, status)
        if measure:
            row["name"] = fit(test.step, "Measure name", measure, 100)
        test.rows.append(row)
        test.statuses.append(status)
        self._facts(test.step, cells)

    def _judged(self, reading: Reading, cells: Cells) -> str:
        if not self._active:
            raise Refused("Import mode, and no status is given", place=cells.place, field="StepStatus")
        if reading.passed is None:
            raise Refused("neither a status nor a value to judge", place=cells.place, field="Value")
        return "P" if reading.passed else "F"

    def _end_block(self, kind: str, cells: Cells) -> None:
        test = self._test
        if test is None or not test.block or test.kind != kind or cells["StepName"] not in {"", test.name}:
            raise Refused("ends a step that is not open", place=cells.place, field="StepType")
        test.given = self._status(cells) or test.given
        self._facts(test.step, cells)
        test.block = False
        self._end_test()

    def _end_test(self) -> None:
        """No more measurements belong to the step above; now its kind and its status are known."""
        test, self._test = self._test, None
        if test is None:
            return
        if test.block:
            raise Refused(f"{shown(test.name)} has no end", place=test.place, field="StepType")
        kind = KINDS[test.kind]
        several = len(test.rows) > 1 or any(row.get("name") for row in test.rows)
        if several and not all(row.get("name") for row in test.rows):
            reason = f"{shown(test.name)} has several rows, and not each is named"
            raise Refused(reason, place=test.place, field="MeasureName")
        test.step["stepType"] = kind.several if several else kind.single
        test.step["status"] = test.given or judge.of_steps(test.statuses)
        if test.rows:
            test.step[kind.member] = test.rows

    def _status(self, cells: Cells) -> str | None:
        word = cells["StepStatus"]
        if not word:
            return None
        if word.lower() not in _STATUSES:
            raise Refused(f"{shown(word)} is not a status", place=cells.place, field="StepStatus")
        return _STATUSES[word.lower()]

    def _facts(self, step: Step, cells: Cells) -> None:
        """What any step may say besides its measurement; the last row of a step that says it counts."""
        if cells["StepExecutionTime"]:
            step["totTime"] = cells.read("StepExecutionTime", number)
        if cells["StepErrorCode"]:
            step["errorCode"] = cells.read("StepErrorCode", whole)
        if cells["StepReportText"]:
            say(step, cells["StepReportText"])
        if cells["StepErrorMessage"]:
            step["errorMessage"] = fit(step, "Error message", cells["StepErrorMessage"], 200)
        if flag := cells["CausedSequenceFailure"]:
            if flag.lower() not in _FLAGS:
                raise Refused(
                    f"{shown(flag)} is not True or False", place=cells.place, field="CausedSequenceFailure"
                )
            step["causedSeqFailure"] = _FLAGS[flag.lower()]


def _heading(row: Row) -> tuple[str, ...]:
    """The columns in the order this file has them."""
    names = tuple(name for name in row.cells if name)
    unknown = [name for name in names if name not in _COLUMNS]
    if unknown or len(set(names)) < len(names) or not {"StepName", "Value", "StepStatus"} <= set(names):
        reason = f"not the columns of this format: {shown(', '.join(unknown or names))}"
        raise Refused(reason, place=row.place, field="StepType")
    return names
