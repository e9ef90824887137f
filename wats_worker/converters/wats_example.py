"""The example XML of the WATS converter kit: a header, sequences, tests with their limits.

    <TestReport>
      <Header> <SerialNumber> <PartNumber> <Revision> <StartDate> <ExecutionTime> <OperationTypeCode> ...
      <Sequence Name=>
        <NumericTest Name= Measure= LowLim= HighLim= Unit=/> <StringTest Name= Measure= Limit=/>
        <PassFailTest Name= Measure=/>

The format has no verdicts at all, so here they follow from the limits.
"""

import math
import re
from collections.abc import Iterable, Iterator
from typing import Any, Final

from lxml.etree import _Element

from wats_worker.converters import base, markup, measures
from wats_worker.converters.base import Refused, Source
from wats_worker.converters.finish import begin_iso, finish
from wats_worker.converters.texts import Step, fit, number, shown, whole
from wats_worker.reports import judge
from wats_worker.reports.model import Report

NAME: Final = "wats-example-xml"
TITLE: Final = "Example XML of the WATS converter kit"
VERSION: Final = "1.0"
#: What becomes what, for the page about formats.
MAPPING: Final = {
    "serial number, part number, revision": "SerialNumber, PartNumber, Revision",
    "process": "OperationTypeCode",
    "start, time": "StartDate, ExecutionTime",
    "result": "what the steps come to",
    "operator": "Operator",
    "steps": "NumericTest, StringTest and PassFailTest in their Sequence",
    "limits, unit": "LowLim, HighLim, Unit; Limit of a text",
    "misc infos": "every other element of the header",
}

Options = base.Options

_TEST: Final = re.compile(rb"<(?:NumericTest|StringTest|PassFailTest)\s[^>]*\bMeasure\s*=")
_TEXTS: Final = {"SerialNumber": "sn", "PartNumber": "pn", "Revision": "rev"}
_TRUTHS: Final = {"true": True, "false": False}


def probe(head: bytes, tail: bytes, name: str) -> float:  # noqa: ARG001 - the content decides, not the name
    """0.9 for the root with the header and the tests it has; each of these names could be somebody else's."""
    root = markup.root(head)
    if root is None or root.name != "TestReport" or root.namespace:
        return 0.0
    plain = head.replace(b"\0", b"")
    return 0.9 if b"<SerialNumber>" in plain and b"<Sequence" in plain and _TEST.search(plain) else 0.0


def convert(source: Source, options: base.Options) -> Iterable[Report]:
    """The one report of the file."""
    root = markup.whole(source, check=_check)
    yield finish(_document(root, source, options), source, options)


def _check(root: _Element) -> None:
    if root.tag != "TestReport":
        raise Refused(f"the root is {root.tag}, not TestReport", place=markup.place(root))


def _document(root: _Element, source: Source, options: base.Options) -> dict[str, Any]:
    header = markup.only(root, "Header")
    if header is None:
        raise Refused("the file has none", place=markup.place(root), field="Header")
    uut: dict[str, Any] = {}
    made: dict[str, Any] = {"type": "T", "uut": uut}
    facts = {child.tag: markup.text(markup.only(header, child.tag)) for child in header}
    for name, member in _TEXTS.items():
        if text := facts.pop(name, ""):
            made[member] = text
    if operator := facts.pop("Operator", ""):
        uut["user"] = operator
    try:
        if code := facts.pop("OperationTypeCode", ""):
            made["processCode"] = whole(code)
        if seconds := facts.pop("ExecutionTime", ""):
            uut["execTime"] = number(seconds)
    except ValueError as error:
        raise Refused(str(error), place=markup.place(header)) from None
    begin_iso(made, facts.pop("StartDate", ""), source, options, place=markup.place(header))
    infos = [{"description": name[:100], "text": text[:100]} for name, text in facts.items() if text]
    made["miscInfos"] = [*made.get("miscInfos", ()), *infos]
    steps = list(_steps(child for child in root if child.tag != "Header"))
    status = judge.of_steps(step["status"] for step in steps)
    made["result"] = "P" if status in {"D", "S"} else status
    made["root"] = measures.sequence("MainSequence Callback", steps, made["result"])
    return made


def _steps(elements: Iterable[_Element]) -> Iterator[Step]:
    for element in elements:
        name = element.get("Name", "").strip()
        if not name:
            raise Refused("a step without a name", place=markup.place(element), field="Name")
        match element.tag:
            case "Sequence":
                below = list(_steps(element))
                yield measures.sequence(name, below, judge.of_steps(step["status"] for step in below))
            case "NumericTest":
                yield _numeric(element, name)
            case "StringTest":
                yield _text(element, name)
            case "PassFailTest":
                yield _verdict(element, name)
            case _:
                raise Refused("no step of this format", place=markup.place(element), field=element.tag)


def _numeric(element: _Element, name: str) -> Step:
    try:
        value = number(element.get("Measure", ""))
        low, high = (number(text) if (text := element.get(side)) else None for side in ("LowLim", "HighLim"))
    except ValueError as error:
        raise Refused(str(error), place=markup.place(element), field=name) from None
    if not math.isfinite(value):
        raise Refused("nothing says whether that passes", place=markup.place(element), field=name)
    row = measures.numeric(value, "P", low=low, high=high)
    passed = judge.numeric(row["compOp"], value, row.get("lowLimit"), row.get("highLimit"))
    row["status"] = status = "P" if passed else "F"
    step = measures.numbers(name, status, [row])
    if unit := element.get("Unit"):
        row["unit"] = fit(step, "Unit", unit, 20)
    return step


def _text(element: _Element, name: str) -> Step:
    value, limit = element.get("Measure", ""), element.get("Limit")
    step = measures.noted(name, "P", value)
    if limit is not None:
        step["status"] = "P" if value == limit else "F"
        row = step["stringMeas"][0]
        row |= {"compOp": "EQ", "limit": fit(step, "Limit", limit, 100), "status": step["status"]}
    return step


def _verdict(element: _Element, name: str) -> Step:
    word = element.get("Measure", "").strip()
    if word.lower() not in _TRUTHS:
        raise Refused(f"{shown(word)} is not True or False", place=markup.place(element), field=name)
    return measures.passed_or_failed(name, "P" if _TRUTHS[word.lower()] else "F")
