"""Which units an output is about, and the report of each."""

from collections.abc import Iterator
from typing import Any, Final

from wats_worker.converters import conventions, measures
from wats_worker.converters.base import Source
from wats_worker.converters.clock import read_iso
from wats_worker.converters.conventions import Facts
from wats_worker.converters.finish import begin_iso, finish
from wats_worker.converters.robot.options import Options
from wats_worker.converters.robot.suites import Suite, read
from wats_worker.converters.texts import fit, say
from wats_worker.reports.model import Report

_RESULTS: Final = {"P": "P", "F": "F", "S": "P"}


def reports(source: Source, options: Options) -> Iterator[Report]:
    """The report of each unit, in the order of the file."""
    for suite, above in _units(read(source, options), options, []):
        made = _document(suite, above, source, options)
        yield finish(made, source, options, place=f"the suite in {suite.place}")


def _units(suite: Suite, options: Options, above: list[Suite]) -> Iterator[tuple[Suite, list[Suite]]]:
    """The suites that are of one unit each, and those around them.

    A suite with a serial number of its own is a unit, with all that is in it. So is one whose parts are all
    of the same unit, unless it is only a collection of runs, which has no start.
    """
    serials = {found for part in suite.all() if (found := _facts([part], options).serial)}
    own = _facts([suite], options).serial
    if own or not suite.below or len(serials) == 0 or (len(serials) == 1 and suite.start):
        yield suite, above
        return
    for part in suite.below:
        yield from _units(part, options, [*above, suite])


def _facts(suites: list[Suite], options: Options) -> Facts:
    facts = Facts(options)
    for suite in suites:
        for name, value in (*suite.metadata, *suite.tags):
            facts.take(name, value, suite.place)
    return facts


def _document(suite: Suite, above: list[Suite], source: Source, options: Options) -> dict[str, Any]:
    parts = list(suite.all())
    facts = _facts([*above, *parts], options)
    for part in (*above, *parts):
        for name, value in part.metadata:
            if not facts.take(name, value):
                facts.keep(name, value)
    made: dict[str, Any] = {"type": "T", "uut": {}}
    facts.put(made)
    begin_iso(made, _start(parts), source, options, place=suite.place)
    if suite.seconds is not None:
        made["uut"]["execTime"] = suite.seconds
    if suite.doc:
        made["uut"]["comment"] = suite.doc[:5000]
    conventions.together(verdict for part in parts for verdict in part.verdicts)  # something was run
    made["result"] = _RESULTS[suite.status]
    root = made["root"] = measures.sequence("MainSequence Callback", suite.steps, made["result"])
    root["seqCall"] = {"name": fit(root, "Suite", suite.name, 200)}
    if suite.source:
        root["seqCall"]["path"] = fit(root, "Suite file", suite.source, 500)
    if suite.text:
        say(root, suite.text)
    conventions.of_a_unit(made, source, options)
    return made


def _start(parts: list[Suite]) -> str:
    """When the suite began, or else the first part of it that says so."""
    starts = [part.start for part in parts if part.start]
    if parts[0].start or not starts:
        return parts[0].start
    try:
        return min(starts, key=read_iso)
    except (ValueError, TypeError):
        return starts[0]  # it is told when it is looked at
