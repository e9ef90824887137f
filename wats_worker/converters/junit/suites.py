"""Suites and tests as they are read: what an element says is kept, and the element let go of."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from lxml.etree import _Element

from wats_worker.converters import markup
from wats_worker.converters.base import Refused, Source
from wats_worker.converters.markup import place
from wats_worker.converters.texts import number
from wats_worker.reports import judge

Pair = tuple[str, str]

_STATUSES: Final = {"failure": "F", "error": "E", "skipped": "S"}
#: What some writers say in an attribute, in place of an element or beside it.
_WORDS: Final = {
    **dict.fromkeys(("notrun", "disabled", "skipped", "suppressed", "ignored", "pending"), "S"),
    **dict.fromkeys(("fail", "failed", "failure"), "F"),
    "error": "E",
}
#: Failures that a later try made good; they are told, and judge nothing.
_FLAKY: Final = frozenset({"flakyFailure", "flakyError", "rerunFailure", "rerunError"})
_OUTPUTS: Final = frozenset({"system-out", "system-err"})
#: A property in what a test has printed, for frameworks that write no others.
_PRINTED: Final = re.compile(r"\[\[PROPERTY\|([^=\]]{1,100})=([^\]]{0,1000})\]\]")
#: Attributes of a test that are none of its own. GoogleTest once wrote what was recorded beside them.
_KNOWN: Final = frozenset(
    {
        "name", "classname", "time", "status", "result", "timestamp", "file", "line", "id", "assertions",
        "type_param", "value_param", "package", "url", "class", "hostname",
    }
)  # fmt: skip


@dataclass
class Case:
    """One test."""

    name: str
    group: str
    status: str
    place: str
    seconds: float | None
    start: str
    told: set[str] = field(default_factory=set)  #: a test can fail, and then break while cleaning up
    message: str = ""
    texts: list[str] = field(default_factory=list)
    properties: list[Pair] = field(default_factory=list)


@dataclass
class Suite:
    """A suite, or the element around all of them."""

    name: str
    place: str
    is_root: bool = False  #: the element around them, which is no suite itself
    host: str = ""
    start: str = ""
    seconds: float | None = None
    counts: dict[str, str] = field(default_factory=dict)
    properties: list[Pair] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    parts: "list[Suite | Case]" = field(default_factory=list)

    @property
    def suites(self) -> "list[Suite]":
        """Those right below it."""
        return [part for part in self.parts if isinstance(part, Suite)]

    def all(self) -> "Iterator[Suite]":
        """The suite and all below it."""
        yield self
        for suite in self.suites:
            yield from suite.all()

    def cases(self) -> Iterator[Case]:
        """All tests, in their order."""
        for part in self.parts:
            if isinstance(part, Suite):
                yield from part.cases()
            else:
                yield part


def read(source: Source) -> Suite:
    """The root of the file.

    Raises:
        Refused: it is no JUnit XML, or a time in it is none, or the file is too large.
    """
    source.must_fit()  # whose unit a suite is of may be told behind all of them
    open_suites: list[Suite] = []
    done: list[Suite] = []
    tags = ("testsuites", "testsuite", "testcase")
    check = markup.is_named("testsuites", "testsuite")
    for event, element in markup.events(source, check=check, tags=tags):
        if element.tag == "testcase":
            if event == "end":
                open_suites[-1].parts.append(_case(element))
                _let_go(element)
        elif event == "start":
            open_suites.append(_suite(element))
        else:
            suite = open_suites.pop()
            _close(suite, element)
            (open_suites[-1].parts if open_suites else done).append(suite)
            _let_go(element)
    return done[0]


def _let_go(element: _Element) -> None:
    """Empty an element, and remove tests and suites before it: the parser itself still needs the last one."""
    parent = element.getparent()
    while parent is not None and (before := element.getprevious()) is not None:
        if before.tag not in {"testcase", "testsuite"}:
            break
        parent.remove(before)
    element.clear()


def _suite(element: _Element) -> Suite:
    return Suite(
        name=element.get("name", ""),
        place=place(element),
        is_root=element.tag == "testsuites",
        host=element.get("hostname", ""),
        start=element.get("timestamp", "").strip(),
        seconds=_seconds(element),
        counts={name: element.get(name, "0").strip() for name in ("failures", "errors")},
    )


def _close(suite: Suite, element: _Element) -> None:
    for child in element:
        if child.tag == "properties":
            suite.properties += _properties(child)
        elif child.tag in _OUTPUTS:
            suite.texts.append(child.text or "")


def _case(element: _Element) -> Case:
    said = _WORDS.get(element.get("status", "").lower()) or _WORDS.get(element.get("result", "").lower())
    case = Case(
        name=element.get("name") or "Test",
        group=element.get("classname", ""),
        status=said or "P",
        place=place(element),
        seconds=_seconds(element),
        start=element.get("timestamp", "").strip(),
    )
    for child in element:
        tag = str(child.tag)
        if tag in _STATUSES:
            case.told.add(_STATUSES[tag])
            case.message = case.message or child.get("message", "")
            case.texts += [child.get("message", ""), child.text or ""]
        elif tag == "properties":
            case.properties += _properties(child)
        elif tag in _OUTPUTS:
            case.texts.append(child.text or "")
            case.properties += _PRINTED.findall(child.text or "")
        elif tag in _FLAKY:
            case.texts.append(f"{tag}: {child.get('message', '')}")
    if case.told:
        case.status = judge.of_steps(case.told)
    else:
        case.told.add(case.status)
    if not case.properties and element.get("status") == "run":
        case.properties = [(str(name), str(value)) for name, value in element.items() if name not in _KNOWN]
    return case


def _properties(element: _Element) -> list[Pair]:
    return [
        (child.get("name", ""), child.get("value") or child.text or "")
        for child in element.iterchildren("property")
    ]


def _seconds(element: _Element) -> float | None:
    written = element.get("time", "").replace(",", "")  # some writers put commas between thousands
    if not written.strip():
        return None
    try:
        seconds = number(written)
    except ValueError as error:
        raise Refused(str(error), place=place(element), field="time") from None
    return seconds if 0 <= seconds < float("inf") else None
