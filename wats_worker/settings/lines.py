"""On which line of a TOML file a key stands. Pure.

``tomllib`` forgets the lines, and a message without one sends people hunting. This scanner only runs on text
that ``tomllib`` has already taken, so it may trust the syntax.
"""

import re
import tomllib
from typing import Final

#: The way to a value: names of keys, and positions in arrays.
Loc = tuple[str | int, ...]

_BLANK: Final = re.compile(r"(?:\s|#[^\n]*)*")
_BARE_KEY: Final = re.compile(r"[A-Za-z0-9_-]+")
_STRING: Final = re.compile(
    r'''
    """ (?: \\. | [^\\] )*? "{3,5}     # several lines; up to two quotes may touch the closing ones
    | \'{3} .*? \'{3,5}
    | " (?: \\. | [^"\\] )* "
    | \' [^\']* \'
    ''',
    re.DOTALL | re.VERBOSE,
)
_SCALAR: Final = re.compile(r"[^,\]}#\n]+")


def locate(text: str) -> dict[Loc, int]:
    r"""The line of every table, key and array element in a valid TOML document, counted from 1.

    >>> lines = locate('[[sources]]\nname = "a"\n[sources.options]\nx.y = [1,\n 2]')
    >>> lines["sources", 0, "name"], lines["sources", 0, "options", "x", "y", 1]
    (2, 5)
    """
    scanner = _Scanner(text)
    scanner.document()
    return scanner.found


def line_of(lines: dict[Loc, int], loc: Loc) -> int | None:
    """The line of ``loc``, or of the nearest thing around it that the file has."""
    return next((lines[loc[:length]] for length in range(len(loc), 0, -1) if loc[:length] in lines), None)


class _Scanner:
    def __init__(self, text: str) -> None:
        self.found: dict[Loc, int] = {}
        self._text = text
        self._at = 0
        self._last: dict[Loc, int] = {}  # index of the newest table of each array of tables

    def document(self) -> None:
        table: Loc = ()
        while self._skip_blank():
            if self._take("[["):
                *outer, name = self._keys()
                array = (*self._resolve(outer), name)
                self._last[array] = self._last.get(array, -1) + 1
                table = (*array, self._last[array])
                self._note(array, table)
                self._take("]]")
            elif self._take("["):
                table = self._resolve(self._keys())
                self._take("]")
            else:
                self._pair(table)

    def _pair(self, table: Loc) -> None:
        line = self._line()
        keys = self._keys()
        for length in range(1, len(keys) + 1):
            self.found.setdefault((*table, *keys[:length]), line)
        self._take("=")
        self._value((*table, *keys))

    def _value(self, loc: Loc) -> None:
        self._skip_blank()
        if self._take("["):
            index = 0
            while self._skip_blank() and not self._take("]"):
                self._note((*loc, index))
                self._value((*loc, index))
                index += 1
                self._skip_blank()
                self._take(",")
        elif self._take("{"):
            while self._skip_blank() and not self._take("}"):
                self._pair(loc)
                self._skip_blank()
                self._take(",")
        elif not self._match(_STRING):
            self._match(_SCALAR)

    def _keys(self) -> list[str]:
        """A dotted key, up to whatever follows it."""
        keys = []
        while True:
            self._skip_blank()
            if quoted := self._match(_STRING):
                keys.append(tomllib.loads(f"key = {quoted}")["key"])
            else:
                keys.append(self._match(_BARE_KEY))
            self._skip_blank()
            if not self._take("."):
                return keys

    def _resolve(self, keys: list[str]) -> Loc:
        """The place a table header means: below an array of tables, it is the newest table's."""
        loc: Loc = ()
        for key in keys:
            loc = (*loc, key)
            self._note(loc)  # a header also makes the tables around it, if nothing did before
            if loc in self._last:
                loc = (*loc, self._last[loc])
        return loc

    def _note(self, *locs: Loc) -> None:
        for loc in locs:
            self.found.setdefault(loc, self._line())

    def _line(self) -> int:
        return self._text.count("\n", 0, self._at) + 1

    def _skip_blank(self) -> bool:
        """Go to the next sign that means something; False at the end of the text."""
        self._match(_BLANK)
        return self._at < len(self._text)

    def _take(self, sign: str) -> bool:
        taken = self._text.startswith(sign, self._at)
        self._at += len(sign) * taken
        return taken

    def _match(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self._text, self._at)
        if match is None:
            return ""
        self._at = match.end()
        return match.group()
