"""From text to blocks: which line belongs to the header, the steps or the footer of which unit."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from wats_worker.converters.base import NotReady, Refused
from wats_worker.converters.texts import shown

HEADER_START: Final = "--Header-Start--"
_STEPS_START: Final = "--Step-Data-Start--"
_STEPS_END: Final = "--Step-Data-End--"
# The second spelling has been seen in files from the field.
_UNIT_END: Final = frozenset({"--UUT-End--", "-- UUT-End--"})


@dataclass(frozen=True)
class Row:
    """One line, split at its tabs, with the number people see in an editor."""

    line: int
    cells: tuple[str, ...]

    @property
    def place(self) -> str:
        """The line, for a message."""
        return f"line {self.line}"


@dataclass
class Block:
    """Everything one unit's report is made of."""

    line: int
    header: list[Row] = field(default_factory=list)
    steps: list[Row] = field(default_factory=list)
    footer: list[Row] = field(default_factory=list)


def read_blocks(text: str) -> Iterator[Block]:
    """The blocks of a file, in its order.

    Raises:
        NotReady: the last block has no end yet.
        Refused: a mark stands where it can't.
    """
    block: Block | None = None
    part: list[Row] | None = None
    count = 0
    for number, line in enumerate(text.split("\n"), start=1):
        mark = line.strip()
        if not mark:
            continue
        row = Row(number, tuple(cell.strip() for cell in line.rstrip("\r").split("\t")))
        if mark == HEADER_START:
            if block is not None:
                raise Refused("a new unit begins before the one above has ended", place=row.place)
            block = Block(number)
            part = block.header
        elif block is None or part is None:
            raise Refused(f"{shown(mark)} stands outside of any unit", place=row.place)
        elif mark == _STEPS_START:
            part = _next(block.header, part, block.steps, row)
        elif mark == _STEPS_END:
            part = _next(block.steps, part, block.footer, row)
        elif mark in _UNIT_END:
            _next(block.footer, part, block.footer, row)
            yield block
            block, part, count = None, None, count + 1
        else:
            part.append(row)
    if block is not None:
        raise NotReady(f"the unit that begins in line {block.line} has no end yet")
    if not count:
        raise Refused("the file is empty")


def _next(expected: list[Row], now: list[Row], then: list[Row], row: Row) -> list[Row]:
    # By identity: all three lists may be empty, and so equal.
    if now is not expected:
        raise Refused(f"{shown(' '.join(row.cells))} stands in the wrong part of the unit", place=row.place)
    return then
