"""Corrections that follow from a rule and change nothing the tester said.

They work on any document, not on reports only: some of what they mend (the limit of an LE in the wrong
member) would not be a report. What was a report is one afterwards. Values, limits and verdicts are never
touched; identities are trimmed and nothing else.
"""

import re
from typing import Any, Final, cast

from pydantic_core import to_json

from wats_worker.reports import walk
from wats_worker.reports.dates import Instant
from wats_worker.reports.model import ROWS, Report

Object = dict[str, Any]

#: What XML, and with it the server's storage, can't hold.
CONTROL: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
#: The same as JSON writes it, once every backslash that stands for itself is gone.
_ESCAPED: Final = re.compile(rb"\\[bfu]")
_NONE: Final = re.compile(rb"\xef\xbf[\xbe\xbf]")
_UTC: Final = re.compile(r"[0-9-]{10}T[0-9:]{8}(?:\.[0-9]{1,7})?Z")
_HEADER: Final = ("pn", "sn", "rev", "machineName", "location", "purpose", "processName")
_IDENTITY: Final = frozenset({"pn", "sn"})


def tidy(report: Report, body: bytes | None = None) -> tuple[Report, tuple[str, ...]]:
    """The report as it should be sent, corrected in place, and what was changed; see ``tidied``."""
    return report, tidied(cast("Object", report), body)[1]


def tidied(document: Object, body: bytes | None = None) -> tuple[Object, tuple[str, ...]]:
    """Correct a parsed document in place; it is also returned, with one note for each change.

    What is only added (startUTC, step ids where there are none) is not noted. The document may be anything
    that JSON can say: what isn't shaped like a report is left for the model.

    Args:
        document: The document.
        body: The same as JSON, for whoever has it.
    """
    notes = _Notes(document)
    _read_only(document, notes)
    if _is_suspect(document, body):
        _without_control_characters(document, notes)
    _trim(document, _HEADER, notes)
    _start_utc(document, notes)
    steps = walk.steps(document.get("root"))
    for step in steps:
        _step(step, notes)
    _number(document, steps, notes)
    _blame(document, steps, notes)
    return document, notes.told()


class _Notes:
    """What was changed. Where that is gets worked out at the end, and mostly there is nothing to tell."""

    def __init__(self, document: Object) -> None:
        self._document = document
        self._found: list[tuple[object, str | int, str]] = []

    def add(self, part: object, member: str | int, text: str) -> None:
        """Note what happened to a member of a part of the document."""
        self._found.append((part, member, text))

    def told(self) -> tuple[str, ...]:
        """The notes, each with its path."""
        if not self._found:
            return ()
        places = walk.places(self._document, (part for part, _, _ in self._found))
        return tuple(f"{places[id(part)]}.{member}: {text}" for part, member, text in self._found)


def _objects(value: Any) -> list[Object]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _read_only(document: Object, notes: _Notes) -> None:
    def drop(part: Object, member: str) -> None:
        if part.pop(member, None):
            notes.add(part, member, "dropped, the server fills it")

    for member in ("productName", "origin", "assetStats"):
        drop(document, member)
    if isinstance(uut := document.get("uut"), dict):
        drop(uut, "refUURs")
    files = _objects(document.get("binaryData"))
    for unit in _objects(document.get("subUnits")):
        for failure in _objects(unit.get("failures")):
            drop(failure, "refStepName")
            files += _objects(failure.get("attachments"))
    for file in files:
        drop(file, "id")


def _without_control_characters(document: Object, notes: _Notes) -> None:
    """Put U+FFFD where a text has a character that no report can hold. Not in an identity: see check 16."""
    for part, key, _, text in walk.texts(document):
        if CONTROL.search(text) and key not in _IDENTITY:
            part[key] = CONTROL.sub("\ufffd", text)
            notes.add(part, key, "control characters replaced")


def _is_suspect(document: Object, body: bytes | None) -> bool:
    """Whether there may be such a character. Looking at all of a report at once beats walking through it."""
    try:
        body = body or to_json(document, fallback=str)
    except ValueError:  # half a surrogate pair, or nested beyond reason
        return True
    return bool(_ESCAPED.search(body.replace(rb"\\", b"")) or (not body.isascii() and _NONE.search(body)))


def _trim(part: Object, members: tuple[str, ...], notes: _Notes) -> None:
    for member in members:
        value = part.get(member)
        # A text of nothing but blanks stays: what was a report must still be one, and check 2 finds it.
        if isinstance(value, str) and value != (bare := value.strip()) and bare:
            part[member] = bare
            notes.add(part, member, "blanks at the ends removed")


def _start_utc(document: Object, notes: _Notes) -> None:
    """Complete startUTC. One that names another moment than start stays, for check 9 to show."""
    start, given = document.get("start"), document.get("startUTC")
    instant = Instant.read(start) if isinstance(start, str) else None
    if instant is None or (
        isinstance(given, str) and (_UTC.fullmatch(given) or Instant.read(given) != instant)
    ):
        return
    document["startUTC"] = instant.utc()
    if given is not None:
        notes.add(document, "startUTC", "written anew, it had no Z")


def _step(step: Object, notes: _Notes) -> None:
    _trim(step, ("name",), notes)
    for member in ROWS:
        if member in step:
            rows = _objects(step[member])
            for row in rows:
                _trim(row, ("name", "unit"), notes)
                _operator(row, notes)
            if len(rows) > 1:
                _tell_apart(rows, notes)


def _operator(row: Object, notes: _Notes) -> None:
    operator = row.get("compOp")
    if not isinstance(operator, str):
        return
    if operator != operator.upper():
        row["compOp"] = operator = operator.upper()
        notes.add(row, "compOp", "upper case")
    if operator in {"LE", "LT"} and row.get("lowLimit") is None and row.get("highLimit") is not None:
        row["lowLimit"] = row.pop("highLimit")
        notes.add(row, "highLimit", f"moved to lowLimit, where {operator} has its limit")


def _tell_apart(rows: list[Object], notes: _Notes) -> None:
    taken: set[str] = set()
    for row in rows:
        name = row.get("name")
        if not isinstance(name, str) or not name:
            continue
        if name in taken:
            row["name"] = name = _another(name, taken)
            notes.add(row, "name", f"stood twice in one step, now {name!r}")
        taken.add(name)


def _another(name: str, taken: set[str]) -> str:
    """The first free ``name (2)``, ``name (3)``…, within the 100 characters of a name."""
    number = 2
    while (new := f"{name[: 100 - len(f' ({number})')]} ({number})") in taken:
        number += 1
    return new


def _number(document: Object, steps: list[Object], notes: _Notes) -> None:
    """Give every step its own id. A reference follows its step as long as it is clear which one was meant."""
    old = [step.get("id") for step in steps]
    given = [number for number in old if number is not None]
    if not all(isinstance(number, int) for number in given) or len(set(given)) == len(old):
        return
    for number, step in enumerate(steps, start=1):
        step["id"] = number
    if given:
        notes.add(document, "root", "step ids stood twice or were missing, numbered anew")
    uut = document.get("uut")
    if not isinstance(uut, dict):
        return
    blamed = uut.pop("stepIdCausedUUTFailure", None)
    if blamed is not None and old.count(blamed) == 1:
        uut["stepIdCausedUUTFailure"] = old.index(blamed) + 1


def _blame(document: Object, steps: list[Object], notes: _Notes) -> None:
    """Mark the cause of a bad result when nobody has: the Pareto of failures rests on it."""
    result = document.get("result")
    if result not in ("F", "E", "T") or any(step.get("causedUUTFailure") for step in steps):
        return
    uut = document.get("uut")
    blamed = uut.get("stepIdCausedUUTFailure") if isinstance(uut, dict) else None
    leaves = [step for step in steps if not step.get("steps")]
    named = [leaf for leaf in leaves if blamed is not None and leaf.get("id") == blamed]
    bad = [leaf for wanted in (result, "F", "E", "T") for leaf in leaves if leaf.get("status") == wanted]
    for step in [*named, *bad][:1]:
        step["causedUUTFailure"] = True
        notes.add(step, "causedUUTFailure", "set, no step was named as the cause")
