"""Step facts to steps: what was measured, against what, how it ended, and in which sequence it stands."""

from typing import Any, Final

from wats_worker.converters.base import Refused
from wats_worker.converters.mapped.facts import StepFacts
from wats_worker.converters.mapped.model import Kind, Mapping
from wats_worker.converters.mapped.reading import Reading, operator
from wats_worker.converters.texts import OF_STEP, Step, fit, say, whole, wire_number
from wats_worker.reports import judge
from wats_worker.reports.model import ONE_LIMIT, TWO_LIMITS

Row = dict[str, Any]
#: A value, its unit, and whether it was brought to its base unit.
Measured = tuple[float, str, bool]

#: So many limits are remembered: those of the steps of a program, and no more of a file that has others each
#: time.
_MOST_LIMITS: Final = 10_000
_MEMBERS: Final = {
    "number": ("numericMeas", "ET_NLT", "ET_MNLT"),
    "text": ("stringMeas", "ET_SVT", "ET_MSVT"),
    "verdict": ("booleanMeas", "ET_PFT", "ET_MPFT"),
}


class Tree:
    """The steps of one unit, as its rows come.

    A row names its sequence, or stands right below the root. A row with the name of the step above and a
    measurement of its own is one more measurement of that step.
    """

    def __init__(self, mapping: Mapping, reading: Reading) -> None:
        self.reading = reading
        self._comparison = mapping.comparison
        self._below: list[Step] = []
        self._sequences: dict[str, Step] = {}
        self._last: tuple[str, str, Step] | None = None  # sequence, name, step

    def steps(self) -> list[Step]:
        """All of them; sequences have the status of the worst step in them."""
        for sequence in self._sequences.values():
            sequence["status"] = judge.of_steps(step["status"] for step in sequence["steps"])
        return self._below

    def together(self) -> str:
        """What the steps come to."""
        return judge.of_steps(step["status"] for step in self.steps())

    def add(self, facts: StepFacts) -> None:
        """Add what one row says.

        Raises:
            Refused: it can't be read; its field is named.
        """
        name, sequence = facts["name"], facts["sequence"]
        if not name:
            raise Refused("a step without a name", place=facts.place, field="name")
        step: Step = {"group": "M", "stepType": "Action"}
        step["name"] = fit(step, "Step name", name, 100)
        kind, measured = self._kind(facts)
        row, judged = self._row(kind, measured, facts, step)
        status = self._status(facts, judged)
        step["status"] = status
        self._more(facts, step)
        if kind != "action" and status not in {"S", "D"}:
            member, single, several = _MEMBERS[kind]
            row["status"] = OF_STEP[status]
            if measurement := facts["measurement"]:
                row["name"] = fit(step, "Measurement", measurement, 100)
                if self._joins(sequence, name, member, row, step):
                    return
            step["stepType"] = several if measurement else single
            step[member] = [row]
        self._place(sequence).append(step)
        self._last = (sequence, name, step)

    def _joins(self, sequence: str, name: str, member: str, row: Row, step: Step) -> bool:
        """Put a row to the step above, if it is one more measurement of it."""
        if self._last is None or self._last[:2] != (sequence, name):
            return False
        above = self._last[2]
        if member not in above or "name" not in above[member][0]:
            return False
        above[member].append(row)
        above["status"] = judge.of_steps([above["status"], step["status"]])
        if text := step.get("reportText"):
            say(above, text)
        return True

    def _place(self, sequence: str) -> list[Step]:
        if not sequence:
            return self._below
        step = self._sequences.get(sequence)
        if step is None:
            step = self._sequences[sequence] = {"group": "M", "stepType": "SequenceCall", "steps": []}
            step["name"] = fit(step, "Sequence", sequence, 100)
            step["seqCall"] = {"name": sequence[:200]}
            self._below.append(step)
        steps: list[Step] = step["steps"]
        return steps

    def _kind(self, facts: StepFacts) -> tuple[Kind, Measured | None]:
        """What the row says it is, else what its value looks like; and the value, if it is a number."""
        if word := facts["kind"]:
            kind = self.reading.kind(word, facts.place)
            if kind != "number":
                return kind, None
            return ("verdict", None) if self.reading.is_none(facts["value"]) else (kind, self._value(facts))
        if "value" not in facts or self.reading.is_none(facts["value"]):
            return ("verdict" if facts["status"] else "action"), None
        try:
            return "number", self.reading.measured(facts["value"], facts["unit"])
        except ValueError:
            if facts["unit"] or any(self._is_number(facts[side]) for side in ("low", "high")):
                self._value(facts)  # says what is wrong with it
            return "text", None

    def _value(self, facts: StepFacts) -> Measured:
        try:
            return self.reading.measured(facts["value"], facts["unit"])
        except ValueError as error:
            fix = "if the tester says so that there is no value, add the text to no_value"
            raise Refused(str(error), place=facts.place, field="value", fix=fix) from None

    def _is_number(self, text: str) -> bool:
        try:
            return self.reading.limit(text) is not None
        except ValueError:
            return False

    def _row(
        self, kind: Kind, measured: Measured | None, facts: StepFacts, step: Step
    ) -> tuple[Row, bool | None]:
        """The row without its status, and what its limits say about the value."""
        if measured is not None:
            return self._number(measured, facts, step)
        if kind == "text":
            return self._text(facts, step)
        if not self.reading.is_none(facts["value"]):
            say(step, f"Value: {facts['value']}")
        for label, name in (("Low limit", "low"), ("High limit", "high")):
            if self.reading.has_limit(facts[name]):
                say(step, f"{label}: {facts[name]}")
        return {}, None

    def _number(self, measured: Measured, facts: StepFacts, step: Step) -> tuple[Row, bool | None]:
        value, unit, scaled = measured
        row: Row = {"value": wire_number(value), **self._limits(facts, unit)}
        if unit:
            row["unit"] = fit(step, "Unit", unit, 20)
        if scaled:
            say(step, " ".join(filter(None, ("Written:", facts["value"], facts["low"], facts["high"]))))
        return row, judge.numeric(row["compOp"], value, row.get("lowLimit"), row.get("highLimit"))

    def _limits(self, facts: StepFacts, unit: str) -> Row:
        """The comparison of a number. Units of one kind have the same limits, so they are read once."""
        written = facts["low"], facts["high"], facts["comparison"], unit
        known = self.reading.limits.get(written)
        if known is None:
            try:
                low, high = self.reading.limit(written[0], unit), self.reading.limit(written[1], unit)
            except ValueError as error:
                raise Refused(str(error), place=facts.place, field="limit") from None
            known = self._compared(low, high, facts)
            if len(self.reading.limits) < _MOST_LIMITS:
                self.reading.limits[written] = known
        return known

    def _compared(self, low: float | None, high: float | None, facts: StepFacts) -> Row:
        comparison = operator(facts["comparison"], facts.place) if facts["comparison"] else self._comparison
        if comparison == "LOG" or (low is None and high is None):
            return {"compOp": "LOG"}
        if comparison in ONE_LIMIT:
            # A single limit may stand in either column; the wire has it in lowLimit.
            limit = high if low is None or (comparison in {"LE", "LT"} and high is not None) else low
            return {"compOp": comparison, "lowLimit": limit}
        if comparison not in TWO_LIMITS:
            raise Refused(f"{comparison} compares texts", place=facts.place, field="comparison")
        if low is not None and high is not None:
            return {"compOp": comparison, "lowLimit": low, "highLimit": high}
        if low is not None:
            return {"compOp": comparison[:2], "lowLimit": low}
        return {"compOp": comparison[2:], "lowLimit": high}

    def _text(self, facts: StepFacts, step: Step) -> tuple[Row, bool | None]:
        value = facts["value"]
        limit = facts["low"] if self.reading.has_limit(facts["low"]) else facts["high"]
        row: Row = {"compOp": "LOG", "value": fit(step, "Value", value, 100)}
        if self.reading.has_limit(limit):
            comparison = operator(facts["comparison"], facts.place) if facts["comparison"] else "EQ"
            if comparison in TWO_LIMITS:
                raise Refused(f"{comparison} compares numbers", place=facts.place, field="comparison")
            if comparison != "LOG":
                row |= {"compOp": comparison, "limit": fit(step, "Limit", limit, 100)}
        return row, judge.text(row["compOp"], value, limit)

    def _status(self, facts: StepFacts, judged: bool | None) -> str:
        """The file's own word; only where it has none what the limits say."""
        if "status" in facts:
            return self.reading.status(facts["status"], facts.place, "status")
        return "D" if judged is None else "P" if judged else "F"

    def _more(self, facts: StepFacts, step: Step) -> None:
        if text := facts["text"]:
            say(step, text)
        try:
            if text := facts[field := "time"]:
                step["totTime"] = self.reading.seconds(text)
            if text := facts[field := "error_code"]:
                step["errorCode"] = whole(text)
        except ValueError as error:
            raise Refused(str(error), place=facts.place, field=field.replace("_", " ")) from None
        if text := facts["error_message"]:
            step["errorMessage"] = fit(step, "Error message", text, 200)
