"""Drafts a mapping from one file of a tester, for a person to look through."""

import json
import re
from collections.abc import Mapping as MappingOf
from dataclasses import dataclass
from typing import Any, Final

from wats_worker.converters.mapped import table, text
from wats_worker.converters.mapped.draft_table import draft_table
from wats_worker.converters.mapped.draft_text import draft_text

_UTF16: Final = (b"\xff\xfe", b"\xfe\xff")
#: What a text begins with that is no list of lines.
_OTHERS: Final = (
    (re.compile(rb"\s*<[?!A-Za-z]"), "XML or HTML"),
    (re.compile(rb"\s*(?:\{|\[\s*[\[{\"])\s*[\"\[{}\]]"), "JSON"),
    (re.compile(rb"PK\x03\x04|\x1f\x8b|BZh|7z\xbc\xaf"), "an archive"),
)
#: So much of a file is looked at.
LOOKED_AT: Final = 1024 * 1024


class NoDraft(Exception):
    """There is nothing to draft a mapping from; the text says why, and what to do instead."""


@dataclass(frozen=True)
class Draft:
    """A mapping as far as the file tells it."""

    converter: str  # its name
    options: MappingOf[str, Any]
    notes: tuple[str, ...]  # what a person has to decide

    @property
    def guesses(self) -> bool:
        """Whether it is only a guess what the serial number is, so that nobody should use it as it stands."""
        return self.options.get("heading") is False

    def toml(self, source: str, folder: str) -> str:
        """The source's part of a configuration file."""
        head = [
            "[[sources]]",
            f"name = {_value(source)}",
            f"folder = {_value(folder)}",
            f"converter = {_value(self.converter)}",
        ]
        notes = [f"# {note}" for note in self.notes]
        return "\n".join([*notes, *head, "", *_table(("sources", "options"), self.options)]) + "\n"


def draft(sample: bytes, name: str) -> Draft:
    """Draft a mapping: of a table if the file looks like one, else of lines.

    Args:
        sample: The file, or its beginning.
        name: The file's name.

    Raises:
        NoDraft: it is no text, or none with lines.
    """
    _look(sample)
    encoding, lines = _lines(sample[:LOOKED_AT])
    made, notes = draft_table(lines)
    converter = table.NAME
    if made is None:
        made, notes = draft_text(lines, name)
        converter = text.NAME
    options = {"encoding": encoding, **made} if encoding != "cp1252" else made
    if len(sample) <= LOOKED_AT and not sample.rstrip(b"\0").endswith((b"\n", b"\r")):
        options["last_line_ends"] = False
        notes.append(
            "the last line has no end; if that is usual, a file that is cut off looks like a whole one"
        )
    return Draft(converter, options, tuple(notes))


def _look(sample: bytes) -> None:
    """Refuse what no mapping can be for.

    >>> _look(b"<report/>")
    Traceback (most recent call last):
    wats_worker.converters.mapped.draft.NoDraft: XML or HTML: mappings are for tables and lines of text. \
For this, write a converter: 'wats-worker converters new'
    """
    if not sample.removeprefix(b"\xef\xbb\xbf").strip():
        raise NoDraft("the file is empty")
    kind = next(
        (kind for begins, kind in _OTHERS if begins.match(sample.removeprefix(b"\xef\xbb\xbf"))), None
    )
    if kind is None and not sample.startswith(_UTF16) and (at := sample.find(0)) >= 0:
        halves = sorted(half.count(0) / len(half) for half in (sample[:200:2], sample[1:200:2]) if half)
        if halves[0] < 0.1 and halves[-1] > 0.5:
            raise NoDraft(
                "UTF-16 without the mark it begins with, as far as one can guess: have the tester write "
                "UTF-8, or UTF-16 with its mark"
            )
        kind = f"a NUL byte at {at}, so no text"
    if kind is not None:
        instead = "For this, write a converter: 'wats-worker converters new'"
        raise NoDraft(f"{kind}: mappings are for tables and lines of text. {instead}")


def _lines(sample: bytes) -> tuple[str, list[str]]:
    if sample.startswith(_UTF16):
        return "utf-16", sample.decode("utf-16", errors="replace").splitlines()
    try:
        return "cp1252", sample.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        return "cp1252", sample.decode("cp1252", errors="replace").splitlines()


def _table(path: tuple[str, ...], entries: MappingOf[str, Any]) -> list[str]:
    """A table of TOML and the tables below it."""
    plain = {
        key: value for key, value in entries.items() if not isinstance(value, dict) or "pattern" in value
    }
    lines = [f"[{'.'.join(path)}]", *(f"{_key(key)} = {_value(value)}" for key, value in plain.items())]
    for key, value in entries.items():
        if key not in plain:
            lines += ["", *_table((*path, _key(key)), value)]
    return lines


def _key(text: str) -> str:
    return text if text.replace("_", "").replace("-", "").isalnum() and text.isascii() else json.dumps(text)


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        # Literal strings keep the backslashes of patterns readable.
        return f"'{value}'" if "\\" in value and "'" not in value else json.dumps(value, ensure_ascii=False)
    if isinstance(value, (list, tuple)):
        inner = [_value(entry) for entry in value]
        if sum(map(len, inner)) > 80:
            return "[\n" + "".join(f"  {entry},\n" for entry in inner) + "]"
        return f"[{', '.join(inner)}]"
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{_key(key)} = {_value(entry)}" for key, entry in value.items()) + " }"
    return str(value)
