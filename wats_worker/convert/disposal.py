"""What becomes of a file after its conversion. Pure: outcome and attempt in, decision out."""

from dataclasses import dataclass

from wats_worker.sandbox.outcome import Broken, Fault, Refusal, Unready

#: Faults that may have come from outside the file: a kill from above, a machine without memory.
_WORTH_ANOTHER_TRY = frozenset({Fault.CRASHED, Fault.OUT_OF_MEMORY})


@dataclass(frozen=True)
class Absent:
    """The converter that is to do it can't be used now; somebody may be about to mend it."""

    reason: str


@dataclass(frozen=True)
class Quarantine:
    """A person has to look: the file is kept, with everything known about why."""

    reason: str
    place: str | None = None
    field: str | None = None
    fix: str | None = None


@dataclass(frozen=True)
class Suspend:
    """Not finished; worth another look later."""

    reason: str


@dataclass(frozen=True)
class Again:
    """Something went wrong that may not be the file's fault."""

    reason: str


Disposal = Quarantine | Suspend | Again


def decide(
    outcome: Refusal | Unready | Broken | Absent,
    *,
    attempt: int,
    max_attempts: int,
    waited_s: float,
    patience_s: float,
) -> Disposal:
    """Decide about a file that gave no reports.

    Args:
        outcome: How its conversion ended.
        attempt: Which one it was, from 1.
        max_attempts: After so many a crash is the file's own fault.
        waited_s: How long ago the file was first seen. By the clock on the wall, which somebody may set, so
            no file is given up at the first look.
        patience_s: How long an unfinished file may wait for its end, and any file for its converter.
    """
    match outcome:
        case Refusal():
            return Quarantine(outcome.reason, outcome.place, outcome.field, outcome.fix)
        case Unready() if waited_s >= patience_s and attempt > 1:
            return Quarantine(
                f"never finished: {outcome.reason}",
                fix="drop the whole file again, or replay it if the rest has come",
            )
        case Absent() if waited_s >= patience_s and attempt > 1:
            fix = "mend the converter, or name another one for the source; then replay it"
            return Quarantine(outcome.reason, fix=fix)
        case Unready() | Absent():
            return Suspend(outcome.reason)
        case Broken() if outcome.kind in _WORTH_ANOTHER_TRY and attempt < max_attempts:
            return Again(f"{outcome.kind}: {outcome.detail}")
        case Broken():
            return Quarantine(
                f"the converter {_FATE.get(outcome.kind, outcome.kind)}: {outcome.detail}",
                fix="read stderr.txt beside the file; mend the converter or widen its limits, then replay",
            )


_FATE = {
    Fault.FAILED: "failed",
    Fault.CRASHED: "crashed",
    Fault.TIMED_OUT: "took too long",
    Fault.CPU_LIMIT: "used too much processor time",
    Fault.OUT_OF_MEMORY: "ran out of memory",
    Fault.TOO_MUCH_OUTPUT: "wrote too much",
    Fault.TOO_MUCH_SCRATCH: "filled its scratch folder",
    Fault.BAD_RESULT: "returned no reports",
}
