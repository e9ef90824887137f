"""One file tried in the jail as the line would, and what came of it for a script."""

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

from wats_worker.app.known import offline
from wats_worker.cli.common import borrowed_scratch, fail
from wats_worker.cli.gathering import gathered
from wats_worker.convert.accept import Pile
from wats_worker.convert.attempt import Attempt, attempt
from wats_worker.convert.checks import check_source
from wats_worker.convert.disposal import Absent, Quarantine
from wats_worker.convert.rules import AUTO, Rule, rule, thresholds
from wats_worker.convert.workshop import Workshop
from wats_worker.sandbox.errors import JailUnavailable
from wats_worker.sandbox.outcome import Broken, Refusal, Unready
from wats_worker.settings import AnySource, Source, WorkerSettings
from wats_worker.spool.files import Unreadable
from wats_worker.spool.names import Identity
from wats_worker.watch.units import Unfit

#: Facts that an operator has to configure where a file has none, and what stands for them here meanwhile.
STAND_INS: Final[Mapping[str, tuple[str, str | int]]] = {
    "part number": ("part_number", "(not set)"),
    "process code": ("process_code", 0),
}


@dataclass(frozen=True)
class Trial:
    """What came of a file."""

    attempt: Attempt
    #: The reports as they would be sent.
    reports: Pile
    #: What the line would have refused it for; in the attempt something stands in for it.
    missing: tuple[Refusal, ...] = ()


def try_file(file: Path, settings: WorkerSettings, source: AnySource) -> Trial:
    """Do with a file what a convert worker does, up to the checked reports. Nothing is saved.

    A file that lacks only what a source can say is tried on with something in its place, so that one sees at
    once all that is to be configured, and what it would give.

    Args:
        file: Any file. What belongs to it is tried with it.
        settings: The whole configuration.
        source: Whose converter and options count.
    """
    identity = Identity(source.name)
    with (
        borrowed_scratch(settings) as scratch,
        Workshop(settings, scratch=scratch, pool=source.pool) as workshop,
        _whole(file, source) as whole,
    ):
        absence = workshop.roster.absence(source.converter)
        if absence and source.converter != AUTO:
            fail(f"{absence}; 'wats-worker converters list' shows what there is")
        if wrong := list(check_source(source, workshop.roster)):
            fail("\n".join(map(str, wrong)))
        applied, known = rule(source, settings), offline(settings)
        missing: list[Refusal] = []
        pile = Pile()
        try:
            identity.feed(whole.read_bytes())
            while True:
                tried = attempt(
                    identity.file_id,
                    whole,
                    file.name,
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
        except (JailUnavailable, OSError) as problem:
            fail(str(problem))


@contextmanager
def _whole(file: Path, source: AnySource) -> Iterator[Path]:
    try:
        with gathered(file, source) as whole:
            yield whole
    except (OSError, Unfit, Unreadable) as problem:
        fail(f"{file.name} can't be read: {problem}")


def trial_source(
    source: AnySource | None, *, folder: Path, converter: str | None, options: Sequence[str]
) -> AnySource:
    """The source to try a file with: a configured one or a bare one, with what the command line says."""
    chosen = source or Source(name="trial", folder=folder)
    given = dict(_option(text) for text in options)
    return chosen.model_copy(
        update={"converter": converter or chosen.converter, "options": {**chosen.options, **given}}
    )


def tell(trial: Trial) -> dict[str, Any]:
    """What came of it, for a script: as it would in the line, so with nothing standing in for anything."""
    tried = trial.attempt
    result = trial.missing[0] if trial.missing else tried.result
    reports = list(trial.reports) if isinstance(result, tuple) else []
    return {
        "outcome": "converted" if reports else type(result).__name__.lower(),
        "why": None if reports else why(result),
        "missing": [missing.field for missing in trial.missing],
        "converter": tried.converter or None,
        "scores": dict(tried.scores),
        "jail": tried.terms or None,
        "usage": asdict(tried.usage),
        "warnings": list(tried.warnings),
        "reports": reports,
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


def _option(text: str) -> tuple[str, Any]:
    """One option as the command line has it; a value that TOML does not know is a text.

    >>> _option("process_code=30"), _option("part_number=P/N 1"), _option("decimal=,")
    (('process_code', 30), ('part_number', 'P/N 1'), ('decimal', ','))
    """
    key, equals, value = text.partition("=")
    if not equals or not key.strip():
        fail(f"{text!r} is no option; write it like process_code=30")
    try:
        return key.strip(), tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        return key.strip(), value
