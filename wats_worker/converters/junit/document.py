"""Which units the tests of a file are of, and the report of each."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from wats_worker.converters import conventions, measures
from wats_worker.converters.base import Refused, Source
from wats_worker.converters.clock import read_iso
from wats_worker.converters.conventions import Facts, Options
from wats_worker.converters.finish import begin_iso, finish
from wats_worker.converters.junit.suites import Case, Suite, read
from wats_worker.converters.texts import Step, say
from wats_worker.reports import judge
from wats_worker.reports.model import Report


@dataclass(frozen=True)
class _Unit:
    """The suites of a unit, and those around them."""

    suites: list[Suite]
    around: list[Suite]


def reports(source: Source, options: Options) -> Iterator[Report]:
    """The report of each unit, in the order of the file."""
    root = read(source)
    for unit in _units(root, [], options):
        place = unit.suites[0].place if unit.suites else root.place
        yield finish(_Document(unit, source, options).made(), source, options, place=f"the suite in {place}")


def _units(suite: Suite, around: list[Suite], options: Options) -> Iterator[_Unit]:
    """One for all suites of one unit, else one for each suite, else one for each unit of a suite's tests."""
    serials = _serials(suite, options)
    own = [part for part in suite.parts if isinstance(part, Case)]
    if len(serials) < 2:
        if suite.is_root and suite.suites and not own:
            yield _Unit(suite.suites, [suite])
        else:
            yield _Unit([suite], around)
    elif own:
        if any(not _of_case(case, options) for case in suite.cases()):
            fix = "give each test a serial number, or its unit a suite of its own"
            raise Refused(
                f"tests of {len(serials)} units, and some of none",
                place=suite.place,
                field="serial number",
                fix=fix,
            )
        for share in _split(suite, options).values():
            yield _Unit([share], around)
    else:
        for part in suite.suites:
            if any(True for _ in part.cases()):  # an empty suite tells nothing
                yield from _units(part, [suite, *around], options)


def _split(suite: Suite, options: Options) -> dict[str, Suite]:
    """The share of each unit in a suite, by serial numbers. What the suite counts is of all of them."""
    shares: dict[str, Suite] = {}

    def share(serial: str) -> Suite:
        return shares.setdefault(serial, replace(suite, parts=[], counts={}))

    for part in suite.parts:
        if isinstance(part, Case):
            share(_of_case(part, options)).parts.append(part)
        else:
            for serial, inner in _split(part, options).items():
                share(serial).parts.append(inner)
    return shares


def _serials(suite: Suite, options: Options) -> list[str]:
    found = [_of_pairs(part.properties, part.place, options) for part in suite.all()]
    found += [_of_case(case, options) for case in suite.cases()]
    return [serial for serial in dict.fromkeys(found) if serial]


def _of_case(case: Case, options: Options) -> str:
    return _of_pairs(case.properties, case.place, options)


def _of_pairs(pairs: Iterable[tuple[str, str]], place: str, options: Options) -> str:
    facts = Facts(options)
    for name, value in pairs:
        facts.take(name, value, place)
    return facts.serial


class _Document:
    def __init__(self, unit: _Unit, source: Source, options: Options) -> None:
        self._unit = unit
        self._source = source
        self._options = options
        self._facts = Facts(options)
        self._verdicts: set[str] = set()

    def made(self) -> dict[str, Any]:
        suites = self._unit.suites
        around = self._unit.around
        for suite in around:
            self._properties(suite)
        steps = [self._suite(suite) for suite in suites]
        texts: list[str] = []
        if len(steps) == 1:  # it says the same as the root
            [only] = steps
            steps, texts = only["steps"], [only.get("reportText", "")]
        made: dict[str, Any] = {"type": "T", "uut": {}}
        hosts = {suite.host for suite in suites} - {""}
        if len(hosts) == 1:
            made["machineName"] = hosts.pop()
        self._facts.put(made)
        start = self._start([*suites, *(around if len(suites) > 1 else [])])
        begin_iso(made, start, self._source, self._options, place=suites[0].place if suites else None)
        seconds = [suite.seconds for suite in suites]
        if any(seconds):
            made["uut"]["execTime"] = round(sum(second or 0 for second in seconds), 6)
        made["result"] = conventions.together(self._verdicts)
        made["root"] = measures.sequence("MainSequence Callback", steps, made["result"])
        _say(made["root"], texts)
        conventions.of_a_unit(made, self._source, self._options)
        return made

    def _properties(self, suite: Suite) -> None:
        for name, value in suite.properties:
            if not self._facts.take(name, value, suite.place):
                self._facts.keep(name, value)

    def _start(self, suites: list[Suite]) -> str:
        """The first of several starts. One that can't be read is told when it is looked at."""
        starts = [suite.start for suite in suites if suite.start]
        starts = starts or [case.start for suite in suites for case in suite.cases() if case.start]
        try:
            return min(starts, key=lambda start: read_iso(start).timestamp(), default="")
        except ValueError:
            return starts[0]

    def _suite(self, suite: Suite) -> Step:
        """A suite, with a sequence for each class of tests in it."""
        self._properties(suite)
        steps: list[Step] = []
        groups: list[Step] = []
        group: Step | None = None
        for part in suite.parts:
            if isinstance(part, Suite):
                steps.append(self._suite(part))
                group = None
                continue
            step = self._case(part)
            self._verdicts |= part.told
            if not part.group or part.group == suite.name:
                steps.append(step)
                continue
            if group is None or group["name"] != part.group[:100]:
                group = measures.sequence(part.group, [], "P")
                groups.append(group)
                steps.append(group)
            group["steps"].append(step)
        for group in groups:
            group["status"] = judge.of_steps(below["status"] for below in group["steps"])
        self._verdicts |= self._counted(suite)
        made = measures.sequence(
            suite.name or "Tests", steps, judge.of_steps(step["status"] for step in steps)
        )
        _say(made, suite.texts)
        return made

    def _counted(self, suite: Suite) -> set[str]:
        """What a suite counts, and none of its tests has."""
        told = set().union(*(case.told for case in suite.cases()))
        missing = set()
        for name, status in (("failures", "F"), ("errors", "E")):
            if status not in told and suite.counts.get(name, "0") not in {"", "0"}:
                self._source.warn(f"{name}={suite.counts[name]!r} at {suite.place}, and no test has any")
                missing.add(status)
        return missing

    def _case(self, case: Case) -> Step:
        step = measures.passed_or_failed(case.name, case.status)
        _say(step, case.texts)
        if case.message and case.status in {"F", "E"}:
            step["errorMessage"] = case.message[:200]
        if case.seconds is not None:
            step["totTime"] = case.seconds
        rest = [pair for pair in case.properties if not self._facts.take(*pair, case.place)]
        if case.status != "S":
            conventions.measure(step, conventions.grouped(rest), case.place)
        return step


def _say(step: Step, texts: Iterable[str]) -> None:
    for text in texts:
        if text.strip():
            say(step, text.strip())
