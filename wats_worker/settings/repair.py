"""What can still be read of a damaged configuration, line by line. Pure.

A line that makes the text no TOML is put behind a mark that makes it a comment; so nothing of the file is
lost, and a person sees what has to be written again. A table that misses a required key after that goes the
same way, whole.
"""

import re
import tomllib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from wats_worker.settings.lines import Loc, locate

#: What an unreadable line becomes.
MARK: Final = "#! "
#: The culprit stands on the line where reading ends, or not far above: a quote or a bracket left open.
_ABOVE: Final = 40
#: With more lines lost than this it is another kind of file.
_HOPELESS: Final = 200
_HEADING: Final = re.compile(r"\s*\[")


class NothingLeft(Exception):
    """Nothing in the file can be read."""


@dataclass(frozen=True)
class Lost:
    """One line that could not be read."""

    line: int
    text: str
    why: str


@dataclass(frozen=True)
class Salvaged:
    """What is left of a damaged text: valid TOML, with what is lost as comments."""

    text: str
    lost: tuple[Lost, ...]


def is_damaged(content: bytes) -> bool:
    """Whether this is no TOML at all, so damage rather than a mistake.

    >>> is_damaged(b"[server"), is_damaged(b"[sorver]")
    (True, False)
    """
    try:
        tomllib.loads(content.decode("utf-8-sig"))
    except ValueError:
        return True
    return False


def salvage(content: bytes, missing: Callable[[str], Iterable[Loc]]) -> Salvaged:
    """Make the readable parts of a text readable.

    Args:
        content: the damaged file.
        missing: which required keys a text misses.

    Raises:
        NothingLeft: no key of it can be read.
    """
    text = content.decode("utf-8-sig", errors="replace").replace("\0", "\ufffd")
    lines = text.splitlines()
    lost: dict[int, str] = {}
    for at, line in enumerate(lines):
        if "\ufffd" in line:
            lost[at] = "holds what is no text"
    while (found := _read(lines, lost)) is not None:
        if len(lost) > _HOPELESS:
            raise NothingLeft(NothingLeft.__doc__)
        at = _culprit(lines, lost, found)
        lost[at] = found.why
        if _HEADING.match(lines[at]):
            _lose_table(lines, lost, at)
    _drop_incomplete(lines, lost, missing)
    if not tomllib.loads(_joined(lines, lost)):
        raise NothingLeft(NothingLeft.__doc__)
    return Salvaged(
        _joined(lines, lost),
        tuple(Lost(at + 1, _shown(lines[at]), why) for at, why in sorted(lost.items())),
    )


def _shown(line: str) -> str:
    """A line without its value, which may be a secret."""
    key, equals, _ = line.replace("\ufffd", "?").strip().partition("=")
    return f"{key.rstrip()} = …" if equals else key


@dataclass(frozen=True)
class _End:
    """Where reading ended."""

    at: int
    why: str


def _read(lines: Sequence[str], lost: Iterable[int]) -> _End | None:
    """Where the text without these lines stops being TOML; None if it is."""
    try:
        tomllib.loads(_joined(lines, lost))
    except tomllib.TOMLDecodeError as error:
        place = re.search(r" \(at (?:line (\d+).*|end of document)\)", str(error))
        at = int(place[1]) - 1 if place and place[1] else len(lines)
        return _End(at, str(error)[: place.start()] if place else str(error))
    return None


def _culprit(lines: Sequence[str], lost: dict[int, str], end: _End) -> int:
    """The line without which most can be read; of several the last, since what is above it was fine."""
    alive = [
        at
        for at in range(min(end.at, len(lines) - 1), -1, -1)
        if at not in lost and _says_something(lines[at])
    ]

    def reach(at: int) -> int:
        then = _read(lines, {*lost, at})
        return len(lines) + 1 if then is None else then.at

    return max(alive[:_ABOVE], key=lambda at: (reach(at), at))


def _lose_table(lines: Sequence[str], lost: dict[int, str], heading: int) -> None:
    """What stands below an unreadable heading: nobody knows where it belongs, and not to the table above."""
    for at in range(heading + 1, len(lines)):
        if _HEADING.match(lines[at]):
            return
        if _says_something(lines[at]):
            lost.setdefault(at, "stands below a heading that can't be read")


def _says_something(line: str) -> bool:
    return bool(line.strip()) and not line.lstrip().startswith("#")


def _drop_incomplete(
    lines: Sequence[str], lost: dict[int, str], missing: Callable[[str], Iterable[Loc]]
) -> None:
    """Put the rest of a table away that misses a required key since a line of it was lost."""
    text = _joined(lines, lost)
    places = locate(text)
    for loc in missing(text):
        table = next((loc[:length] for length in range(len(loc) - 1, 0, -1) if loc[:length] in places), None)
        if table is None:
            continue
        first = places[table] - 1
        last = next(
            (at for at in range(first + 1, len(lines)) if at not in lost and _HEADING.match(lines[at])),
            len(lines),
        )
        if not lost.keys() & set(range(first, last)):
            continue  # nothing was lost here: a mistake, which a person mends
        for at in range(first, last):
            if at not in lost and _says_something(lines[at]):
                lost[at] = f"belongs to a table that misses {loc[-1]!r} now"


def _joined(lines: Sequence[str], lost: Iterable[int]) -> str:
    gone = set(lost)
    return "".join(f"{MARK if at in gone else ''}{line}\n" for at, line in enumerate(lines)).replace(
        "\ufffd", "?"
    )
