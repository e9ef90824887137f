"""Where a file that grows may be cut, so that no unit is cut in two. Pure.

    heading     Serial #:  Time:   Name ...
    unit        SN-1       8:14    ...
                SN-1       8:14    ...       ◄── the last one taken begins at the mark
    ── taken ─────────────────────────────
    unit        SN-2       8:15    ...
                SN-2       8:15    ...
    ── cut ───────────────────────────────
    unit        SN-3       8:16    ...       may go on, unless it has been quiet long enough

The data to cut begins at the mark, so that lines which still come for the last unit are seen to be its own.
Then all of it is taken once more: the report that was made of its beginning is not the whole of it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from wats_worker.converters.arrival import Grows

_BOM: Final = b"\xef\xbb\xbf"
#: Of different headings, the bytes that are carried along.
_MOST_HEADINGS: Final = 64 * 1024

Headings = tuple[bytes, ...]


@dataclass(frozen=True)
class Cut:
    """A piece that may be taken. All places are counted from where the data begins."""

    start: int
    end: int
    headings: Headings  #: that hold where it starts
    mark: int  #: where its last unit begins
    mark_headings: Headings  #: that hold there


@dataclass
class _Unit:
    start: int
    headings: Headings
    told: bool  # whether its first line says that it is one
    end: int = 0  # of its last line


def cut(
    data: bytes, rules: Grows, *, headings: Headings = (), taken: int = 0, quiet: bool, whole: bool = True
) -> Cut | None:
    r"""The next piece; nothing if there is none yet.

    Args:
        data: What stands in the file from the mark on.
        rules: How to tell a unit from the next.
        headings: That hold where the data begins.
        taken: How much of the data was taken already.
        quiet: Nothing was added for so long that the last unit is complete.
        whole: The data reaches to the end of the file.

    >>> rules = Grows(heading="SN", key=("SN",))
    >>> made = cut(b"SN\tV\nA\t1\nA\t2\nB\t1\nB", rules, quiet=False)
    >>> made.start, made.end, made.mark, made.mark_headings
    (0, 13, 0, ())
    """
    lines_end = data.rfind(b"\n") + 1
    scan = _Scan(rules, headings)
    units = list(scan.units(data[:lines_end]))
    if rules.ends:
        return _closed(units, taken, scan)
    if any(unit.told for unit in units):
        return _told_apart(units, taken, lines_end, quiet=quiet)
    if (quiet or not whole) and any(unit.end > taken for unit in units):
        holding = next(unit.headings for unit in units if unit.end > taken)
        return Cut(taken, lines_end, holding, lines_end, scan.headings)
    return None


def missing(data: bytes, rules: Grows, *, headings: Headings = (), taken: int = 0) -> str:
    """What a quiet file waits for that nothing can be taken of; empty if nothing is new in it."""
    lines_end = data.rfind(b"\n") + 1
    if data[lines_end:].strip():
        return "its last line has no end"
    scan = _Scan(rules, headings)
    return "its last unit has no end" if any(unit.end > taken for unit in scan.units(data)) else ""


def _closed(units: Sequence[_Unit], taken: int, scan: "_Scan") -> Cut | None:
    fresh = [unit for unit in units if taken <= unit.start < scan.closed]
    if not fresh:
        return None
    return Cut(taken, scan.closed, fresh[0].headings, scan.closed, scan.closed_headings)


def _told_apart(units: Sequence[_Unit], taken: int, lines_end: int, *, quiet: bool) -> Cut | None:
    goes_on = units[0].told and units[0].start < taken < units[0].end
    fresh = [unit for unit in units if unit.start >= taken]
    if goes_on:
        fresh.insert(0, units[0])
    if quiet:
        end = lines_end
    else:
        end, fresh = (fresh[-1].start, fresh[:-1]) if fresh else (0, [])
    if not fresh:
        return None
    start = units[0].start if goes_on else taken
    return Cut(start, end, fresh[0].headings, fresh[-1].start, fresh[-1].headings)


class _Scan:
    """Goes over lines, and keeps the headings that hold where it is."""

    def __init__(self, rules: Grows, headings: Headings) -> None:
        self._rules = rules
        self._heading = rules.heading.encode()
        self._separator = rules.separator.encode()
        self._begins = tuple(mark.encode() for mark in rules.begins)
        self._ends = tuple(mark.encode() for mark in rules.ends)
        self._columns: list[int] | None = None
        self.headings: Headings = ()
        self.closed = 0  #: where the last unit ends that has said so
        self.closed_headings: Headings = headings
        for line in headings:
            self._keep(line)

    def units(self, data: bytes) -> Iterator[_Unit]:
        unit: _Unit | None = None
        key: object = None
        start: int | None = None  # of headings that stand before a line
        before = self.headings
        for position, line in _lines(data):
            if self._heading and line.removeprefix(_BOM).startswith(self._heading):
                if start is None:
                    start, before = position, self.headings
                self._keep(line)
                continue
            if not line.strip():
                continue
            found, begins = self._key(line), bool(self._begins) and line.startswith(self._begins)
            if unit is None or begins or found != key:
                if unit is not None:
                    yield unit
                headings = self.headings if start is None else before
                told = begins or found is not None
                unit, key = _Unit(position if start is None else start, headings, told), found
            start = None
            unit.end = position + len(line)
            if self._ends and line.startswith(self._ends):
                self.closed, self.closed_headings = unit.end, self.headings
                yield unit
                unit = None
        if unit is not None:
            yield unit

    def _keep(self, line: bytes) -> None:
        """Add a heading. One that stood before holds again, so it comes last."""
        line = line.removeprefix(_BOM)
        kept = [*(one for one in self.headings if one != line), line]
        while len(kept) > 1 and sum(map(len, kept)) > _MOST_HEADINGS:
            kept.pop(0)
        self.headings = tuple(kept)
        names = [cell.strip() for cell in line.split(self._separator)]
        wanted = [name.strip().encode() for name in self._rules.key]
        self._columns = [names.index(name) for name in wanted] if set(wanted) <= set(names) else None

    def _key(self, line: bytes) -> object:
        if self._columns is None:
            return None
        cells = line.split(self._separator)
        return tuple(cells[column].strip() if column < len(cells) else b"" for column in self._columns)


def _lines(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Every line with its end, and where it begins."""
    position = 0
    while (end := data.find(b"\n", position) + 1) > 0:
        yield position, data[position:end]
        position = end
