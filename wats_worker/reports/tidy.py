"""Corrections that follow from a rule and change nothing the tester said.

They work on the document, not on the model: some of what they mend (the limit of an LE in the wrong member)
the model refuses. Values, limits and verdicts are never touched; identities are trimmed and nothing else.
"""

import json
import re
from collections.abc import Callable
from typing import Any, Final

from wats_worker.reports import walk, wsjf
from wats_worker.reports.dates import Instant
from wats_worker.reports.model import Report

Note = Callable[[str], None]

#: What XML, and with it the server's storage, can't hold.
CONTROL: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
#: The same as JSON writes it.
_SUSPECT: Final = re.compile(r"\\[bfu]|[\ud800-\udfff\ufffe\uffff]")
_UTC: Final = re.compile(r"[0-9-]{10}T[0-9:]{8}(?:\.[0-9]{1,7})?Z")
_HEADER: Final = ("pn", "sn", "rev", "machineName", "location", "purpose", "processName")
_IDENTITY: Final = frozenset({"pn", "sn"})
_ROWS: Final = ("numericMeas", "stringMeas", "booleanMeas")


def tidy(report: Report) -> tuple[Report, tuple[str, ...]]:
    """The report as it should be sent, and what was changed."""
    document, notes = tidied(wsjf.document(report))
    return wsjf.of(document, draft=True), notes


def tidied(document: dict[str, Any]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Correct a parsed document in place; it is also returned, with one note for each change.

    What is only added (startUTC, step ids where there are none) is not noted. The document may be anything
    that JSON can say: what isn't shaped like a report is left for the model.
    """
    notes: list[str] = []
    _read_only(document, notes.append)
    _without_control_characters(document, notes.append)
    _trim(document, _HEADER, "report", notes.append)
    _start_utc(document, notes.append)
    steps = list(walk.steps(document.get("root")))
    for step, path in steps:
        _trim(step, ("name",), path, notes.append)
        for member in _ROWS:
            _rows(step.get(member), f"{path}.{member}", notes.append)
    _number(document, [step for step, _ in steps], notes.append)
    _blame(document, steps, notes.append)
    return document, tuple(notes)


def _objects(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _read_only(document: dict[str, Any], note: Note) -> None:
    def drop(part: dict[str, Any], member: str, path: str) -> None:
        if part.pop(member, None):
            note(f"{path}.{member}: dropped, the server fills it")

    for member in ("productName", "origin", "assetStats"):
        drop(document, member, "report")
    if isinstance(uut := document.get("uut"), dict):
        drop(uut, "refUURs", "report.uut")
    files = _objects(document.get("binaryData"))
    for unit in _objects(document.get("subUnits")):
        for failure in _objects(unit.get("failures")):
            drop(failure, "refStepName", "report.subUnits.failures")
            files += _objects(failure.get("attachments"))
    for file in files:
        drop(file, "id", "report.binaryData")


def _without_control_characters(document: dict[str, Any], note: Note) -> None:
    """Put U+FFFD where a text has a character that no report can hold. Not in an identity: see check 16."""
    # Nearly every report has none, and reading all of it at once is quicker than walking through it.
    if not _SUSPECT.search(json.dumps(document, ensure_ascii=False, default=str)):
        return
    for part, key, path, text in walk.texts(document):
        if CONTROL.search(text) and key not in _IDENTITY:
            part[key] = CONTROL.sub("\ufffd", text)
            note(f"{path}: control characters replaced")


def _trim(part: dict[str, Any], members: tuple[str, ...], path: str, note: Note) -> None:
    for member in members:
        value = part.get(member)
        # A text of nothing but blanks stays: what was a report must still be one, and check 2 finds it.
        if isinstance(value, str) and value.strip() not in {"", value}:
            part[member] = value.strip()
            note(f"{path}.{member}: blanks at the ends removed")


def _start_utc(document: dict[str, Any], note: Note) -> None:
    """Complete startUTC. One that names another moment than start stays, for check 9 to show."""
    start, given = document.get("start"), document.get("startUTC")
    instant = Instant.read(start) if isinstance(start, str) else None
    if instant is None or (
        isinstance(given, str) and (_UTC.fullmatch(given) or Instant.read(given) != instant)
    ):
        return
    document["startUTC"] = instant.utc()
    if given is not None:
        note("report.startUTC: written anew, it had no Z")


def _rows(rows: Any, path: str, note: Note) -> None:
    named: set[str] = set()
    for number, row in enumerate(rows if isinstance(rows, list) else ()):
        if not isinstance(row, dict):
            continue
        at = f"{path}[{number}]"
        _trim(row, ("name", "unit"), at, note)
        _operator(row, at, note)
        name = row.get("name")
        if isinstance(name, str) and name in named:
            row["name"] = name = _another(name, named)
            note(f"{at}.name: stood twice in one step, now {name!r}")
        if isinstance(name, str) and name:
            named.add(name)


def _operator(row: dict[str, Any], path: str, note: Note) -> None:
    operator = row.get("compOp")
    if not isinstance(operator, str):
        return
    if operator != operator.upper():
        row["compOp"] = operator.upper()
        note(f"{path}.compOp: upper case")
    if operator.upper() in {"LE", "LT"} and row.get("lowLimit") is None and row.get("highLimit") is not None:
        row["lowLimit"] = row.pop("highLimit")
        note(f"{path}.highLimit: moved to lowLimit, where {operator.upper()} has its limit")


def _another(name: str, taken: set[str]) -> str:
    """The first free ``name (2)``, ``name (3)``…, within the 100 characters of a name."""
    number = 2
    while (new := f"{name[: 100 - len(f' ({number})')]} ({number})") in taken:
        number += 1
    return new


def _number(document: dict[str, Any], steps: list[dict[str, Any]], note: Note) -> None:
    """Give every step its own id. A reference follows its step as long as it is clear which one was meant."""
    old = [step.get("id") for step in steps]
    given = [number for number in old if number is not None]
    if not all(isinstance(number, int) for number in given) or len(set(given)) == len(old):
        return
    for number, step in enumerate(steps, start=1):
        step["id"] = number
    if given:
        note("report.root: step ids stood twice or were missing, numbered anew")
    uut = document.get("uut")
    if isinstance(uut, dict) and (blamed := uut.get("stepIdCausedUUTFailure")) is not None:
        uut["stepIdCausedUUTFailure"] = old.index(blamed) + 1 if old.count(blamed) == 1 else None


def _blame(document: dict[str, Any], steps: list[tuple[dict[str, Any], str]], note: Note) -> None:
    """Mark the cause of a bad result when nobody has: the Pareto of failures rests on it."""
    result = document.get("result")
    if result not in ("F", "E", "T") or any(step.get("causedUUTFailure") for step, _ in steps):
        return
    uut = document.get("uut")
    blamed = uut.get("stepIdCausedUUTFailure") if isinstance(uut, dict) else None
    leaves = [(step, path) for step, path in steps if not step.get("steps")]
    named = [leaf for leaf in leaves if blamed is not None and leaf[0].get("id") == blamed]
    bad = [leaf for wanted in (result, "F", "E", "T") for leaf in leaves if leaf[0].get("status") == wanted]
    for step, path in [*named, *bad][:1]:
        step["causedUUTFailure"] = True
        note(f"{path}.causedUUTFailure: set, no step was named as the cause")
