"""JUnit XML, as pytest and many others write it: a report of tests, and of a unit only if it says which.

    <testsuites> <testsuite name= timestamp= hostname= time=>
      <properties> <property name="serial_number" value=/>
      <testcase classname= name= time=>
        <properties> <property name="rail" value="3.3"/> <property name="unit" value="V"/>
        <failure message=> | <error message=> | <skipped message=>

Runs of software have no serial number, and are refused.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any, Final

from lxml.etree import _Element

from wats_worker.converters import base, conventions, markup, measures
from wats_worker.converters.base import Refused, Source
from wats_worker.converters.clock import read_iso
from wats_worker.converters.conventions import Facts
from wats_worker.converters.finish import begin_iso, finish, once
from wats_worker.converters.texts import Step, number, say
from wats_worker.reports import judge
from wats_worker.reports.model import Report

NAME: Final = "junit-xml"
TITLE: Final = "JUnit XML (pytest and others)"
VERSION: Final = "1.0"

Options = conventions.Options

_ROOTS: Final = frozenset({"testsuites", "testsuite"})
_TESTS: Final = re.compile(rb"<(?:testcase|testsuite)\s")
_STATUSES: Final = {"failure": "F", "error": "E", "skipped": "S"}
_OUTPUTS: Final = frozenset({"system-out", "system-err"})


def probe(head: bytes, tail: bytes, name: str) -> float:  # noqa: ARG001 - the content decides, not the name
    """0.7: many tools write files like this, and most of them of software."""
    root = markup.root(head)
    if root is None or root.name not in _ROOTS or root.namespace:
        return 0.0
    return 0.7 if _TESTS.search(head.replace(b"\0", b"")) else 0.0


def convert(source: Source, options: base.Options) -> Iterable[Report]:
    """The reports of the file: one, or one for each suite if they are of different units."""
    if not isinstance(options, Options):
        options = Options(**options.model_dump())
    return once(_reports(source, options))


def _reports(source: Source, options: Options) -> Iterator[Report]:
    root = markup.whole(source, check=markup.is_named(*_ROOTS))
    suites = [root] if root.tag == "testsuite" else list(root.iterchildren("testsuite"))
    serials = {suite: _facts([suite], options).serial for suite in suites}
    if len(set(serials.values()) - {""}) > 1:
        for suite in suites:
            yield finish(_document([suite], source, options), source, options, place=markup.place(suite))
    else:
        yield finish(_document(suites, source, options), source, options)


def _facts(suites: Iterable[_Element], options: Options) -> Facts:
    facts = Facts(options)
    for suite in suites:
        for element in suite.iter("property"):
            facts.take(element.get("name", ""), _value(element), markup.place(element))
    return facts


def _value(element: _Element) -> str:
    return element.get("value") or element.text or ""


def _document(suites: list[_Element], source: Source, options: Options) -> dict[str, Any]:
    facts = _facts(suites, options)
    made: dict[str, Any] = {"type": "T", "uut": {}}
    steps = [_suite(suite, facts) for suite in suites]
    texts: list[str] = []
    if len(steps) == 1:  # it says the same as the root
        [only] = steps
        steps, texts = only["steps"], [only.get("reportText", "")]
    hosts = {suite.get("hostname", "") for suite in suites} - {""}
    if len(hosts) == 1:
        made["machineName"] = hosts.pop()
    facts.put(made, source)
    starts = [start for suite in suites if (start := suite.get("timestamp", "").strip())]
    begin_iso(made, _earliest(starts), source, options, place=markup.place(suites[0]) if suites else None)
    seconds = [_seconds(suite) for suite in suites]
    if any(seconds):
        made["uut"]["execTime"] = round(sum(second or 0 for second in seconds), 6)
    made["result"] = conventions.together(_verdicts(suites, source))
    made["root"] = measures.sequence("MainSequence Callback", steps, made["result"])
    _say(made["root"], texts)
    return made


def _verdicts(suites: Iterable[_Element], source: Source) -> Iterator[str]:
    """Of all tests, and what the counts of their suites say beyond them."""
    for suite in suites:
        found: set[str] = set()
        for case in suite.iter("testcase"):
            told = {_STATUSES[str(child.tag)] for child in case if child.tag in _STATUSES} or {"P"}
            yield from told
            found |= told
        for counted, status in (("failures", "F"), ("errors", "E")):
            if status not in found and suite.get(counted, "0").strip() not in {"", "0"}:
                source.warn(f"{counted}={suite.get(counted)!r} at {markup.place(suite)}, and no test has any")
                yield status


def _earliest(starts: list[str]) -> str:
    """The first of several starts. One that can't be read is told when it is looked at."""
    try:
        return min(starts, key=lambda start: read_iso(start).timestamp(), default="")
    except ValueError:
        return starts[0]


def _suite(suite: _Element, facts: Facts) -> Step:
    """A suite, with a sequence for each class of tests in it."""
    steps: list[Step] = []
    texts: list[str] = []
    group: Step | None = None
    for child in suite:
        if child.tag == "testsuite":
            steps.append(_suite(child, facts))
            group = None
        elif child.tag == "properties":
            for element in child:
                if not facts.take(element.get("name", ""), _value(element)):
                    facts.keep(element.get("name", ""), _value(element))
        elif child.tag == "testcase":
            step, name = _case(child, facts), child.get("classname", "")
            if not name or name == suite.get("name"):
                steps.append(step)
                continue
            if group is None or group["name"] != name[:100]:
                group = measures.sequence(name, [], "P")
                steps.append(group)
            group["steps"].append(step)
            group["status"] = judge.of_steps(below["status"] for below in group["steps"])
        elif child.tag in _OUTPUTS:
            texts.append(child.text or "")
    status = judge.of_steps(step["status"] for step in steps)
    made = measures.sequence(suite.get("name") or "Tests", steps, status)
    _say(made, texts)
    return made


def _case(case: _Element, facts: Facts) -> Step:
    status, message = "P", ""
    properties: list[tuple[str, str]] = []
    texts: list[str] = []
    for child in case:
        tag = str(child.tag)
        if tag in _STATUSES:
            # A test can fail and then break while cleaning up.
            status = _STATUSES[tag] if status == "P" else judge.of_steps((status, _STATUSES[tag]))
            message = message or child.get("message", "")
            texts += [child.get("message", ""), child.text or ""]
        elif tag == "properties":
            properties += [(element.get("name", ""), _value(element)) for element in child]
        elif tag in _OUTPUTS:
            texts.append(child.text or "")
    step = measures.passed_or_failed(case.get("name") or "Test", status)
    _say(step, texts)
    if message and status in {"F", "E"}:
        step["errorMessage"] = message[:200]
    if (seconds := _seconds(case)) is not None:
        step["totTime"] = seconds
    if status != "S":
        rest = [(name, value) for name, value in properties if not facts.take(name, value)]
        conventions.measure(step, rest, markup.place(case))
    return step


def _say(step: Step, texts: Iterable[str]) -> None:
    for text in texts:
        if text.strip():
            say(step, text.strip())


def _seconds(element: _Element) -> float | None:
    written = element.get("time", "").replace(",", "")  # some writers put commas between thousands
    if not written.strip():
        return None
    try:
        seconds = number(written)
    except ValueError as error:
        raise Refused(str(error), place=markup.place(element), field="time") from None
    return seconds if 0 <= seconds < float("inf") else None
