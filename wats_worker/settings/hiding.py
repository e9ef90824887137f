"""The text of a configuration without its secrets, and with them again when it comes back.

Whoever changes a configuration from afar reads a text in which every secret is ``***``, and sends it back.
What is still hidden then stays what it was, if it stands where it stood. Pure.
"""

import re
import tomllib
from collections.abc import Iterator, MutableMapping
from typing import Any, Final

from wats_worker.settings.lines import Loc
from wats_worker.settings.masking import HIDDEN, is_hidden, is_secret, masked

#: A line up to the comment at its end, if nothing before it is left open.
_COMMENTED: Final = re.compile(r"""^((?:[^"'#]|"(?:\\.|[^"\\])*"|'[^']*')*)(\#.*)$""", re.MULTILINE)
#: What looks like a setting in a comment.
_SAID: Final = re.compile(r"""([\w.-]+)(\s*[=:]\s*)("[^"]*"|'[^']*'|\S+)""")
#: There is nothing at this place.
_NOTHING: Final = object()


class CannotHide(Exception):
    """The text is written so that its secrets can't be hidden."""

    def __init__(self) -> None:
        super().__init__(self.__doc__)


class StillHidden(Exception):
    """A value is hidden, and nothing that it could stand for was there."""

    def __init__(self, loc: Loc) -> None:
        self.loc = loc
        super().__init__(self.__doc__)


def hidden(text: str) -> str:
    r"""The text with every secret hidden, in its comments too.

    Raises:
        CannotHide: one of them would still be read.
        ValueError: it is not TOML.

    >>> hidden('[server]\n# token = "old"\ntoken = "abc"  # of the plant')
    '[server]\n# token = "***"\ntoken = "***"  # of the plant'
    """
    import tomlkit  # noqa: PLC0415  takes its time to load

    data, document = tomllib.loads(text), tomlkit.parse(text)
    for loc, value in _leaves((), data):
        if (shown := masked(value, _name(loc))) != value:
            _set(document, loc, shown)
    told = _COMMENTED.sub(lambda line: line[1] + _quiet(line[2]), tomlkit.dumps(document))
    if tomllib.loads(told) != masked(data):
        raise CannotHide
    return told


def restored(text: str, before: str) -> str:
    r"""The text with what is hidden in it as it stood before.

    Args:
        text: What came back.
        before: The file as it is, of which ``hidden`` was shown.

    Raises:
        StillHidden: a hidden value has no counterpart there.
        ValueError: the text is not TOML.

    >>> restored('[server]\ntoken = "***"\nverify = false', '[server]\ntoken = "abc"')
    '[server]\ntoken = "abc"\nverify = false'
    """
    import tomlkit  # noqa: PLC0415  as above

    document, data, old = tomlkit.parse(text), tomllib.loads(text), tomllib.loads(before)
    for loc, value in _leaves((), data):
        if not is_hidden(value, _name(loc)):
            continue
        original = _same_place(old, data, loc)
        if original is _NOTHING or masked(original, _name(loc)) != value:
            raise StillHidden(loc)
        _set(document, loc, original)
    comments = [line[2] for line in _COMMENTED.finditer(before) if _quiet(line[2]) != line[2]]

    def said(line: re.Match[str]) -> str:
        as_it_was = next((one for one in comments if _quiet(one) == line[2]), line[2])
        if as_it_was in comments:
            comments.remove(as_it_was)
        return line[1] + as_it_was

    return _COMMENTED.sub(said, tomlkit.dumps(document))


def _quiet(comment: str) -> str:
    """A comment without what looks like a secret in it."""
    told = _SAID.sub(lambda said: f'{said[1]}{said[2]}"{HIDDEN}"' if is_secret(said[1]) else said[0], comment)
    return str(masked(told))


def _leaves(at: Loc, value: Any) -> Iterator[tuple[Loc, Any]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _leaves((*at, key), inner)
    elif isinstance(value, list):
        for position, inner in enumerate(value):
            yield from _leaves((*at, position), inner)
    else:
        yield at, value


def _name(loc: Loc) -> str:
    """What a value is called; one in a list is called as the list."""
    return next((part for part in reversed(loc) if isinstance(part, str)), "")


def _set(document: MutableMapping[str, Any], loc: Loc, value: Any) -> None:
    here: Any = document
    for part in loc[:-1]:
        here = here[part]
    here[loc[-1]] = value


def _same_place(old: Any, new: Any, loc: Loc) -> Any:
    """What stood at a place; a table with a name is the same one wherever it stands in its list."""
    for part in loc:
        new = new[part]
        if isinstance(part, int) and isinstance(old, list):
            name = new.get("name") if isinstance(new, dict) else None
            same = [
                one for one in old if name is not None and isinstance(one, dict) and one.get("name") == name
            ]
            old = same[0] if same else old[part] if name is None and part < len(old) else _NOTHING
        else:
            old = old.get(part, _NOTHING) if isinstance(old, dict) else _NOTHING
    return old
