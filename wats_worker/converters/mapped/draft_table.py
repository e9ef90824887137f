"""Drafts the mapping of a table: what its columns are, and what makes a unit."""

import re
from collections.abc import Sequence
from typing import Any, Final

from wats_worker.converters.mapped.draft_headless import draft_headless
from wats_worker.converters.mapped.found_table import Table, find_table
from wats_worker.converters.mapped.guesses import (
    STEP_WORDS,
    UNIT_WORDS,
    bare,
    date_formats,
    is_number,
    roles,
    unknown_words,
)

#: More columns of measurements are mapped by a pattern instead of one by one.
_MOST_MEASURES: Final = 60
#: Stands where a person has to put something.
BLANK: Final = "?"
_ABOVE: Final = {
    "unit_row": STEP_WORDS["unit"].split(),
    "low_row": STEP_WORDS["low"].split(),
    "high_row": STEP_WORDS["high"].split(),
}

#: A heading with its unit: "Output (V)", "Output [V]".
_UNIT: Final = re.compile(r"([^(\[]+)[(\[]([^0-9)\]]{1,20})[)\]]")


def draft_table(lines: Sequence[str]) -> tuple[dict[str, Any] | None, list[str]]:
    """The mapping and what a person has to decide; None if the lines are no table."""
    table = find_table(lines[:2000])
    if table is None:
        return None, []
    if not table.headed:
        return draft_headless(table), table.notes
    fields = roles(table.heading, UNIT_WORDS)
    steps = roles(table.heading, STEP_WORDS, _identity(fields))
    keys = _keys(table)
    narrow = "name" in steps and ("value" in steps or "status" in steps)
    if narrow:
        fields = {role: at for role, at in fields.items() if at not in steps.values()}
        by_file = "serial_number" not in fields and "serial_number" in keys
        layout = "unit-per-file" if by_file else "unit-per-group"
    else:
        layout = "unit-per-row"
    made: dict[str, Any] = {"layout": layout, "delimiter": table.delimiter, **table.separators()}
    made["fields"] = _fields(table, fields, keys)
    made |= _dates(table, fields, keys)
    if narrow:
        made["step"] = {role: table.name(at) for role, at in steps.items()}
        _ask_for_words(table, [*table.column(steps["status"])] if "status" in steps else [])
    else:
        made |= _wide(table, fields)
    if "result" in fields:
        _ask_for_words(table, table.column(fields["result"]))
    return made, table.notes


def _identity(fields: dict[str, int]) -> set[int]:
    """The columns that can't belong to a step, whatever they are called."""
    return {at for role, at in fields.items() if role in {"serial_number", "start", "part_number"}}


def _keys(table: Table) -> dict[str, str]:
    """Facts that stand above the table, as a key and a value: which key each has."""
    named = [row[0].partition(":")[0].rstrip(" =") for row in table.above if row and row[0]]
    return {role: named[at] for role, at in roles(named, UNIT_WORDS).items()}


def _fields(table: Table, fields: dict[str, int], keys: dict[str, str]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for role in UNIT_WORDS:
        if role in fields:
            made[role] = table.name(fields[role])
        elif role in keys:
            made[role] = {"key": keys[role]}
    time = next((at for at, name in enumerate(table.heading) if bare(name) in {"time", "testtime"}), None)
    if (
        "start" in fields
        and bare(table.heading[fields["start"]]) in {"date", "testdate"}
        and time is not None
    ):
        made["start"] = [table.name(fields["start"]), table.name(time)]
    for role, fact in (("serial_number", "serial number"), ("start", "start")):
        if role not in made:
            made[role] = BLANK
            table.notes.append(f"which column has the {fact}? Put its heading in the place of ?")
    if "part_number" not in made:
        table.notes.append("no column looks like a part number: map one, or set part_number for the source")
    if "process" not in made:
        table.notes.append("no column names the process: set process_code for the source")
    return made


def _dates(table: Table, fields: dict[str, int], keys: dict[str, str]) -> dict[str, str]:
    """How the start is written."""
    if "start" in fields:
        texts = table.column(fields["start"])
        time = next((at for at, name in enumerate(table.heading) if bare(name) in {"time", "testtime"}), None)
        if bare(table.heading[fields["start"]]) in {"date", "testdate"} and time is not None:
            texts = [
                f"{row[fields['start']]} {row[time]}"
                for row in table.below
                if len(row) > max(time, fields["start"])
            ]
    elif "start" in keys:
        texts = [
            _beside(row)
            for row in table.above
            if row and row[0].partition(":")[0].rstrip(" =") == keys["start"]
        ]
    else:
        return {}
    formats = date_formats(texts)
    if not formats:
        table.notes.append(
            f"in which order are the dates written? {texts[0] if texts else ''!r} is none we know"
        )
        return {}
    if len(formats) > 1:
        table.notes.append(
            f"{texts[0]!r} may be written as {' or as '.join(formats[:3])}: set the right date_format"
        )
    return {"date_format": formats[0]}


def _beside(row: list[str]) -> str:
    return row[0].partition(":")[2].strip() or next((cell for cell in row[1:] if cell), "")


def _wide(table: Table, fields: dict[str, int]) -> dict[str, Any]:
    """The columns that are steps, and the rows of units and limits above the first unit."""
    made: dict[str, Any] = {}
    for option, words in _ABOVE.items():
        for row in table.below[:4]:
            if bare(row[0]) in words:
                made[option] = row[0]
    taken = set(fields.values())
    numeric = [
        at
        for at in range(len(table.heading))
        if at not in taken and any(is_number(text) for text in table.column(at)[-20:])
    ]
    if len(numeric) > _MOST_MEASURES:
        made["measure_headings"] = r"^(?P<name>[^(]+)(?:\((?P<unit>[^)]*)\))?"
        table.notes.append(
            f"{len(numeric)} columns are steps: see that measure_headings finds those and no others"
        )
        return made
    made["measures"] = [_measure(table, at) for at in numeric]
    if not numeric:
        table.notes.append("no column looks like a measurement")
        made["measures"] = [{"column": BLANK}]
    return made


def _measure(table: Table, at: int) -> dict[str, Any]:
    heading = table.heading[at]
    made: dict[str, Any] = {"column": table.name(at)}
    if with_unit := _UNIT.fullmatch(heading):
        made |= {"name": with_unit[1].strip(), "unit": with_unit[2]}
    return made


def _ask_for_words(table: Table, texts: list[str]) -> None:
    if words := unknown_words(texts):
        table.notes.append(f"what do these words mean? Say it in statuses: {', '.join(map(repr, words))}")
