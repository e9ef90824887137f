r"""From text to records: braces nest, bars part fields, and two more signs carry what these can't.

``{@PIN\2|20247|20248}``   a list: its length, then its items
``|260317~9|PC1\op17x|``   a literal: its length, then a field that may hold any of the signs itself
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import accumulate, groupby
from typing import Final, NoReturn, cast

from wats_worker.converters.base import NotReady, Refused, Source
from wats_worker.converters.texts import shown

#: Braces, and what announces a literal: its length between two signs.
_SIGN: Final = re.compile(r"[{}]|~([0-9]{1,6})([^0-9\s])")
_LIST: Final = re.compile(r"\\([0-9]{1,6})(?:\||$)")
_TAG: Final = re.compile(r"@[A-Za-z0-9_-]{1,20}")
#: What may follow a literal; otherwise the tilde is just a tilde.
_AFTER_LITERAL: Final = frozenset("|\\~{}\n")
#: Records that hold a list. In others a backslash is one, as in DOMAIN\user.
_WITH_LIST: Final = frozenset({"PIN", "DPIN", "TS-D", "BS-S", "INDICT", "NODE"})
#: Line ends mean nothing, but in the records that say which board it was they would mean damage.
_WITH_IDENTITY: Final = frozenset({"@BATCH", "@BTEST"})
#: What nearly all records are; they hold no list.
_COMMON: Final = frozenset({"@BLOCK", "@LIM2", "@LIM3", "@A-RES", "@A-CAP", "@A-JUM", "@A-DIO", "@A-MEA"})
_DEEPEST: Final = 12
#: Lines are counted once for so much text.
_BLOCK: Final = 16_384


class Lines:
    """Says in which line something stands: of thousands of places, and mostly nobody hears it."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._before: list[int] = []  # the line that each block begins in

    def number(self, at: int) -> int:
        """The number of the line, counted from 1."""
        if not self._before:
            starts = range(0, len(self._text), _BLOCK)
            counts = (self._text.count("\n", start, start + _BLOCK) for start in starts)
            self._before = list(accumulate(counts, initial=1))
        block = at // _BLOCK
        return self._before[block] + self._text.count("\n", block * _BLOCK, at)


@dataclass(slots=True)
class Record:
    """One record: its tag without the @, its fields, the items of its list, the records in it."""

    tag: str
    fields: list[str]
    items: list[str]
    lines: Lines  # of the text that it stands in
    at: int
    children: "list[Record]" = field(default_factory=list)

    def get(self, number: int) -> str:
        """A field without blanks around it, counted from 0; empty when the record is shorter."""
        return self.fields[number].strip() if number < len(self.fields) else ""

    @property
    def place(self) -> str:
        """Where the record stands, for a message."""
        return f"the {self.tag} of line {self.lines.number(self.at)}"


@dataclass(frozen=True, slots=True)
class BoardTest:
    """A test of a board and the batch it belongs to."""

    batch: Record | None
    record: Record

    @property
    def place(self) -> str:
        """Where the test stands, for a message."""
        return self.record.place


class _Open:
    """A record whose closing brace hasn't come yet."""

    __slots__ = ("at", "parts", "record")

    def __init__(self, at: int) -> None:
        self.at = at
        self.parts: list[str | tuple[str]] = []  # a literal is a tuple, so that nobody splits it
        self.record: Record | None = None


def board_tests(source: Source) -> Iterator[BoardTest]:
    """The tests of boards, in the file's order.

    Raises:
        NotReady: a record is still open at the end.
        Refused: what stands there are not records.
    """
    text = source.text("cp1252").replace("\r\n", "\n")
    if "\r" in text:
        raise Refused("a carriage return inside of a line: no tester ends its lines so")
    if "\x04" in text:
        source.warn("the tester cut records off (Ctrl-D): their last field may be short")
        text = text.replace("\x04", "")
    yield from _Reader(text).board_tests()


class _Reader:
    """Reads one text from its beginning to its end."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._lines = Lines(text)
        self._open: list[_Open] = []

    def board_tests(self) -> Iterator[BoardTest]:
        text, search, at, count = self._text, _SIGN.search, 0, 0
        while sign := search(text, at):
            if sign.start() > at:
                self._add(text[at : sign.start()], at)
            at = sign.end()
            if sign[0] == "{":
                self._begin(sign.start())
            elif sign[0] != "}":
                at = self._literal(sign)
            elif test := self._end(sign.start()):
                yield test
                count += 1
        if at < len(text):
            self._add(text[at:], at)
        if self._open:
            line = self._lines.number(self._open[-1].at)
            raise NotReady(f"the record that begins in line {line} has no end yet")
        if not count:
            raise Refused("no test of a board in the file")

    def _add(self, text: str, at: int) -> None:
        if self._open and self._open[-1].record is None:
            self._open[-1].parts.append(text)
        elif not text.isspace():
            self._refuse(f"{shown(text.strip())} stands outside of any record", at)

    def _literal(self, sign: re.Match[str]) -> int:
        """Take a literal field; return where to read on."""
        end = sign.end() + int(sign[1])
        after = self._text[end : end + 1]
        if end > len(self._text) or (after and after not in _AFTER_LITERAL and after != sign[2]):
            self._add(sign[0], sign.start())  # a tilde in a name
            return sign.end()
        if not self._open or self._open[-1].record is not None:
            self._refuse("a literal outside of any record", sign.start())
        self._open[-1].parts.append((self._text[sign.end() : end],))
        return end + 1 if after == sign[2] != "|" else end

    def _begin(self, at: int) -> None:
        if self._open:
            self._known(self._open[-1])
        if len(self._open) >= _DEEPEST:
            self._refuse(f"more than {_DEEPEST} records in each other", at)
        self._open.append(_Open(at))

    def _end(self, at: int) -> BoardTest | None:
        if not self._open:
            self._refuse("a closing brace too many", at)
        record = self._known(self._open.pop())
        parent = self._open[-1].record if self._open else None
        if record.tag == "BTEST":
            return BoardTest(parent, record)
        if parent is not None:
            parent.children.append(record)
        return None

    def _known(self, opened: _Open) -> Record:
        """The record as far as its own fields go: everything before the first record in it."""
        if opened.record is None:
            opened.record = self._record(opened)
            if opened.record.tag == "BTEST":
                outer = [above.record.tag for above in self._open if above.record and above is not opened]
                if outer not in ([], ["BATCH"]):
                    self._refuse(f"a test of a board inside of {' and '.join(outer)}", opened.at)
        return opened.record

    def _record(self, opened: _Open) -> Record:
        parts = opened.parts or [""]
        if len(parts) == 1 and isinstance(parts[0], str):
            text = parts[0].strip("\n")
            fields = text.split("|")
            if fields[0] in _COMMON and "\n" not in text:
                return Record(fields[0][1:], fields[1:], [], self._lines, opened.at)
        else:
            fields = _fields(parts)
        if fields[0].strip() not in _WITH_IDENTITY:
            fields = [text.replace("\n", "") for text in fields]
        elif any("\n" in text for text in fields):
            self._refuse(f"a line end inside of a {fields[0].strip()}", opened.at)
        tag = fields[0].strip()
        listed = _LIST.search(tag)
        if not _TAG.fullmatch(tag[: listed.start()] if listed else tag):
            self._refuse(f"{shown(tag)} is not the tag of a record", opened.at)
        name = (tag[: listed.start()] if listed else tag)[1:]
        if name not in _WITH_LIST:
            return Record(name, fields[1:], [], self._lines, opened.at)
        return Record(name, *self._items(fields, opened.at), self._lines, opened.at)

    def _items(self, fields: list[str], at: int) -> tuple[list[str], list[str]]:
        """The fields of a record with a list: those before it and behind it, and the items."""
        for number, text in enumerate(fields):
            if listed := _LIST.search(text):
                end = number + 1 + int(listed[1])
                if end > len(fields):
                    self._refuse(f"{len(fields) - number - 1} items of {listed[1]}", at)
                before = [*fields[1:number], text[: listed.start()]] if number else []
                return before + fields[end:], fields[number + 1 : end]
        return fields[1:], []

    def _refuse(self, reason: str, at: int) -> NoReturn:
        raise Refused(reason, place=f"line {self._lines.number(at)}")


def _fields(parts: list[str | tuple[str]]) -> list[str]:
    """The fields of a record with literals: a literal is a field of its own, whatever stands in it."""
    fields: list[str] = []
    ended = True
    for literal, pieces in groupby(parts, key=lambda part: isinstance(part, tuple)):
        if literal:
            fields.extend(piece[0] for piece in pieces)
            ended = True
            continue
        text = "".join(cast("Iterator[str]", pieces)).strip("\n")
        if fields and ended:
            if not text:
                continue
            text = text.removeprefix("|")
        fields.extend(text.split("|"))
        ended = False
    return fields
