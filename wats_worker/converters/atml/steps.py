"""Groups, tests and session actions to steps. What a step is follows from its data: sites name own types."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from lxml.etree import _Element

from wats_worker.converters.atml.data import Tree, kind, tree, written
from wats_worker.converters.atml.limits import Row, row
from wats_worker.converters.atml.options import UNDER_WAY, Options
from wats_worker.converters.atml.parts import OWN, Measured, Parts, measurements, split
from wats_worker.converters.base import Refused
from wats_worker.converters.clock import read_iso
from wats_worker.converters.markup import local, only, place, text
from wats_worker.converters.texts import OF_STEP, Step, fit, number, say, shown, whole
from wats_worker.reports import judge
from wats_worker.reports.model import CONTENT

_GROUPS: Final = {"setup": "S", "main": "M", "cleanup": "C"}
#: TestStand's own names for the tests that WATS has names of its own for.
_TYPES: Final = {
    "NumericLimitTest": "ET_NLT",
    "NI_MultipleNumericLimitTest": "ET_MNLT",
    "StringValueTest": "ET_SVT",
    "PassFailTest": "ET_PFT",
}
_SEVERAL: Final = {"ET_NLT": "ET_MNLT", "ET_SVT": "ET_MSVT", "ET_PFT": "ET_MPFT"}
_ROWS: Final = {"Number": "numericMeas", "String": "stringMeas", "Boolean": "booleanMeas"}
#: The type of a step with one row.
_ALONE: Final = {"numericMeas": "ET_NLT", "stringMeas": "ET_SVT", "booleanMeas": "ET_PFT"}
_STEERING: Final = ("Statement", "Label", "Goto", "NI_Flow_")
_LOOP: Final = {
    "num": "NumLoops",
    "endingIndex": "EndingLoopIndex",
    "passed": "NumPassed",
    "failed": "NumFailed",
}


class Steps:
    """Makes the steps of one report.

    Args:
        options: What this site's words mean, and which steps are dropped.
        offset: The offset of the report's start, ``+02:00``; steps have clock times without one.
    """

    def __init__(self, options: Options, offset: str) -> None:
        self._letters = options.letters()
        self._drop = options.bookkeeping == "drop"
        self._offset = offset

    def test(self, element: _Element) -> list[Step]:
        """The step of a Test or SessionAction; none when it is dropped."""
        parts = split(element)
        step = self._facts(element, parts)
        rows, others = measurements(parts)
        if step["status"] not in {"S", "T"}:  # a step that didn't run to its end has nothing to show
            self._measure(step, rows, judged=local(element) == "Test" and _judges(step))
            _answers(step, parts)
        _add(step, others)
        steering = step["stepType"].startswith(_STEERING) and step["status"] in {"D", "P", "S"}
        return [] if self._drop and steering else [step]

    def group(self, element: _Element, below: list[Step]) -> Step:
        """The sequence call of a TestGroup. What it measured itself stands in a step of its own at its end.

        A step carries either a call or measurements.
        """
        parts = split(element)
        step = self._facts(element, parts, below)
        rows, others = measurements(parts)
        _add(step, others)
        if step["status"] == "S":
            return step
        step["seqCall"] = call(element.get("name", ""), step)
        if rows:
            own = {"group": "M", "stepType": step["stepType"], "name": step["name"], "status": step["status"]}
            self._measure(own, rows, judged=False)
            below = [*below, own]
        step["stepType"] = "SequenceCall"
        if below:
            step["steps"] = below
        return step

    def letter(self, outcome: _Element) -> str:
        """What an outcome says. TestStand puts its own word into the qualifier.

        Raises:
            Refused: the words are unknown, or contradict each other.
        """
        words = [outcome.get(name, "").strip() for name in ("qualifier", "value")]
        known = [self._letters[word.lower()] for word in words if word.lower() in self._letters]
        if set(known) == {"P", "F"}:
            raise Refused("passed and failed at once", place=place(outcome), field="Outcome")
        if known:
            return known[0]
        if is_under_way(outcome):  # a thread nobody waited for, a loop that was stopped
            return "D"
        word = words[0] or words[1]
        raise Refused(
            f"{shown(word)} is not an outcome",
            place=place(outcome),
            field="Outcome",
            fix=f'say what it means: statuses = {{"{word}" = "P"}} in the options of the source',
        )

    def outcome(self, element: _Element) -> str | None:
        """What an element's own outcome says; None when it has none."""
        found = only(element, "Outcome")
        return None if found is None else self.letter(found)

    def _facts(self, element: _Element, parts: Parts, below: Iterable[Step] = ()) -> Step:
        """What every step has, whatever kind it is."""
        facts = parts.properties
        name = element.get("callerName") or element.get("name") or element.get("ID") or ""
        kind_of = facts.get("StepType") or {"Test": "PassFailTest"}.get(local(element), "Action")
        step: Step = {"group": _GROUPS.get(facts.get("StepGroup", "").lower(), "M")}
        step["stepType"] = fit(step, "Step type", _TYPES.get(kind_of, kind_of), 50)
        step["name"] = fit(step, "Step name", name.rpartition("#")[2] or name or kind_of, 100)
        step["status"] = (
            self.letter(parts.outcome)
            if parts.outcome is not None
            else judge.of_steps(step["status"] for step in below)
        )
        if step["status"] == "D" and parts.outcome is not None and is_under_way(parts.outcome):
            say(step, f"Status: {parts.outcome.get('qualifier') or parts.outcome.get('value')}")
        if facts.get("InteractiveExeNum"):
            step["interactiveExeNum"] = _whole(facts, "InteractiveExeNum", element)
        if facts.get("Server"):
            say(step, f"Server: {facts['Server']}")
        if start := _moment(element.get("startDateTime", ""), self._offset):
            step["start"] = start
        if (seconds := duration(element, facts)) is not None:
            step["totTime"] = seconds
        if facts.get("StepId"):
            step["tsGuid"] = facts["StepId"][:30]
        if facts.get("StepCausedSequenceFailure", "").lower() == "true":
            step["causedSeqFailure"] = True
        if loop := _loop(facts, element):
            step["loop"] = loop
        for event in parts.events:
            error(event, step, 200)
        if description := element.findtext("{*}Description"):
            say(step, description.strip())
        return step

    def _measure(self, step: Step, rows: list[Measured], *, judged: bool) -> None:
        """Put measurements on a step; of several kinds each becomes a step of its own below it."""
        made = [self._row(step, measured) for measured in rows]
        if len(made) == 1 and made[0][1].get("name") in OWN:
            del made[0][1]["name"]
        kinds = {member for member, _ in made}
        if len(kinds) > 1:
            step |= {"stepType": "SequenceCall", "seqCall": {}, "steps": [_alone(*pair) for pair in made]}
        elif made:
            step[kinds.pop()] = [row for _, row in made]
            if any("name" in row for _, row in made):
                step["stepType"] = _SEVERAL.get(step["stepType"], step["stepType"])
        elif judged:
            step["booleanMeas"] = [{"status": OF_STEP[step["status"]]}]

    def _row(self, step: Step, measured: Measured) -> tuple[str, Row]:
        """What kind of measurement it is, and its row."""
        result, datum = measured
        shape = kind(datum)
        made: Row = {} if shape == "Boolean" else row(result, datum, step)
        made["status"] = OF_STEP[self.outcome(result) or step["status"]]
        if name := result.get("name") or result.get("ID"):
            made["name"] = fit(step, "Measurement", name, 100)
        for comment in result.iterfind("{*}Extension//{*}Comment"):
            if text(comment):
                say(step, f"{name}: {text(comment)}" if name else text(comment))
        return _ROWS[shape], made


def is_under_way(outcome: _Element) -> bool:
    """Whether an outcome is that of something which has not ended."""
    return (outcome.get("qualifier") or outcome.get("value") or "").strip().lower() in UNDER_WAY


def call(name: str, step: Step) -> dict[str, str]:
    """The sequence that was called, from ``path/main.seq#MainSequence``."""
    path, _, sequence = name.rpartition("#")
    facts = {"path": fit(step, "Sequence file", path, 500), "name": fit(step, "Sequence", sequence, 200)}
    return {member: text for member, text in facts.items() if text}


def error(event: _Element, step: Step, limit: int) -> None:
    """Take an error's code and message out of an event; other events are told."""
    what = event.get("ID") or event.get("name") or "Event"
    datum = event.find("{*}Data/{*}Datum")
    value = written(datum) if datum is not None else ""
    message = (event.findtext("{*}Message") or "").strip()
    if what == "Error Code" and value:
        try:
            step["errorCode"] = whole(value)
        except ValueError:
            say(step, f"{what}: {value}")
    elif what == "Error Message" and value:
        step["errorMessage"] = fit(step, what, value, limit)
        message = ""
    elif value:
        say(step, f"{what}: {value}")
    if message:
        say(step, f"{what}: {message}")


def _alone(member: str, row: Row) -> Step:
    """A measurement as a step."""
    step: Step = {"group": "M", "stepType": _ALONE[member], "name": row.pop("name", "Result")}
    return {**step, "status": row["status"], member: [row]}


def _judges(step: Step) -> bool:
    """Whether a test without a value is a bare verdict. One that was only done, or a call, is none."""
    return step["status"] in {"P", "F", "E"} and not step["stepType"].startswith(("SequenceCall", "NI_"))


def _answers(step: Step, parts: Parts) -> None:
    """What the operator answered, or a program returned."""
    if not step.keys().isdisjoint(CONTENT):
        return
    given = {name: written(value) for name, value in parts.values if local(value) == "Datum"}
    try:
        if "ButtonHit" in given:
            step["messagePopup"] = {"button": whole(given["ButtonHit"])}
            if given.get("Response"):
                step["messagePopup"]["response"] = fit(step, "Response", given["Response"], 200)
        elif "ExitCode" in given:
            step["callExe"] = {"exitCode": number(given["ExitCode"])}
    except ValueError as problem:
        say(step, str(problem))


def _add(step: Step, values: Iterable[tuple[str, _Element]]) -> None:
    """Keep what isn't a measurement: report texts as such, the rest as additional results."""
    more: list[Tree] = []
    for name, value in values:
        if name == "ReportText" and local(value) == "Datum":
            say(step, written(value))
        else:
            made = tree(name, value)
            more.append({"name": made["name"][:200], "props": [made]})
    if more:
        step["additionalResults"] = more


def _loop(facts: Mapping[str, str], element: _Element) -> dict[str, Any]:
    """A loop's summary has its counts, an iteration its index."""
    summary = {member: _whole(facts, name, element) for member, name in _LOOP.items() if facts.get(name)}
    if "num" in summary:
        return summary
    return {"idx": _whole(facts, "LoopIndex", element)} if facts.get("LoopIndex") else {}


def _whole(facts: Mapping[str, str], name: str, element: _Element) -> int:
    try:
        return whole(facts[name])
    except ValueError as problem:
        raise Refused(str(problem), place=place(element), field=name) from None


def duration(element: _Element, facts: Mapping[str, str]) -> float | None:
    """The seconds something took: as TestStand says, else from its start to its end, if it has both."""
    if facts.get("TotalTime"):
        try:
            seconds = number(facts["TotalTime"])
        except ValueError as problem:
            raise Refused(str(problem), place=place(element), field="TotalTime") from None
    else:
        try:
            start, end = (read_iso(element.get(name, "")) for name in ("startDateTime", "endDateTime"))
            seconds = round((end - start).total_seconds(), 6)
        except (ValueError, TypeError):  # not a date, or one of them with a zone and the other without
            return None
    return seconds if 0 <= seconds < float("inf") else None


def _moment(text: str, offset: str) -> str | None:
    """A step's start as the wire has it; a clock time gets the offset of the report's start."""
    try:
        moment = read_iso(text)
    except ValueError:
        return None
    return moment.isoformat() if moment.tzinfo is not None else f"{moment.isoformat()}{offset}"
