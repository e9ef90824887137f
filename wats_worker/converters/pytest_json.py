"""Reports of pytest-json-report: tests, and of a unit only if they say which.

The serial number and its like are user properties of any test, or entries of the environment. What else a
test records is measured: ``record_property("rail", 3.3)``, then unit, low and high.
"""

from collections.abc import Iterable, Iterator
from typing import Any, Final

from wats_worker.converters import base, conventions, measures
from wats_worker.converters.base import Refused, Source
from wats_worker.converters.conventions import Facts
from wats_worker.converters.finish import begin, finish
from wats_worker.converters.jsons import Object, double, moment, objects, one_object, text
from wats_worker.converters.texts import Step, say, shown
from wats_worker.reports import judge
from wats_worker.reports.model import Report

NAME: Final = "pytest-json-report"
TITLE: Final = "pytest-json-report"
VERSION: Final = "1.0"
#: What becomes what, for the page about formats.
MAPPING: Final = {
    "serial number, part number, revision, process": "user properties or environment, by those names or "
    "`names`",
    "start, time": "created less duration",
    "result": "exitcode, and what the tests come to",
    "steps": "a sequence per module, a step per test",
    "values, limits": "user properties of a test, each with the unit, low and high that follow it",
}

Options = conventions.Options

_MARKS: Final = (b'"created"', b'"duration"', b'"exitcode"', b'"root"', b'"environment"')
#: How far the members go that stand before the environment.
_BEGIN: Final = 4096
#: How pytest ended: it was interrupted, or broke itself.
_EXITS: Final = {2: "T", 3: "E"}
_STATUSES: Final = {
    "passed": "P",
    "xpassed": "P",
    "failed": "F",
    "error": "E",
    "skipped": "S",
    "xfailed": "S",  # was expected to fail, so it says nothing about the unit
}


def probe(head: bytes, tail: bytes, name: str) -> float:  # noqa: ARG001 - the content decides, not the name
    """0.9 for the members every such report begins with."""
    if head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] != b"{":
        return 0.0
    begin = head[:_BEGIN]
    return 0.9 if all(mark in begin for mark in _MARKS) and b'"nodeid"' in head + tail else 0.0


def convert(source: Source, options: base.Options) -> Iterable[Report]:
    """The one report of the file."""
    if not isinstance(options, Options):
        options = Options(**options.model_dump())
    yield finish(_document(one_object(source, bare_nan=True), source, options), source, options)


def _document(run: Object, source: Source, options: Options) -> dict[str, Any]:
    facts = Facts(options)
    if isinstance(environment := run.get("environment"), dict):
        for name in environment:
            facts.take(name, text(environment, name))
    groups: dict[str, list[Step]] = {}
    for test in objects(run, "tests"):
        module, _, name = text(test, "nodeid").partition("::")
        groups.setdefault(module or "Tests", []).append(_step(test, name or module, facts))
    steps = [
        measures.sequence(module, below, judge.of_steps(step["status"] for step in below))
        for module, below in groups.items()
    ]
    made: dict[str, Any] = {"type": "T", "uut": {}}
    facts.put(made)
    created, duration = double(run.get("created")), double(run.get("duration"))
    if created is not None and duration is not None:
        # The report is created when the run is over.
        made["uut"]["execTime"] = round(duration, 6)
        _begin(made, created - duration, source, options)
    made["result"] = conventions.together(
        [*_verdicts(run), *(step["status"] for below in groups.values() for step in below)]
    )
    made["root"] = measures.sequence("MainSequence Callback", steps, made["result"])
    conventions.of_a_unit(made, source, options)
    return made


def _verdicts(run: Object) -> Iterator[str]:
    """What is said about the run as a whole, besides its tests."""
    ended = run.get("exitcode")
    if isinstance(ended, int) and ended in _EXITS:
        yield _EXITS[ended]
    for collector in objects(run, "collectors"):
        if text(collector, "outcome") == "failed":  # its tests were not even found
            yield "E"


def _begin(made: dict[str, Any], seconds: float, source: Source, options: Options) -> None:
    try:
        if (start := moment(round(seconds * 1000))) is not None:
            begin(made, start, source, options)
    except (ValueError, OverflowError) as error:
        raise Refused(str(error), field="start") from None


def _step(test: Object, name: str, facts: Facts) -> Step:
    outcome = text(test, "outcome")
    if outcome not in _STATUSES:
        raise Refused(f"{shown(outcome)} is not an outcome", place=name, field="outcome")
    step = measures.passed_or_failed(name, _STATUSES[outcome])
    seconds = 0.0
    for phase in ("setup", "call", "teardown"):
        part = test.get(phase)
        if not isinstance(part, dict):
            continue
        seconds += part["duration"] if isinstance(part.get("duration"), float) else 0
        if part.get("outcome") == "passed":
            continue
        crash = part.get("crash")
        if isinstance(crash, dict) and outcome in {"failed", "error"}:
            step.setdefault("errorMessage", text(crash, "message")[:200])
        if longer := text(part, "longrepr"):
            say(step, longer)
    step["totTime"] = round(seconds, 6)
    if step["status"] != "S":
        rest = [(key, value) for key, value in _properties(test) if not facts.take(key, value, name)]
        conventions.measure(step, conventions.grouped(rest), name)
    return step


def _properties(test: Object) -> Iterator[tuple[str, str]]:
    for entry in objects(test, "user_properties"):
        for key, value in entry.items():
            # As str() has it, which is what the same tests write into JUnit XML.
            yield key, value if isinstance(value, str) else str(value)
