"""From what the zygote and the child said to an outcome. Pure; the child's word is checked, never trusted."""

import os
import signal
from collections.abc import Mapping
from typing import Any, Final

from wats_worker.sandbox.outcome import (
    Broken,
    Converted,
    Fault,
    Outcome,
    Probed,
    Refusal,
    Tried,
    Unready,
    Usage,
)
from wats_worker.sandbox.policy import Limits
from wats_worker.sandbox.result import BadResult, Result, ResultReader

_LONGEST_TEXT: Final = 10_000
#: Control characters, but for tabs and line ends, as Python writes them.
_CONTROLS: Final = {n: f"\\x{n:02x}" for n in (*range(32), *range(127, 160)) if chr(n) not in "\t\n"}


def usage(answer: Mapping[str, Any], header: Mapping[str, Any] | None = None) -> Usage:
    """What the job took. A child that answered tells its peak memory itself, and what nobody measured."""
    told = header or {}
    peak = answer.get("peak_kb") or told.get("peak_kb")
    peak = peak if type(peak) is int and 0 <= peak < 1 << 40 else 0
    cpu_s = answer.get("cpu_s", told.get("cpu_s"))
    cpu_s = cpu_s if type(cpu_s) is float and 0 <= cpu_s < 1 << 20 else 0.0
    wall_s = answer["wall_s"]
    overhead_s = max(0.0, answer.get("whole_s", wall_s) - wall_s)
    return Usage(wall_s=wall_s, cpu_s=cpu_s, peak_mb=peak / 1024, overhead_s=overhead_s)


def ending(answer: Mapping[str, Any], limits: Limits) -> tuple[Fault, str]:
    """Why a child ended without an answer.

    >>> ending({"ending": "died", "status": 11, "cpu_s": 0.1}, Limits())
    (<Fault.CRASHED: 'crashed'>, 'the converter was ended by SIGSEGV')
    """
    match answer["ending"]:
        case "timed out":
            return Fault.TIMED_OUT, f"no answer within {limits.wall_s:g} s"
        case "scratch":
            return Fault.TOO_MUCH_SCRATCH, (
                f"more than {limits.scratch_mb} MB or {limits.scratch_entries} entries in the scratch folder"
            )
        case "left":
            return Fault.CRASHED, "the converter hung up without an answer"
    return exit_code(os.waitstatus_to_exitcode(answer["status"]), limits, cpu_s=answer["cpu_s"])


def exit_code(code: int, limits: Limits, *, cpu_s: float = 0.0) -> tuple[Fault, str]:
    """Why a process ended; a negative code is that of a signal.

    >>> exit_code(3, Limits())[1]
    'the converter ended with exit code 3 before it answered'
    """
    if code >= 0:
        return Fault.CRASHED, f"the converter ended with exit code {code} before it answered"
    number = -code
    if number == signal.SIGXCPU or (number == signal.SIGKILL and cpu_s >= limits.cpu_s):
        return Fault.CPU_LIMIT, f"more than {limits.cpu_s} s of CPU time"
    if number == signal.SIGKILL:  # we did not send it, the converter can't: that leaves the kernel
        return Fault.OUT_OF_MEMORY, "killed by the kernel, most likely for want of memory on this machine"
    names = {one.value: one.name for one in signal.Signals}  # not all that there are
    return Fault.CRASHED, f"the converter was ended by {names.get(number, f'signal {number}')}"


def answered(reader: ResultReader, answer: Mapping[str, Any], limits: Limits, log: bytes) -> Outcome | Probed:
    """What came of a job whose child has come to its end."""
    try:
        result = reader.result()
        return outcome(result, limits, usage(answer, result.header), log)
    except BadResult as bad:
        return Broken(Fault.BAD_RESULT, str(bad), log, usage(answer))


def outcome(result: Result, limits: Limits, usage: Usage, log: bytes) -> Outcome | Probed:
    """What the child says.

    Raises:
        BadResult: it does not say it in a way that could be meant.
    """
    header = result.header
    kind = header.get("kind")
    if kind == "probed":
        if result.reports:
            raise BadResult("reports from a converter that was only asked")
        return Probed(_scores(header), _faults(header), usage)
    ended = _conversion(result, kind, limits, usage, log)
    if "tried" not in header:
        return ended
    tried = Tried(_text(header, "tried") or "", ended)
    return Probed(_scores(header), _faults(header), usage, tried)


def _conversion(result: Result, kind: object, limits: Limits, usage: Usage, log: bytes) -> Outcome:
    header = result.header
    match kind:
        case "converted":
            if not result.reports:
                raise BadResult("converted to no report at all")
            return Converted(result.reports, _texts(header, "warnings"), usage)
        case "refused":
            place, field, fix = (_text(header, key, optional=True) for key in ("place", "field", "fix"))
            return Refusal(_text(header, "reason") or "", place, field, fix, usage)
        case "unready":
            return Unready(_text(header, "reason") or "", usage)
        case "failed":
            trace = (_text(header, "trace") or "").encode(errors="backslashreplace")
            return Broken(Fault.FAILED, _text(header, "detail") or "", log + trace, usage)
        case "bad":
            return Broken(Fault.BAD_RESULT, _text(header, "detail") or "", log, usage)
        case "memory":
            detail = f"more than {limits.memory_mb} MB of memory, at report {_number(header, 'at')}"
            return Broken(Fault.OUT_OF_MEMORY, detail, log, usage)
    raise BadResult(f"a result of the unknown kind {kind!r}")


def _text(header: Mapping[str, Any], key: str, *, optional: bool = False) -> str | None:
    value = header.get(key)
    if value is None and optional:
        return None
    if not isinstance(value, str) or len(value) > _LONGEST_TEXT:
        raise BadResult(f"{key} is not a short text")
    # Half a surrogate pair would trip up a reader; and who reads it on a terminal should not be obeying it.
    return value.encode(errors="backslashreplace").decode().translate(_CONTROLS)


def _number(header: Mapping[str, Any], key: str) -> int:
    value = header.get(key)
    if type(value) is not int or not 0 <= value < 1 << 40:
        raise BadResult(f"{key} is not a number")
    return value


def _texts(header: Mapping[str, Any], key: str) -> tuple[str, ...]:
    values = header.get(key)
    if not isinstance(values, list):
        raise BadResult(f"{key} is not a list")
    return tuple(_text({key: value}, key) or "" for value in values)


def _scores(header: Mapping[str, Any]) -> dict[str, float]:
    scores = header.get("scores")
    if not isinstance(scores, dict):
        raise BadResult("scores is not an object")
    if not all(type(score) in (int, float) and 0 <= score <= 1 for score in scores.values()):
        raise BadResult("a score is not a number from 0 to 1")
    return {name: float(score) for name, score in scores.items()}


def _faults(header: Mapping[str, Any]) -> dict[str, str]:
    faults = header.get("faults")
    if not isinstance(faults, dict):
        raise BadResult("faults is not an object")
    return {name: _text(faults, name) or "" for name in faults}
