"""TEResults to steps. What a step is follows from what its result holds; its type's name decides only where
steps that steer the sequence are told from tests.
"""

import re
from collections.abc import Iterator
from typing import Any, Final

from wats_worker.converters.base import Refused, Source
from wats_worker.converters.teststand_xml.contents import put_content
from wats_worker.converters.teststand_xml.options import UNDER_WAY, Options
from wats_worker.converters.teststand_xml.props import Props
from wats_worker.converters.teststand_xml.trees import rows
from wats_worker.converters.texts import Step, fit, say, shown
from wats_worker.reports import judge

_GROUPS: Final = {"setup": "S", "main": "M", "cleanup": "C"}
#: TestStand's own names for the tests that WATS has names of its own for.
_TYPES: Final = {
    "NumericLimitTest": "ET_NLT",
    "NI_MultipleNumericLimitTest": "ET_MNLT",
    "StringValueTest": "ET_SVT",
    "PassFailTest": "ET_PFT",
}
_STEERING: Final = ("Statement", "Label", "Goto", "NI_Flow_")
#: Engine callbacks: SequenceFilePreStep, ProcessModelPostStepFailure, StationPostResultListEntry, ...
_CALLBACK: Final = re.compile(
    r"(?:SequenceFile|ProcessModel|Station)(Pre|Post)(?:Step|Interactive|ResultListEntry)\w*"
)
_LOOP: Final = {
    "num": "NumLoops",
    "endingIndex": "EndingLoopIndex",
    "passed": "NumPassed",
    "failed": "NumFailed",
}


class Results:
    """Makes the steps of one report."""

    def __init__(self, report: Props, source: Source, options: Options) -> None:
        self._source = source
        self._letters = options.letters()
        self._drop = options.bookkeeping == "drop"
        #: TestStand's numbers of the results that made the unit fail.
        self._critical = {entry.whole("ResultId") for entry in report.items("UUT.CriticalFailureStack")}

    def root(self, main: Props | None, result: str) -> Step:
        """The root step. Its status is the unit's result, whatever the site made the sequence pass on."""
        if main is None:
            bare: Step = {"group": "M", "stepType": "SequenceCall", "name": "MainSequence Callback"}
            return {**bare, "status": result, "seqCall": {}}
        step = self._facts(main, "M")
        step["status"] = result
        step.setdefault("seqCall", {})
        self._call(main.get("TS.SequenceCall"), step)
        step["stepType"] = "SequenceCall"
        return step

    def _below(self, call: Props) -> list[Step]:
        return [
            step
            for result in call.items("ResultList")
            if result.element.get("Type") == "TEResult"
            for step in self._steps(result)
        ]

    def _steps(self, result: Props) -> list[Step]:
        """A result's step and, beside it, the sequences that were called before and after it."""
        if result.text("TS.StepName") is None and result.text("TS.StepType") is None:
            self._source.warn(f"{result.place}: a result without a step name, left out")
            return []
        step = self._facts(result, None)
        call = result.get("TS.SequenceCall")
        if call is not None and step["status"] != "S":
            self._call(call, step)
        if step["status"] not in {"S", "T"}:  # a step that didn't run to its end holds the values of its type
            put_content(result, step, self._letters, steering=step["stepType"].startswith(_STEERING))
        before: list[Step] = []
        after: list[Step] = []
        for beside, told in _beside(result):
            (before if told.startswith("Pre") else after).append(self._aside(beside, told, step))
        return [*before, *([] if self._dropped(step) else [step]), *after]

    def _call(self, call: Props | None, step: Step) -> None:
        if call is None:
            return
        facts = {
            "path": fit(step, "Sequence file", call.text("SequenceFile") or "", 500),
            "name": fit(step, "Sequence", call.text("Sequence") or "", 200),
            "version": fit(step, "Version", call.text("SequenceFileVersion") or "", 30),
        }
        step["seqCall"] = {member: text for member, text in facts.items() if text}
        if below := self._below(call):
            step["steps"] = below

    def _aside(self, beside: Props, told: str, step: Step) -> Step:
        """What the engine called before or after a step, as a step: one step holds a value or a call."""
        call: Step = {
            "group": step["group"],
            "stepType": "SequenceCall",
            "name": f"{step['name'][: 97 - len(told)]} ({told})",
        }
        self._call(beside, call)
        if beside.text("Status"):
            call["status"] = self._status(beside, call)
        elif told == "post action":
            call["status"] = step["status"]
        else:
            call["status"] = judge.of_steps(below["status"] for below in call.get("steps", ()))
        return call

    def _dropped(self, step: Step) -> bool:
        return self._drop and step["stepType"].startswith(_STEERING) and step["status"] in {"D", "P", "S"}

    def _status(self, result: Props, step: Step) -> str:
        word = result.text("Status")
        if word is None:
            return "D"  # TestStand leaves it empty where there is nothing to judge
        if word.lower() not in self._letters:
            if word.lower() in UNDER_WAY:  # a thread nobody waited for, a loop that was stopped
                say(step, f"Status: {word}")
                return "D"
            fix = f'say what it means: statuses = {{"{word}" = "P"}} in the options of the source'
            raise Refused(f"{shown(word)} is not a status", place=result.place, field="Status", fix=fix)
        return self._letters[word.lower()]

    def _facts(self, result: Props, group: str | None) -> Step:
        """What every step has, whatever kind it is."""
        kind = result.text("TS.StepType") or "Action"
        name = result.text("TS.StepName") or kind
        step: Step = {"group": group or _GROUPS.get((result.text("TS.StepGroup") or "main").lower(), "M")}
        if text := result.text("ReportText"):
            say(step, text)
        step["stepType"] = fit(step, "Step type", _TYPES.get(kind, kind), 50)
        step["name"] = fit(step, "Step name", name, 100)
        step["status"] = self._status(result, step)
        seconds = result.number("TS.TotalTime")
        if seconds is not None and 0 <= seconds < float("inf"):
            step["totTime"] = seconds
        if guid := result.text("TS.StepId"):
            step["tsGuid"] = guid[:30]
        if (number := result.whole("TS.InteractiveExeNum")) is not None:
            step["interactiveExeNum"] = number
        if server := result.text("TS.Server"):
            say(step, f"Server: {server}")
        self._failure(result, step)
        if loop := _loop(result):
            step["loop"] = loop
        if more := result.items("AdditionalResults"):
            step["additionalResults"] = rows(more)
        return step

    def _failure(self, result: Props, step: Step) -> None:
        code, text = result.whole("Error.Code"), result.text("Error.Msg")
        if code or text or result.flag("Error.Occurred"):
            step["errorCode"] = code
            if text:
                step["errorMessage"] = fit(step, "Error message", text, 200)
        if (caused := result.flag("TS.StepCausedSequenceFailure")) is not None:
            step["causedSeqFailure"] = caused
        if result.whole("TS.Id") in self._critical - {None, 0} and result.get("TS.SequenceCall") is None:
            step["causedUUTFailure"] = True


def _beside(result: Props) -> Iterator[tuple[Props, str]]:
    """The calls before and after a result: its post action, and the callbacks that have results."""
    facts = result.get("TS")
    for member in facts.members() if facts is not None else ():
        if member.name == "PostAction" and member.get("ResultList") is not None:
            yield member, "post action"
        elif (found := _CALLBACK.fullmatch(member.name)) and member.items("ResultList"):
            yield member, member.name[found.start(1) :]


def _loop(result: Props) -> dict[str, Any]:
    """A loop's summary has its counts, an iteration its index."""
    summary = {member: result.whole(f"TS.{name}", 16) for member, name in _LOOP.items()}
    if summary["num"] is not None:
        return {member: count for member, count in summary.items() if count is not None}
    index = result.whole("TS.LoopIndex", 16)
    return {} if index is None else {"idx": index}
