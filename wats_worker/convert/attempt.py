"""One try at one file: choose its converter, run it in the jail, check what comes back.

The pipeline does this with a claimed file, and `wats-worker converters test` with any file a person names.
The reports go into a tray as they come; whether they are kept is for whoever holds it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from wats_worker.convert.accept import Acceptance, Accepted, Tray
from wats_worker.convert.choose import NoChoice, Thresholds, choose
from wats_worker.convert.disposal import Absent, Quarantine
from wats_worker.convert.known import NOTHING, Known
from wats_worker.convert.rules import AUTO, Rule
from wats_worker.convert.workshop import ConverterAbsent, Workshop
from wats_worker.sandbox.outcome import Broken, Converted, Fault, Outcome, Probed, Refusal, Unready, Usage

#: Nothing is asked again of a file that used up its time already.
_OUT_OF_TIME: Final = frozenset({Fault.TIMED_OUT, Fault.CPU_LIMIT})


@dataclass(frozen=True)
class Attempt:
    """What came of it."""

    #: What is to be known of the reports, or why there are none.
    result: tuple[Accepted, ...] | Quarantine | Refusal | Unready | Broken | Absent
    converter: str = ""  #: empty if none was chosen
    version: str = ""  #: the converter's
    options: Mapping[str, Any] = field(default_factory=dict)  #: what it was told
    terms: str = ""  #: what was enforced, and what the converter was granted
    scores: Mapping[str, float] = field(default_factory=dict)  #: empty if nobody was asked
    warnings: tuple[str, ...] = ()
    usage: Usage = field(default_factory=Usage)  #: of the conversion


def attempt(
    file_id: str,
    path: Path,
    name: str,
    rule: Rule,
    *,
    tray: Tray,
    workshop: Workshop,
    thresholds: Thresholds,
    known: Known = NOTHING,
) -> Attempt:
    """Try to turn a file into reports. All of them pass, or none goes on.

    Args:
        file_id: What the ids of the reports are made from.
        path: Where the file lies.
        name: The name it came with.
        rule: Who converts it, with which options.
        tray: Where the reports go. What lies there counts only if the result is reports.
        workshop: The converters.
        thresholds: How sure one has to be to be chosen.
        known: What is known of the server.

    Raises:
        OSError: the file can't be read.
        JailUnavailable: the jail can't be built.
    """
    rule = replace(rule, options={**known.options, **rule.options})
    taking = Acceptance(file_id, tray, known)
    chosen, outcome = _choose(path, name, rule, workshop, thresholds, taking)
    if chosen.result:
        return chosen
    if outcome is None:
        taking.start_over()
        try:
            outcome = workshop.convert(path, name, chosen.converter, rule.options, take=taking.take)
        except ConverterAbsent as absent:
            return replace(chosen, result=Absent(str(absent)))
    tried = replace(
        chosen,
        version=workshop.version(chosen.converter),
        options=rule.options,
        terms=workshop.terms(chosen.converter),
        usage=outcome.usage,
    )
    if not isinstance(outcome, Converted):
        return replace(tried, result=outcome)
    warnings = dict.fromkeys([*tried.warnings, *outcome.warnings, *taking.warnings()])
    return replace(tried, result=taking.result(), warnings=tuple(warnings))


def _choose(
    path: Path, name: str, rule: Rule, workshop: Workshop, thresholds: Thresholds, taking: Acceptance
) -> tuple[Attempt, Outcome | None]:
    """An attempt with its converter, and without a result as long as there is one.

    The conversion's outcome comes with it if the chosen one has converted the file in the run that asked it.
    """
    if rule.converter != AUTO:
        return Attempt((), rule.converter), None
    probed = workshop.probe(path, name, then=rule.options, take=taking.take)
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
