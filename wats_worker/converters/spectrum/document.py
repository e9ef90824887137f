"""From the outermost nodes to the report's document."""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from wats_worker.converters import measures
from wats_worker.converters.base import NotReady, Refused, Source
from wats_worker.converters.finish import begin, remember
from wats_worker.converters.spectrum.nodes import Node, nodes
from wats_worker.converters.spectrum.options import Options
from wats_worker.converters.spectrum.steps import step
from wats_worker.converters.starts import day, time_of_day
from wats_worker.converters.texts import Step, shown
from wats_worker.reports import judge

_USER: Final = re.compile(r"([^:]{1,60}):\s*(.*)", re.DOTALL)
_RESULTS: Final[Mapping[str, str]] = {
    "PASSED": "P",
    "FAILED": "F",
    "PASS": "P",
    "FAIL": "F",
    "ERROR": "E",
    "ABORTED": "T",
    "ABORT": "T",
    "TERMINATED": "T",
}
_SERIAL: Final = "Serialnumber"
_OPERATOR: Final = "Operator"
_STATUS: Final = "STATUS"
_START, _END = "StartTime", "EndTime"
#: A time such as 16:44:38:124; the last part are milliseconds.
_CLOCK: Final = re.compile(r"([0-9]{1,2}:[0-9]{2}:[0-9]{2})(?:[:.]([0-9]{1,3}))?")


def document(source: Source, options: Options) -> dict[str, Any]:
    """The report of the file in wire form.

    Raises:
        NotReady: the board's verdict is not there yet.
        Refused: a node can't be read; its line is named.
    """
    text = source.text("cp1252").replace("\r\n", "\n")
    if "\r" in text:
        raise Refused("a carriage return inside of a line: no tester ends its lines so")
    board = _Board(source, options)
    for node in nodes(text):
        board.take(node)
    return board.document()


class _Board:
    """Takes the nodes of a file one after the other and puts the report together."""

    def __init__(self, source: Source, options: Options) -> None:
        self._source = source
        self._options = options
        self._names: dict[str, str] = {}
        self._facts: dict[str, str] = {}
        self._sections: list[Step] = []
        self._began: datetime | None = None
        self._ended: datetime | None = None

    def take(self, node: Node) -> None:
        """One of the outermost nodes."""
        if node.name == "STEP":
            self._time(node)
            if not self._sections:
                self._sections.append(measures.sequence("Main", [], "P"))
            self._sections[-1]["steps"].append(step(node))
        elif node.name == "SECTION_NAME":
            self._sections.append(measures.sequence(node.text or "Section", [], "P"))
        elif node.name == "USER":
            self._user(node)
        elif node.name == "PROGRAM_NAME" and node.name in self._names:
            self._refuse("stands twice: two files in one", node, node.name)
        else:
            self._names.setdefault(node.name, node.text)

    def _time(self, node: Node) -> None:
        date, _, clock = node.word("TIME").partition(" ")
        if not date:
            return
        at = node.place
        order = self._options.date_order
        moment = datetime.combine(
            day(date, self._source, order=order, usual="mdy", place=at), time_of_day(clock, at)
        )
        self._began = self._began or moment
        self._ended = moment

    def _user(self, node: Node) -> None:
        """What the test program printed: a key and a value, as a rule."""
        found = _USER.fullmatch(node.text)
        if found is None:
            self._facts.setdefault("User", node.text)
            return
        key, value = found[1].strip(), found[2].strip()
        if key in self._facts and self._facts[key] != value:
            self._refuse(f"stands twice, with {shown(self._facts[key])} and {shown(value)}", node, key)
        self._facts[key] = value

    def _refuse(self, reason: str, node: Node, field: str) -> None:
        known = {_SERIAL: "serial number", _STATUS: "result"}
        raise Refused(reason, place=node.place, field=known.get(field, field))

    def document(self) -> dict[str, Any]:
        """The whole, once all nodes have been taken."""
        facts = self._facts
        result = self._result()
        uut: dict[str, Any] = {"user": facts.pop(_OPERATOR, "")}
        made: dict[str, Any] = {
            "type": "T",
            "pn": self._names.get("PROGRAM_NAME", ""),
            "sn": facts.pop(_SERIAL, ""),
            "result": result,
            "uut": uut,
        }
        if self._began:
            begin(made, self._began, self._source, self._options)
            if (seconds := self._seconds(facts.get(_END, ""))) is not None:
                uut["execTime"] = seconds
        for key, value in facts.items():
            if value:
                remember(made, key, value)
        if subprogram := self._names.get("SUBPROGRAM_NAME"):
            remember(made, "Sub program", subprogram)
        for section in self._sections:
            section["status"] = judge.of_steps(step["status"] for step in section["steps"])
        call = {"name": self._names["PROGRAM_NAME"][:200]} if self._names.get("PROGRAM_NAME") else {}
        root: Step = {"group": "M", "stepType": "SequenceCall", "name": "Board test", "status": result}
        made["root"] = {**root, "seqCall": call, "steps": self._sections}
        return made

    def _result(self) -> str:
        words = self._facts.pop(_STATUS, None)
        if words is None:
            raise NotReady("the board's STATUS is not there yet")
        if _START in self._facts and _END not in self._facts:
            raise NotReady("the test's EndTime is not there yet")
        word = words.upper().removeprefix("BOARD").strip()
        if word not in _RESULTS:
            raise Refused(f"{shown(words)} is not a result", field="result")
        return _RESULTS[word]

    def _seconds(self, text: str) -> float | None:
        """How long the test took, to the time at which the program says it ended."""
        found = _CLOCK.fullmatch(text)
        if self._began is None or self._ended is None:
            return None
        if found is None:
            return (self._ended - self._began) / timedelta(seconds=1)
        ended = datetime.combine(self._ended.date(), time_of_day(found[1], "the EndTime"))
        ended += timedelta(milliseconds=int((found[2] or "0").ljust(3, "0")))
        seconds = (ended - self._began) / timedelta(seconds=1)
        return seconds if seconds >= 0 else None
