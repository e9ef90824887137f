"""One try at one file: choose its converter, run it in the jail, check what comes back. Nothing is saved.

The pipeline does this with a claimed file, and `wats-worker converters test` with any file a person names.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final
from uuid import NAMESPACE_URL, uuid5

from wats_worker.convert.choose import NoChoice, Thresholds, choose
from wats_worker.convert.disposal import Absent, Quarantine
from wats_worker.convert.rules import AUTO, Rule
from wats_worker.convert.workshop import ConverterAbsent, Workshop
from wats_worker.reports import wsjf
from wats_worker.reports.model import Report
from wats_worker.reports.tidy import tidy
from wats_worker.reports.validate import check
from wats_worker.sandbox.outcome import Broken, Converted, Fault, Outcome, Probed, Refusal, Unready, Usage

#: Name space of the ids made here. It must never change: reports made with it are out there.
_REPORT_IDS: Final = uuid5(NAMESPACE_URL, "urn:wats-worker:reports")

#: Nothing is asked again of a file that used up its time already.
_OUT_OF_TIME: Final = frozenset({Fault.TIMED_OUT, Fault.CPU_LIMIT})


def report_id(file_id: str, position: int) -> str:
    """The id of a file's n-th report, the same at every attempt.

    >>> report_id("0" * 32, 0)
    'a520dd0b-2b50-5755-ba0b-446e6aa5dfec'
    """
    return str(uuid5(_REPORT_IDS, f"{file_id}:{position}"))


@dataclass(frozen=True)
class Accepted:
    """One report that passed every check, and the id it goes by here."""

    report_id: str
    report: Report


@dataclass(frozen=True)
class Attempt:
    """What came of it."""

    #: The reports, or why there are none.
    result: tuple[Accepted, ...] | Quarantine | Refusal | Unready | Broken | Absent
    converter: str = ""  #: empty if none was chosen
    terms: str = ""  #: what was enforced, and what the converter was granted
    scores: Mapping[str, float] = field(default_factory=dict)  #: empty if nobody was asked
    warnings: tuple[str, ...] = ()
    usage: Usage = field(default_factory=Usage)  #: of the conversion


def attempt(
    file_id: str, path: Path, name: str, rule: Rule, *, workshop: Workshop, thresholds: Thresholds
) -> Attempt:
    """Try to turn a file into reports. All of them pass, or none goes on.

    Args:
        file_id: What the ids of the reports are made from.
        path: Where the file lies.
        name: The name it came with.
        rule: Who converts it, with which options.
        workshop: The converters.
        thresholds: How sure one has to be to be chosen.

    Raises:
        OSError: the file can't be read.
        JailUnavailable: the jail can't be built.
    """
    chosen, outcome = _choose(path, name, rule, workshop, thresholds)
    if chosen.result:
        return chosen
    if outcome is None:
        try:
            outcome = workshop.convert(path, name, chosen.converter, rule.options)
        except ConverterAbsent as absent:
            return replace(chosen, result=Absent(str(absent)))
    tried = replace(chosen, terms=workshop.terms(chosen.converter), usage=outcome.usage)
    if not isinstance(outcome, Converted):
        return replace(tried, result=outcome)
    warnings = [*tried.warnings, *outcome.warnings]
    return replace(tried, result=accept(file_id, outcome, warnings), warnings=tuple(warnings))


def accept(file_id: str, outcome: Converted, warnings: list[str]) -> tuple[Accepted, ...] | Quarantine:
    """Read the child's reports as strictly as a stranger's; what is only doubtful goes to ``warnings``."""
    accepted = []
    for position, document in enumerate(outcome.reports):
        place = f"report {position + 1} of {len(outcome.reports)}"
        try:
            report = wsjf.load(document, draft=True)
        except (wsjf.NotJson, wsjf.InvalidReport) as error:
            return Quarantine(f"the converter's report is not valid: {error}", place)
        ours = report_id(file_id, position)
        report, notes = tidy(report if report.id else report.model_copy(update={"id": ours}))
        warnings += notes
        for finding in check(report):
            if finding.level != "warn":
                return Quarantine(finding.text, f"{place}, {finding.path}", fix=finding.fix)
            warnings.append(f"{finding.path}: {finding.text}")
        accepted.append(Accepted(ours, report))
    return tuple(accepted)


def _choose(
    path: Path, name: str, rule: Rule, workshop: Workshop, thresholds: Thresholds
) -> tuple[Attempt, Outcome | None]:
    """An attempt with its converter, and without a result as long as there is one.

    The conversion's outcome comes with it if the chosen one has converted the file in the run that asked it.
    """
    if rule.converter != AUTO:
        return Attempt((), rule.converter), None
    probed = workshop.probe(path, name, then=rule.options)
    if isinstance(probed, Broken) and probed.kind not in _OUT_OF_TIME:
        probed = workshop.probe(path, name)  # it may have broken over the conversion: tell them apart
    if isinstance(probed, Broken):
        return Attempt(probed, usage=probed.usage), None
    choice = choose(probed.scores, thresholds)
    if isinstance(choice, NoChoice):
        reason = _with_faults(choice.reason, probed)
        return Attempt(Quarantine(reason, fix=choice.fix), scores=probed.scores, usage=probed.usage), None
    warnings = (choice.warning,) if choice.warning else ()
    tried = probed.tried if probed.tried and probed.tried.converter == choice.converter else None
    chosen = Attempt((), choice.converter, scores=probed.scores, warnings=warnings)
    return chosen, tried.outcome if tried else None


def _with_faults(reason: str, probed: Probed) -> str:
    faults = "; ".join(f"{name} could not be asked: {fault}" for name, fault in probed.faults.items())
    return f"{reason} ({faults})" if faults else reason
