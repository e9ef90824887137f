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
from wats_worker.sandbox.wire import BadResult, Result

_LONGEST_TEXT: Final = 10_000


def usage(answer: Mapping[str, Any], header: Mapping[str, Any] | None = None) -> Usage:
    """What the job took. A child that answered tells its peak memory itself."""
    peak = answer.get("peak_kb") or (header or {}).get("peak_kb")
    peak = peak if type(peak) is int and 0 <= peak < 1 << 40 else 0
    return Usage(wall_s=answer["wall_s"], cpu_s=answer["cpu_s"], peak_mb=peak / 1024)


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
    return _death(answer["status"], answer["cpu_s"], limits)


def _death(status: int, cpu_s: float, limits: Limits) -> tuple[Fault, str]:
    if not os.WIFSIGNALED(status):
        return (
            Fault.CRASHED,
            f"the converter ended with exit code {os.WEXITSTATUS(status)} before it answered",
        )
    number = os.WTERMSIG(status)
    if number == signal.SIGXCPU or (number == signal.SIGKILL and cpu_s >= limits.cpu_s):
        return Fault.CPU_LIMIT, f"more than {limits.cpu_s} s of CPU time"
    if number == signal.SIGKILL:  # we did not send it, the converter can't: that leaves the kernel
        return Fault.OUT_OF_MEMORY, "killed by the kernel, most likely for want of memory on this machine"
    return Fault.CRASHED, f"the converter was ended by {signal.Signals(number).name}"


def outcome(result: Result, limits: Limits, usage: Usage, log: bytes) -> Outcome | Probed:
    """What the child says.

    Raises:
        BadResult: it does not say it in a way that could be meant.
    """
    header = result.header
    kind = header.get("kind")
    if result.documents and kind != "converted":
        raise BadResult(f"documents in a result of the kind {kind!r}")
    if kind == "probed":
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
            if not result.documents:
                raise BadResult("converted to no report at all")
            return Converted(result.documents, _texts(header, "warnings"), usage)
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
            return Broken(Fault.OUT_OF_MEMORY, f"more than {limits.memory_mb} MB of memory", log, usage)
        case "full":
            return Broken(Fault.TOO_MUCH_OUTPUT, f"more than {limits.output_mb} MB of reports", log, usage)
    raise BadResult(f"a result of the unknown kind {kind!r}")


def _text(header: Mapping[str, Any], key: str, *, optional: bool = False) -> str | None:
    value = header.get(key)
    if value is None and optional:
        return None
    if not isinstance(value, str) or len(value) > _LONGEST_TEXT:
        raise BadResult(f"{key} is not a short text")
    return value.encode(errors="backslashreplace").decode()  # half a surrogate pair would trip up a reader


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
