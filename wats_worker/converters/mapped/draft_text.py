"""Drafts the mapping of a text: lines that look like a key and a value, lines that look like a step."""

import re
from collections.abc import Sequence
from typing import Any, Final

from wats_worker.converters.mapped.guesses import UNIT_WORDS, bare, date_formats
from wats_worker.converters.mapped.texts import plain

_KEY: Final = re.compile(r"\s*([A-Za-z][A-Za-z0-9 ._/#-]{1,40}?)\s*([:=])\s*(\S.*)")
_STATUS: Final = r"(?P<status>PASSED|PASS|FAILED|FAIL|OK|NOK|NG|ERROR)"
_NUMBER: Final = r"(?P<value>[-+]?[0-9][0-9.,]*(?:[eE][-+]?[0-9]+)?)"
#: What lines of steps look like, the most telling first.
_STEPS: Final = (
    rf"^(?P<name>[^:=]+)[:=] *{_NUMBER} *(?P<unit>[A-Za-z%]*)[^A-Za-z]*{_STATUS}\b",
    rf"^(?P<name>\S+) +{_NUMBER} +(?P<unit>[A-Za-z%]*)[^A-Za-z]*{_STATUS}\b",
    rf"^(?P<name>[^:=]+)[:=] *{_STATUS}\b",
    rf"^(?P<name>\S+)[ .]+{_STATUS}\b",
    rf"^{_STATUS}[: ]+(?P<name>\S+)",
)
_BLANK: Final = r"^Serial number: (.+)"


def draft_text(lines: Sequence[str], name: str) -> tuple[dict[str, Any], list[str]]:
    """The mapping and what a person has to decide."""
    notes: list[str] = []
    read = [plain(line) for line in lines[:5000]]
    fields, values = _fields(read)
    if "serial_number" not in fields:
        fields["serial_number"] = _BLANK
        notes.append(
            "no line looks like a serial number: write a pattern for it, or take it from the file's name, "
            f'{name}: serial_number = {{ file_name = "^([^_]+)_" }}'
        )
    made: dict[str, Any] = {"fields": fields}
    if "start" not in fields:
        fields["start"] = r"^Start: (.+)"
        notes.append("no line looks like the start: write a pattern for it")
    elif formats := date_formats(values["start"]):
        made["date_format"] = formats[0]
        if len(formats) > 1:
            notes.append(
                f"{values['start'][0]!r} may be written as {' or as '.join(formats[:3])}: set date_format"
            )
    else:
        notes.append(f"in which order are the dates written? {values['start'][0]!r} is none we know")
    counts = [sum(re.search(pattern, line) is not None for line in read) for pattern in _STEPS]
    best = max(counts)
    made["steps"] = [_STEPS[counts.index(best)]]
    if best:
        notes.append(f"{best} lines look like steps; see that they are all, and only they")
    else:
        notes.append("no line looks like a step: write a pattern with the groups name, value and status")
    if "part_number" not in fields:
        notes.append(
            "no line looks like a part number: write a pattern for it, or set part_number for the source"
        )
    if "process" not in fields:
        notes.append("no line names the process: set process_code for the source")
    return made, notes


def _fields(lines: Sequence[str]) -> tuple[dict[str, str], dict[str, list[str]]]:
    """Patterns for lines of a key and a value, and the values."""
    words = {word: role for role, names in UNIT_WORDS.items() for word in names.split()}
    fields: dict[str, str] = {}
    values: dict[str, list[str]] = {}
    for line in lines:
        found = _KEY.match(line)
        role = words.get(bare(found[1])) if found else None
        if found is None or role is None:
            continue
        pattern = f"^ *{re.escape(found[1]).replace(chr(92) + ' ', ' ')} *{found[2]} *(.+)"
        if fields.setdefault(role, pattern) == pattern:
            values.setdefault(role, []).append(found[3].strip())
    return fields, values
