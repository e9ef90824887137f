"""The schema of the configuration, and how a file of an older one becomes one of today's, step by step.

A step is a small function that changes the tables of one version into those of the next. It works on the
plain dictionaries of a file that is only loaded, and on a ``tomlkit`` document whose comments stay where they
are. A step for keys that are not there does nothing.
"""

import re
import tomllib
from collections.abc import Callable, Iterator, MutableMapping
from dataclasses import dataclass
from typing import Any, Final

from wats_worker.settings.lines import Loc, locate

Table = MutableMapping[str, Any]

#: What a file is written for that does not say it: the first release did not ask.
FIRST: Final = 1
VERSION: Final = "schema_version"


def _seconds_end_in_s(file: Table) -> Iterator[str]:
    """2: keys that are seconds end in ``_s`` everywhere."""
    names = {"quiet_seconds": "quiet_s", "look_seconds": "look_s", "unit_seconds": "unit_s"}
    for position, source in enumerate(_tables(file.get("sources")), start=1):
        for old, new in names.items():
            yield from _rename(source, old, new, where=f"sources #{position}")
        for grow in _tables([source.get("grow")]):
            yield from _rename(grow, "quiet_seconds", "quiet_s", where=f"sources #{position} grow")
    for position, source in enumerate(_tables(file.get("scheduled")), start=1):
        for options in _tables([source.get("poller_options")]):
            if source.get("poller") == "listing":
                where = f"scheduled #{position} poller_options"
                yield from _rename(options, "quiet_seconds", "quiet_s", where=where)


#: The step that leads to each version.
STEPS: Final[dict[int, Callable[[Table], Iterator[str]]]] = {2: _seconds_end_in_s}
#: The schema of this release.
SCHEMA_VERSION: Final = max(STEPS)


@dataclass(frozen=True)
class Upgraded:
    """A configuration in today's schema."""

    text: str
    was: int  #: the schema it was written for
    changes: tuple[str, ...]  #: what was changed, for people


def is_old(file: Table) -> bool:
    """Whether a file is written for an older schema. What is no version at all is found when it is loaded."""
    return FIRST <= version(file) < SCHEMA_VERSION


def version(file: Table) -> int:
    """The schema a file is written for; 0 if what it says is no number."""
    said = file.get(VERSION, FIRST)
    return int(said) if isinstance(said, int) and not isinstance(said, bool) else 0


def step_up(file: Table) -> tuple[str, ...]:
    """Change an older file's tables into today's; what was changed.

    >>> file = {"sources": [{"name": "ict", "quiet_seconds": 2}]}
    >>> step_up(file)
    ('sources #1: quiet_seconds is now quiet_s',)
    >>> file
    {'sources': [{'name': 'ict', 'quiet_s': 2}], 'schema_version': 2}
    """
    changes = tuple(
        change for to, step in sorted(STEPS.items()) if to > version(file) for change in step(file)
    )
    file[VERSION] = SCHEMA_VERSION
    return changes


def upgraded(text: str) -> Upgraded:
    """The text of an older configuration in today's schema, with its comments and its order.

    Raises:
        ValueError: it is not TOML.
    """
    # It takes its time to load, and only who writes to the file needs it.
    import tomlkit  # noqa: PLC0415

    said = VERSION in tomlkit.parse(text)
    document = tomlkit.parse(text if said else _with_version(text))
    was = version(document)
    changes = step_up(document) if is_old(document) else ()
    return Upgraded(tomlkit.dumps(document), was, changes)


def lines(text: str) -> dict[Loc, int]:
    """The line of every key in the text as it stands, under the names that today's schema has for them."""
    if not is_old(tomllib.loads(text)):
        return locate(text)
    new = upgraded(text).text
    above = new.count("\n") - text.count("\n")  # saying the schema takes a line
    return {loc: line - above for loc, line in locate(new).items() if loc != (VERSION,)}


def _with_version(text: str) -> str:
    """The text with its schema said below the comments it begins with."""
    head = re.match(r"(?:[ \t]*#[^\n]*\n)*", text)
    end = head.end() if head else 0
    return f"{text[:end]}{VERSION} = {FIRST}\n{'' if text[end:].startswith(chr(10)) else chr(10)}{text[end:]}"


def _tables(value: Any) -> Iterator[Table]:
    """The tables in what should be a list of them; what is wrong with the rest is found when it is loaded."""
    for item in value if isinstance(value, list) else ():
        if isinstance(item, MutableMapping):
            yield item


def _rename(table: Table, old: str, new: str, *, where: str) -> Iterator[str]:
    if old not in table or new in table:
        return
    document: Any = getattr(table, "value", None)
    if hasattr(document, "_replace"):
        # tomlkit has no public way to rename a key that leaves it in its place.
        document._replace(old, new, document.item(old))
    else:
        table[new] = table.pop(old)
    yield f"{where}: {old} is now {new}"
