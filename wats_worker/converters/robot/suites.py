"""Suites and tests, read one after the other: keywords are forgotten as soon as their messages are read."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from lxml.etree import _Element

from wats_worker.converters import conventions, markup, measures
from wats_worker.converters.base import Refused, Source
from wats_worker.converters.mapped.patterns import LONGEST_LINE, safe
from wats_worker.converters.markup import place
from wats_worker.converters.robot.options import Options
from wats_worker.converters.robot.tags import measurements
from wats_worker.converters.robot.times import times
from wats_worker.converters.texts import Step, say, shown

_STATUSES: Final = {"PASS": "P", "FAIL": "F", "SKIP": "S", "NOT RUN": "S", "NOT_RUN": "S"}
#: What a test executes. Of these, only keywords do something.
_BODY: Final = frozenset({"kw", "for", "iter", "while", "if", "branch", "try", "group"})
#: What is looked at when a suite or a test is over.
_KEPT: Final = frozenset({"doc", "meta", "metadata", "tag", "tags", "status"})
#: What fits into the text of a step.
_MOST_TEXT: Final = 100_000
_LOUD: Final = frozenset({"WARN", "ERROR", "FAIL"})


@dataclass
class Suite:
    """A suite that is over, or one that is being read."""

    name: str
    source: str = ""
    place: str = ""
    metadata: list[tuple[str, str]] = field(default_factory=list)
    tags: list[tuple[str, str]] = field(default_factory=list)  #: of its tests, those with a colon
    below: "list[Suite]" = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    verdicts: set[str] = field(default_factory=set)  #: of its own tests
    start: str = ""
    seconds: float | None = None
    status: str = ""
    text: str = ""  #: why it failed
    doc: str = ""

    def step(self) -> Step:
        """The suite as a sequence."""
        made = measures.sequence(self.name, self.steps, self.status)
        if self.seconds is not None:
            made["totTime"] = self.seconds
        if self.text:
            say(made, self.text)
        return made

    def all(self) -> "Iterator[Suite]":
        """The suite and all below it."""
        yield self
        for suite in self.below:
            yield from suite.all()


def read(source: Source, options: Options) -> Suite:
    """The suite that the file is.

    Raises:
        Refused: it is no output of Robot Framework, was only rehearsed, or has a verdict nobody knows.
    """
    reader = _Reader(options)
    # Most of such a file are messages that nobody asked for.
    messages = () if options.log == "none" and options.measurement is None else ("msg",)
    tags = ("suite", "test", *messages, *_BODY)
    for event, element in markup.events(source, check=markup.is_named("robot"), tags=tags):
        reader.see(event, element)
    return reader.done()


class _Reader:
    def __init__(self, options: Options) -> None:
        self._log = options.log
        self._pattern = safe(options.measurement) if options.measurement else None
        self._open: list[Suite] = []
        self._done: list[Suite] = []
        self._messages: dict[str, None] = {}  # in their order, each once
        self._room = 0
        self._measured: list[dict[str, str]] = []
        self._executed = self._rehearsed = 0

    def see(self, event: str, element: _Element) -> None:
        name = str(element.tag)
        if name == "suite" and _parent(element) == "statistics":
            return  # a line of the summary has the same name
        if event == "start":
            if name == "suite":
                suite = Suite(element.get("name") or "Suite", element.get("source") or "", place(element))
                self._open.append(suite)
            elif name == "test":
                self._messages, self._measured, self._room = {}, [], _MOST_TEXT
        elif name == "suite":
            self._end_suite(element)
        elif name == "test":
            self._end_test(element)
        elif name == "msg":
            self._message(element)
        elif name in _BODY:
            self._end_body(element, name)

    def done(self) -> Suite:
        if len(self._done) != 1:
            raise Refused(f"{len(self._done)} suites stand side by side", field="suite")
        if self._rehearsed and not self._executed:
            raise Refused("a dry run: no keyword was executed", field="result")
        return self._done[0]

    def _end_suite(self, element: _Element) -> None:
        suite = self._open.pop()
        suite.metadata += [
            (child.get("name", ""), child.text or "")
            for child in (*element.iterchildren("meta"), *element.findall("metadata/item"))
        ]
        status = element.find("status")
        suite.status = _letter(status, element)
        suite.start, suite.seconds = times(status)
        suite.text, suite.doc = markup.text(status), markup.text(element.find("doc"))
        if self._open:
            self._open[-1].below.append(suite)
            self._open[-1].steps.append(suite.step())
        else:
            self._done.append(suite)
        element.clear()

    def _end_test(self, element: _Element) -> None:
        if not self._open:
            raise Refused("a test outside of any suite", place=place(element))
        suite = self._open[-1]
        status = element.find("status")
        letter = _letter(status, element)
        step = measures.passed_or_failed(element.get("name") or "Test", letter)
        suite.verdicts.add(letter)
        _, seconds = times(status)
        if seconds is not None:
            step["totTime"] = seconds
        message = markup.text(status).removeprefix("*HTML*").strip()
        if message and letter == "F":
            step["errorMessage"] = message[:200]
        tags = [markup.text(tag) for tag in (*element.iterchildren("tag"), *element.findall("tags/tag"))]
        pairs = [(key, value) for key, colon, value in (tag.partition(":") for tag in tags) if colon]
        # What failed is logged as well, in the same words.
        for text in dict.fromkeys((message, markup.text(element.find("doc")), *self._messages)):
            if text:
                say(step, text)
        if letter != "S":
            conventions.measure(step, [*measurements(pairs), *self._measured], place(element))
        suite.tags += pairs
        suite.steps.append(step)
        _let_go(element)

    def _message(self, element: _Element) -> None:
        text = element.text or ""
        wanted = self._log == "all" or (self._log == "warnings" and element.get("level") in _LOUD)
        if wanted and self._room > 0:
            self._messages[text.strip()] = None
            self._room -= len(text)
        if self._pattern and len(text) <= LONGEST_LINE and (found := self._pattern.search(text)):
            self._measured.append({"name": "value", **{k: v for k, v in found.groupdict().items() if v}})

    def _end_body(self, element: _Element, name: str) -> None:
        status = element.find("status")
        word = status.get("status", "") if status is not None else ""
        if name == "kw" and not any(child.tag in _BODY for child in element):
            if word in {"NOT RUN", "NOT_RUN"}:
                self._rehearsed += 1
            else:
                self._executed += 1
        kind = (element.get("type") or "").upper()
        if _parent(element) == "suite" and kind in {"SETUP", "TEARDOWN"} and self._open:
            letter = _letter(status, element)
            step = measures.action(element.get("name") or kind.capitalize(), status=letter)
            step["group"] = "S" if kind == "SETUP" else "C"
            if text := markup.text(status):
                say(step, text)
            self._open[-1].steps.append(step)
        _let_go(element)


def _parent(element: _Element) -> str:
    parent = element.getparent()
    return str(parent.tag) if parent is not None else ""


def _let_go(element: _Element) -> None:
    """Empty an element, and remove those before it: the parser itself still needs the last one."""
    parent = element.getparent()
    while parent is not None and (before := element.getprevious()) is not None and before.tag not in _KEPT:
        parent.remove(before)
    element.clear()


def _letter(status: _Element | None, element: _Element) -> str:
    word = status.get("status", "") if status is not None else ""
    if word not in _STATUSES:
        raise Refused(f"{shown(word)} is not a status", place=place(element), field="result")
    return _STATUSES[word]
