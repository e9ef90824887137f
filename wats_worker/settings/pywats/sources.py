"""A converter of theirs and its watch folder, made into a source of ours."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any, Final

from wats_worker.settings.pywats.theirs import Client, Converter

#: Who of ours reads what a converter of theirs did, by a part of its name.
_KNOWN: Final[Mapping[str, str]] = {
    "watsstandardjson": "wats-json",
    "watsstandardtext": "wats-text",
    "watsstandardxml": "wats-xml",
    "atml": "atml",
    "seica": "seica-xml",
    "klippel": "klippel",
    "teradynespectrum": "teradyne-spectrum",
    "teradyneict": "teradyne-gr228x",
}
_EVERYTHING: Final = frozenset({"*", "*.*", ""})


@dataclass
class Block:
    """One ``[[sources]]`` block to be."""

    keys: dict[str, Any]
    why_off: str = ""  #: it is written as a comment then
    notes: list[tuple[str, str]] = field(default_factory=list)  #: a key of theirs, and what to know about it


def facts(client: Client) -> dict[str, str]:
    """What the client says about its station."""
    if not client.include_station_in_reports:
        return {}
    station, location, purpose = client.station_name, client.location, client.purpose
    if client.multi_station_enabled:
        for preset in client.station_presets:
            if preset.key == client.active_station_key:
                station, location, purpose = preset.name, preset.location, preset.purpose
    found = {"station": station, "location": location, "purpose": purpose}
    return {key: value.strip()[:100] for key, value in found.items() if value.strip()}


def block(
    converter: Converter, name: str, known: Mapping[str, str], here: Callable[[str], str | None]
) -> Block:
    """The source for a converter.

    Args:
        converter: theirs.
        name: what the source is called.
        known: what is known of the station.
        here: a path of theirs as it is on this machine; None if it is none here.
    """
    made = Block({"name": name, "folder": here(converter.watch_folder) or converter.watch_folder})
    made.keys["converter"] = _reader(converter, made)
    made.keys.update(known)
    if converter.priority is not None:
        made.keys["priority"] = min(max(converter.priority - 1, 0), 9)
    made.keys.update(_patterns(converter, made))
    made.keys.update(_afterwards(converter, made, here))
    made.notes += _without_counterpart(converter)
    made.why_off = _why_off(converter, here)
    return made


def free_name(text: str, taken: set[str]) -> str:
    """A source's name made of theirs, that no other source has.

    >>> free_name("ICT Line 4 (CSV)", set()), free_name("ICT", {"ict"})
    ('ict-line-4-csv', 'ict-2')
    """
    plain = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:36].strip("-") or "source"
    number = 1
    while (name := plain if number == 1 else f"{plain}-{number}") in taken:
        number += 1
    taken.add(name)
    return name


def _reader(converter: Converter, made: Block) -> str:
    told = re.sub(r"[^a-z]", "", f"{converter.module_path}{converter.name}".lower())
    found = next((ours for part, ours in _KNOWN.items() if part in told), "auto")
    if found == "auto":
        made.notes.append(
            (
                "module_path",
                f"{converter.module_path or 'none'} is not known here: each file goes to the converter "
                "that is surest of it. If none is, see docs/how-to/write-a-converter.md",
            )
        )
    if converter.arguments:
        options = ", ".join(sorted(converter.arguments))
        made.notes.append(
            ("arguments", f"not taken over ({options}): what they meant is known to that converter alone")
        )
    return found


def _patterns(converter: Converter, made: Block) -> Iterator[tuple[str, Any]]:
    is_folder = converter.converter_type == "folder"
    patterns = converter.folder_patterns if is_folder else converter.file_patterns
    if not _EVERYTHING & set(patterns) and patterns:
        yield "include", patterns
    if is_folder:
        yield "unit", "folder"
        if converter.readiness_marker:
            yield "unit_members", [converter.readiness_marker]
        made.notes.append(
            ("converter_type", "a folder is one unit here, converted when all of it has arrived")
        )


def _afterwards(
    converter: Converter, made: Block, here: Callable[[str], str | None]
) -> Iterator[tuple[str, Any]]:
    match converter.post_action.lower():
        case "delete":
            yield "after", "delete"
        case "keep":
            if converter.converter_type == "folder":
                made.notes.append(("post_action", "a folder is taken as a whole here, and archived"))
            else:
                yield "mode", "keep"
                yield "after", "keep"
        case "archive" | "move" as action:
            folder = converter.archive_folder if action == "archive" else converter.done_folder
            if folder:
                yield "after", "move"
                yield "done_folder", here(folder) or folder
            else:
                made.notes.append(
                    ("post_action", "without a folder named for it: the spool's archive keeps it")
                )
        case other:
            made.notes.append(
                ("post_action", f"{other!r} is not known here: the spool's archive keeps the files")
            )


def _without_counterpart(converter: Converter) -> Iterator[tuple[str, str]]:
    if converter.error_folder:
        yield (
            "error_folder",
            "what can't be converted is quarantined: 'wats-worker files find --state quarantined'",
        )
    if converter.pending_folder:
        yield "pending_folder", "what waits for its end stays on the spool, and is tried again by itself"
    if converter.min_file_count is not None:
        yield "min_file_count", "say with unit_members which files have to be there"
    if converter.schedule_interval_seconds is not None or converter.cron_expression:
        yield "schedule_interval_seconds", "a [[scheduled]] source is polled: docs/how-to/poll-a-database.md"


def _why_off(converter: Converter, here: Callable[[str], str | None]) -> str:
    if not converter.enabled:
        return "it was not enabled"
    if converter.converter_type == "scheduled":
        return "what is asked on a schedule needs a poller"
    if not converter.watch_folder:
        return "it had no watch folder"
    for folder in (converter.watch_folder, converter.done_folder, converter.archive_folder):
        if folder and here(folder) is None:
            return (
                f"{folder} is no path on this machine: say what it is with --path '{_drive(folder)}=/mnt/…'"
            )
    return ""


def _drive(folder: str) -> str:
    windows = PureWindowsPath(folder)
    return windows.anchor if windows.anchor.strip("\\/") else str(PurePosixPath(folder))
