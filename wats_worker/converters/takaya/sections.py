"""The sections of an ATDX file: heads, groups, tables."""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from wats_worker.converters.base import NotReady, Refused, Source
from wats_worker.converters.lines import lines, unbroken
from wats_worker.converters.takaya.probing import Probing, Reading, reading, step
from wats_worker.converters.texts import Step, shown

_MAIN: Final = re.compile(r"#{5,20}\"Main header\"#{5,20}")
_GROUP: Final = re.compile(r"#{5,20}\"Group header\"#{5,20}")
_RESULT: Final = re.compile(r"Group No\.: *([0-9]{1,4}) +Side: *(\S{1,8}) +(PASS|FAIL|NO-TEST)")
_FACT: Final = re.compile(r"([A-Za-z][A-Za-z ]{1,30}?) ?:(.*)")
_RULE: Final = re.compile(r"-{10,100}")
_COLUMNS: Final = (
    "Order", "Aux", "M.Aux", "Parts", "Value", "Unit", "Comment", "Loc.", "EL", "Reference", "Unit", "Func",
    "+%", "Unit", "-%", "Unit", "Test.Base(Test1)", "Unit", "Test.Base(Test2)", "Unit", "Judge", "H-pin",
)  # fmt: skip
#: A reading of impedance: magnitude and phase in one cell.
_PAIR: Final = re.compile(r"[+-]?[0-9.]{1,20}\[[A-Za-z]{0,4}\][<>]?\|[<>]?[+-]?[0-9.]{1,20}")


@dataclass
class Block:
    """One board in one try of its panel."""

    line: int
    facts: dict[str, str] = field(default_factory=dict)
    number: int = 0
    side: str = ""
    verdict: str = ""
    table: bool = False
    width: int = 0
    steps: list[Step] = field(default_factory=list)
    content: Any = field(default_factory=hashlib.sha256)

    @property
    def place(self) -> str:
        """Where it begins, for a message."""
        return f"the block of line {self.line}"

    @property
    def digest(self) -> bytes:
        """The same for blocks that are equal to the last digit."""
        return bytes(self.content.digest())


def blocks(source: Source) -> Iterator[Block]:
    """The blocks of a file, each a board in a try.

    Raises:
        NotReady: the last one breaks off.
        Refused: a line can't be read, or stands where it can't.
    """
    block: Block | None = None
    for at, line in enumerate(lines(source, "cp1252"), start=1):
        text, place = line.strip(), f"line {at}"
        if _MAIN.fullmatch(text):
            if block is not None:
                yield _complete(block)
            block = Block(at)
        elif block is None:
            if text:
                raise Refused(f"{shown(text)} stands before the first section", place=place)
        else:
            block.content.update(line.encode())
            _take(block, text, line, place)
    if block is not None:
        if not unbroken(source) or not block.steps:
            raise NotReady("the last block breaks off")
        yield _complete(block)


def _complete(block: Block) -> Block:
    if not block.verdict:
        raise Refused("a block without a group", place=block.place, field="result")
    return block


def _take(block: Block, text: str, line: str, place: str) -> None:
    """One line below the heading of a block."""
    if block.table and text:
        cells = line.split(";")
        if len(cells) != block.width:
            raise Refused(f"{len(cells)} cells, not {block.width}", place=place)
        block.steps.append(step(_row(cells, place), place))
    elif text.startswith("Order;"):
        cells = [cell.strip() for cell in text.split(";")]
        if tuple(cells[: len(_COLUMNS)]) != _COLUMNS:
            raise Refused("not the columns of this format", place=place)
        block.table, block.width = True, len(cells)
    elif found := _RESULT.fullmatch(text):
        if block.verdict:
            raise Refused("a second group in one block", place=place)
        block.number, block.side, block.verdict = int(found[1]), found[2], found[3]
    elif (found := _FACT.fullmatch(text)) and not block.verdict:
        if block.facts.setdefault(found[1], found[2].strip()) != found[2].strip():
            raise Refused("stands twice with different values", place=place, field=found[1].lower())
    elif text and not _RULE.fullmatch(text) and not _GROUP.fullmatch(text):
        raise Refused(f"{shown(text)} is not a line of this format", place=place)


def _row(cells: list[str], place: str) -> Probing:
    cells = [cell.strip() for cell in cells[: len(_COLUMNS) + 2]]
    order, aux, _, parts, value, _, comment, location, _, wanted, wanted_unit, function = cells[:12]
    above, below, verdict = cells[12], cells[14], cells[20]
    texts = [cell for cell in (cells[16], cells[18]) if _PAIR.fullmatch(cell)]
    try:
        reference = None if _PAIR.fullmatch(wanted) else reading(wanted, wanted_unit)
        readings: list[Reading] = []
        for digits, unit in ((cells[16], cells[17]), (cells[18], cells[19])):
            if not _PAIR.fullmatch(digits) and (read := reading(digits, unit)):
                readings.append(read)
    except ValueError as error:
        raise Refused(str(error), place=place, field=parts) from None
    raw = " then ".join([*(read.raw for read in readings), *texts])
    pins = f"pins {cells[21]} and {cells[23]}"
    about = ", ".join(part for part in (order, aux, comment, location, pins) if part)
    limits = f"reference {wanted} {wanted_unit} +{above}% -{below}% {function}"
    return Probing(
        parts=parts,
        value=value,
        comment=comment,
        function=function,
        verdict=verdict,
        reference=reference,
        readings=readings,
        above=above,
        below=below,
        told=f"{about}: {raw or 'nothing measured'}, {limits}",
        texts=texts,
    )
