"""Groups, tests and session actions to steps. What a step is follows from its data: sites name own types."""

from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

from lxml.etree import _Element

from wats_worker.converters.atml.data import Tree, items, kind, tree, unit, written
from wats_worker.converters.atml.limits import Row, row
from wats_worker.converters.atml.options import Options
from wats_worker.converters.base import Refused
from wats_worker.converters.clock import read_iso
from wats_worker.converters.markup import local, only, place
from wats_worker.converters.texts import OF_STEP, Step, fit, number, say, shown, whole
from wats_worker.reports import judge

_GROUPS: Final = {"setup": "S", "main": "M", "cleanup": "C"}
#: TestStand's own names for the tests that WATS has names of its own for.
_TYPES: Final = {
    "NumericLimitTest": "ET_NLT",
    "NI_MultipleNumericLimitTest": "ET_MNLT",
    "StringValueTest": "ET_SVT",
    "PassFailTest": "ET_PFT",
}
_SEVERAL: Final = {"ET_NLT": "ET_MNLT", "ET_SVT": "ET_MSVT", "ET_PFT": "ET_MPFT"}
_STEERING: Final = ("Statement", "Label", "Goto", "NI_Flow_")
#: The names of a TestStand step's own value; any other result is a row of a multiple test, or additional.
_OWN: Final = frozenset({"Numeric", "String"})
_LOOP: Final = {
    "num": "NumLoops",
    "endingIndex": "EndingLoopIndex",
    "passed": "NumPassed",
    "failed": "NumFailed",
}


class _Parts(NamedTuple):
    """The children of a step's element that say something about it."""

    properties: Mapping[str, str]  # TestStand's own, empty elsewhere
    outcome: _Element | None
    results: list[_Element]
    values: list[tuple[str, _Element]]  # of Data and Parameters
    events: list[_Element]


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
        parts = _parts(element)
        step = self._facts(element, parts)
        rows, others = _sort(parts)
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
        parts = _parts(element)
        step = self._facts(element, parts, below)
        rows, others = _sort(parts)
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

    def _facts(self, element: _Element, parts: _Parts, below: Iterable[Step] = ()) -> Step:
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

    def _measure(self, step: Step, rows: list[_Element], *, judged: bool) -> None:
        """Put measurements on a step; of several kinds the first stays, and the others are told."""
        kept = ""
        made: list[Row] = []
        for result in rows:
            name = result.get("name") or result.get("ID") or ""
            datum = result.find("{*}TestData/{*}Datum")
            if datum is None:
                continue
            status = self.outcome(result) or step["status"]
            member, measured = _row(result, datum, step)
            kept = kept or member
            if member != kept:
                say(step, f"{name}: {written(datum)} {unit(datum)}".strip())
                continue
            measured["status"] = OF_STEP[status]
            if name and not (len(rows) == 1 and name in _OWN):
                measured["name"] = fit(step, "Measurement", name, 100)
            made.append(measured)
        if made:
            step[kept] = made
            if any("name" in measured for measured in made):
                step["stepType"] = _SEVERAL.get(step["stepType"], step["stepType"])
        elif judged:
            step["booleanMeas"] = [{"status": OF_STEP[step["status"]]}]


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


def properties(element: _Element) -> dict[str, str]:
    """TestStand's own facts about a step."""
    found = element.find("{*}Extension/{*}TSStepProperties")
    facts: dict[str, str] = {}
    for child in found if found is not None else ():
        if len(child):  # LoopingProperties
            facts |= {local(below): _fact(below) for below in child}
        else:
            facts[local(child)] = _fact(child)
    return facts


def _fact(element: _Element) -> str:
    return (element.get("value") or element.text or "").strip()


def _parts(element: _Element) -> _Parts:
    outcome: _Element | None = None
    results: list[_Element] = []
    values: list[tuple[str, _Element]] = []
    events: list[_Element] = []
    for child in element:
        name = local(child)
        if name == "TestResult":
            results.append(child)
        elif name in {"Outcome", "ActionOutcome"}:
            if outcome is not None:
                raise Refused("a second outcome", place=place(child), field=name)
            outcome = child
        elif name == "Data":
            values += _values(child, "Data")
        elif name == "Parameters":
            values += [
                pair
                for parameter in child.iterchildren("{*}Parameter")
                for data in parameter.iterchildren("{*}Data")
                for pair in _values(data, parameter.get("name") or parameter.get("ID") or "Parameter")
            ]
        elif name == "Events":
            events = list(child)
    return _Parts(properties(element), outcome, results, values, events)


def _values(data: _Element, name: str) -> list[tuple[str, _Element]]:
    """The values of a Data element: the items of its collection, or the one it is."""
    found: list[tuple[str, _Element]] = []
    for child in data:
        shape = local(child)
        if shape == "Collection" and name == "Data":
            found += items(child)
        elif shape in {"Collection", "Datum", "IndexedArray"}:
            found.append((name, child))
    return found


def _sort(parts: _Parts) -> tuple[list[_Element], list[tuple[str, _Element]]]:
    """The results that are measurements, and everything else that has a value.

    TestStand marks what it measured by limits, or by saying that there are none. What else it writes are
    parameters and additional results. Other writers have nothing but measurements.
    """
    rows: list[_Element] = []
    others = list(parts.values)
    for result in parts.results:
        name = result.get("name") or result.get("ID") or "Result"
        data = next((child for child in result.iterchildren("{*}TestData")), None)
        value = next(iter(data), None) if data is not None else None
        if value is None:
            continue
        limited = result.find("{*}TestLimits") is not None
        marked = result.find("{*}Extension/{*}TSLimitProperties") is not None
        by_others = not parts.properties and name != "ReportText"
        if local(value) == "Datum" and (limited or marked or name in _OWN or by_others):
            rows.append(result)
        else:
            others.append((name, value))
    return rows, others


def _row(result: _Element, datum: _Element, step: Step) -> tuple[str, Row]:
    if kind(datum) == "Boolean":
        return "booleanMeas", {}
    made = row(result, datum, step)
    return "stringMeas" if kind(datum) == "String" else "numericMeas", made


def _judges(step: Step) -> bool:
    """Whether a test without a value is a bare verdict. One that was only done, or a call, is none."""
    return step["status"] in {"P", "F", "E"} and not step["stepType"].startswith(("SequenceCall", "NI_"))


def _answers(step: Step, parts: _Parts) -> None:
    """What the operator answered, or a program returned."""
    if "booleanMeas" in step or "numericMeas" in step or "stringMeas" in step:
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
    try:
        summary = {member: whole(facts[name]) for member, name in _LOOP.items() if facts.get(name)}
        if "num" in summary:
            return summary
        return {"idx": whole(facts["LoopIndex"])} if facts.get("LoopIndex") else {}
    except ValueError as problem:
        raise Refused(str(problem), place=place(element), field="LoopingProperties") from None


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
