"""Phases: each is a sequence with its measurements, its files and what was diagnosed."""

import base64
import binascii
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from typing import Any, Final

from wats_worker.converters import measures
from wats_worker.converters.base import Refused
from wats_worker.converters.jsons import Object, double, objects, text
from wats_worker.converters.openhtf.tables import attach
from wats_worker.converters.openhtf.values import measurement
from wats_worker.converters.texts import Step, say, shown
from wats_worker.reports import judge

_STATUSES: Final = {"PASS": "P", "FAIL": "F", "SKIP": "S", "ERROR": "E"}


def phases(record: Object, diagnoses: Mapping[str, Object], *, unset_is_bad: bool) -> Iterator[Step]:
    """All phases in their order, those of a subtest in a sequence of its own."""
    subtests = {text(subtest, "name"): subtest for subtest in objects(record, "subtests")}
    steps = _steps(record, diagnoses, unset_is_bad=unset_is_bad)
    for name, members in groupby(steps, key=lambda found: found[0]):
        below = [step for _, step in members]
        if not name:
            yield from below
            continue
        status = judge.of_steps(step["status"] for step in below)
        subtest = subtests.get(name, {})
        step = measures.sequence(name, below, _STATUSES.get(text(subtest, "outcome"), status))
        if (seconds := elapsed(subtest)) is not None:
            step["totTime"] = seconds
        yield step


def _steps(
    record: Object, diagnoses: Mapping[str, Object], *, unset_is_bad: bool
) -> Iterator[tuple[str, Step]]:
    """Each phase with the name of its subtest; runs of one that was repeated are a loop."""
    turn, again = 0, False
    found = list(objects(record, "phases"))
    for number, phase in enumerate(found):
        turn = turn + 1 if again else 0
        result = _result(phase)
        again = result == "REPEAT" and _is_next(found[number + 1 : number + 2], phase)
        step = _phase(phase, number, diagnoses, unset_is_bad=unset_is_bad)
        if turn or again:
            step["loop"] = {"idx": turn}
        yield text(phase, "subtest_name"), step


def _is_next(following: list[Object], phase: Object) -> bool:
    return bool(following) and text(following[0], "name") == text(phase, "name")


def _result(phase: Object) -> str | dict[str, Any] | None:
    """How the framework goes on after a phase: a word, nothing when time ran out, or the error it raised."""
    result = phase.get("result")
    found = result.get("phase_result") if isinstance(result, dict) else ""
    return found if found is None or isinstance(found, (str, dict)) else str(found)


def _phase(phase: Object, number: int, diagnoses: Mapping[str, Object], *, unset_is_bad: bool) -> Step:
    name = text(phase, "name") or "Phase"
    place = f"phases[{number}] ({name})"
    below = [
        *_measurements(phase, place, unset_is_bad=unset_is_bad),
        *_diagnosed(phase, diagnoses),
        *_files(phase, place),
    ]
    status = _status(phase, below, place)
    if status == "S" and _result(phase) == "REPEAT":
        status = "D"  # it was run, and what it measured counts for nothing
    step = measures.sequence(name, below, status) if below else measures.action(name, status=status)
    if (seconds := elapsed(phase)) is not None:
        step["totTime"] = seconds
    _tell_error(step, _result(phase))
    if phase.get("marginal") is True:
        say(step, "marginal")
    return step


def _status(phase: Object, below: Iterable[Step], place: str) -> str:
    word = text(phase, "outcome")
    if word in _STATUSES:
        return _STATUSES[word]
    if word:
        raise Refused(f"{shown(word)} is not an outcome", place=place, field="outcome")
    # The first versions gave phases no outcome. A result that isn't a word is an error that was raised.
    if _result(phase) in ("CONTINUE", ""):
        return judge.of_steps(step["status"] for step in below)
    return "E"


def _measurements(phase: Object, place: str, *, unset_is_bad: bool) -> Iterator[Step]:
    found = phase.get("measurements") or {}
    if not isinstance(found, dict) or not all(isinstance(entry, dict) for entry in found.values()):
        raise Refused("not measurements by their names", place=place, field="measurements")
    for name, entry in found.items():
        must = unset_is_bad and text(phase, "outcome") == "FAIL"
        yield measurement(name or "-", entry, f"{place}, {name}", must_be_set=must)


def _diagnosed(phase: Object, diagnoses: Mapping[str, Object]) -> Iterator[Step]:
    for member in ("diagnosis_results", "failure_diagnosis_results"):
        for result in results(phase, member):
            known = diagnoses.get(result, {"result": result})
            yield diagnosis({**known, "is_failure": member.startswith("failure")})


def results(phase: Object, member: str) -> list[str]:
    """The names of what was diagnosed in a phase."""
    found = phase.get(member)
    return [str(result) for result in found] if isinstance(found, list) else []


def diagnosis(found: Object) -> Step:
    """A conclusion that the test drew from its measurements."""
    name, told = f"Diagnosis {text(found, 'result')}", text(found, "description")
    if found.get("is_failure") is True:
        return measures.passed_or_failed(name, "F", told)
    return measures.action(name, told)


def _files(phase: Object, place: str) -> Iterator[Step]:
    found = phase.get("attachments") or {}
    for name, file in found.items() if isinstance(found, dict) else ():
        step = measures.action(name or "File")
        step["stepType"] = "WATS_AttachFile"
        if isinstance(file, dict) and isinstance(file.get("data"), str):
            try:
                content = base64.b64decode(file["data"], validate=True)
            except (binascii.Error, ValueError) as error:
                raise Refused(f"not Base64: {error}", place=place, field=name) from None
            attach(step, name or "file", text(file, "mimetype"), content)
        else:
            say(step, "the record was written without the contents of its files")
        yield step


def _tell_error(step: Step, result: str | dict[str, Any] | None) -> None:
    """What went wrong: an exception with its trace, or a phase that took too long."""
    if result is None:
        step["errorMessage"] = "the phase took too long"
    elif isinstance(result, dict):
        kind = text(result, "exc_type").removeprefix("<class '").removesuffix("'>")
        step["errorMessage"] = f"{kind}: {text(result, 'exc_val')}"[:200]
        if trace := text(result, "exc_tb"):
            say(step, trace)
    elif result not in ("CONTINUE", ""):
        say(step, f"result: {result}")


def elapsed(part: Object) -> float | None:
    """How many seconds a part took, if both of its ends are known."""
    start, end = (double(part.get(f"{name}_time_millis")) for name in ("start", "end"))
    return round((end - start) / 1000, 6) if start and end and end >= start else None
