"""One file tried in the jail as the line would, and what came of it. Nothing is saved, sent or moved."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any, Final

from wats_worker.app.known import offline
from wats_worker.convert.accept import Pile
from wats_worker.convert.attempt import Attempt, attempt
from wats_worker.convert.checks import check_source
from wats_worker.convert.disposal import Absent, Quarantine
from wats_worker.convert.rules import AUTO, Rule, rule, thresholds
from wats_worker.convert.workshop import Workshop
from wats_worker.sandbox.errors import JailUnavailable
from wats_worker.sandbox.outcome import Broken, Refusal, Unready
from wats_worker.settings import AnySource, WorkerSettings
from wats_worker.spool.names import Identity

#: Facts that an operator has to configure where a file has none, and what stands for them here meanwhile.
STAND_INS: Final[Mapping[str, tuple[str, str | int]]] = {
    "part number": ("part_number", "(not set)"),
    "process code": ("process_code", 0),
}


class Untriable(Exception):
    """The file can't even be tried; the text says why."""


@dataclass(frozen=True)
class Trial:
    """What came of a file."""

    attempt: Attempt
    #: The reports as they would be sent.
    reports: Pile
    #: What the line would have refused it for; in the attempt something stands in for it.
    missing: tuple[Refusal, ...] = ()


def try_file(file: Path, name: str, settings: WorkerSettings, source: AnySource, *, scratch: Path) -> Trial:
    """Do with a file what a convert worker does, up to the checked reports.

    A file that lacks only what a source can say is tried on with something in its place, so that one sees at
    once all that is to be configured, and what it would give.

    Args:
        file: Where its bytes are.
        name: What it is called.
        settings: The whole configuration.
        source: Whose converter and options count.
        scratch: Where jails may write.

    Raises:
        Untriable: there is no such converter, its options are wrong, or the jail can't be had.
    """
    with Workshop(settings, scratch=scratch, pool=source.pool) as workshop:
        absence = workshop.roster.absence(source.converter)
        if absence and source.converter != AUTO:
            raise Untriable(f"{absence}; 'wats-worker converters list' shows what there is")
        if wrong := list(check_source(source, workshop.roster)):
            raise Untriable("\n".join(map(str, wrong)))
        try:
            return _tried(file, name, settings, source, workshop)
        except (JailUnavailable, OSError) as problem:
            raise Untriable(str(problem)) from problem


def _tried(file: Path, name: str, settings: WorkerSettings, source: AnySource, workshop: Workshop) -> Trial:
    identity, pile, missing = Identity(source.name), Pile(), list[Refusal]()
    applied, known = rule(source, settings), offline(settings)
    identity.feed(file.read_bytes())
    while True:
        tried = attempt(
            identity.file_id,
            file,
            name,
            applied,
            tray=pile,
            workshop=workshop,
            thresholds=thresholds(settings.pool(source.pool)),
            known=known,
        )
        lacking = _lacking(tried, applied)
        if lacking is None:
            return Trial(tried, pile, tuple(missing))
        missing.append(lacking)
        option, stand_in = STAND_INS[lacking.field or ""]
        applied = replace(applied, options={**applied.options, option: stand_in})
        known = replace(known, processes=None)  # it does not know what stands in


def tell(trial: Trial, *, most: int | None = None) -> dict[str, Any]:
    """What came of it, for a script: as it would in the line, so with nothing standing in for anything.

    Args:
        trial: What came of it.
        most: At most so many of its reports.
    """
    tried = trial.attempt
    result = trial.missing[0] if trial.missing else tried.result
    made = isinstance(result, tuple) and bool(len(trial.reports))
    return {
        "outcome": "converted" if made else type(result).__name__.lower(),
        "why": None if made else why(result),
        "missing": [missing.field for missing in trial.missing],
        "converter": tried.converter or None,
        "scores": dict(tried.scores),
        "jail": tried.terms or None,
        "usage": asdict(tried.usage),
        "warnings": list(tried.warnings),
        "reports": list(islice(trial.reports, most)) if made else [],
    }


def why(result: Quarantine | Refusal | Unready | Broken | Absent | tuple[Any, ...]) -> dict[str, str]:
    """Why there are no reports, as far as it is known: reason, field, place, fix, what was printed."""
    match result:
        case Quarantine() | Refusal():
            told = {"field": result.field, "place": result.place, "fix": result.fix}
            return {"reason": result.reason, **{key: value for key, value in told.items() if value}}
        case Absent():
            return {"reason": result.reason}
        case Unready():
            return {"reason": f"not ready: {result.reason}"}
        case Broken():
            said = result.stderr.decode(errors="backslashreplace").strip()
            return {"reason": f"{result.kind}: {result.detail}", **({"printed": said} if said else {})}
    return {}


def _lacking(tried: Attempt, applied: Rule) -> Refusal | None:
    """The refusal, if it is for a fact that something can stand in for and nothing does yet."""
    result = tried.result
    if not isinstance(result, Refusal) or result.field is None or result.field not in STAND_INS:
        return None
    option, _ = STAND_INS[result.field]
    return None if option in applied.options else result
