"""From the records of a board test to steps.

A block of the test plan becomes one step: its measurements are rows, named by their subtest where they have
one. Blocks of one kind that follow each other stand in a sequence. The verdict of a step is the block's own:
an open jumper passes with a value below its low limit, and nobody but the tester can know.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Final

from wats_worker.converters import measures
from wats_worker.converters.base import Refused
from wats_worker.converters.i3070_log.kinds import ANALOG, TOLD, VERDICTS
from wats_worker.converters.i3070_log.records import Record
from wats_worker.converters.measures import Row
from wats_worker.converters.texts import OF_STEP, Step, number, shown
from wats_worker.reports import judge

#: Values of a status other than failed.
_LETTERS: Final = {0: "P", 11: "T", 20: "P"}  # 11: aborted by the operator; 20: learned
_STATUS_WORDS: Final = {2: "compliance limit", 3: "detector timeout", 7: "not completed", 11: "aborted"}
#: From here on a limit is none.
_NO_LIMIT: Final = 9.9e99
_BOARD: Final = re.compile(r"([0-9]{1,4})%(?=.)")


def steps(records: Iterable[Record], board: str) -> list[Step]:
    """The steps of a board test, in sequences of one kind.

    Args:
        records: The records right below the board test.
        board: The board's number on its panel; names of blocks begin with it.
    """
    sequences: list[Step] = []
    title = ""
    for record in records:
        if record.tag == "BLOCK":
            kind, step = _block(record, board)
        elif record.tag in VERDICTS:
            kind, step = VERDICTS[record.tag].title, _single(record, board)
        elif record.tag in ANALOG:
            kind, step = ANALOG[record.tag].title, _bare_analog(record, board)
        else:
            continue  # see told()
        if kind != title:
            sequences.append(measures.sequence(kind, [], "P"))
            title = kind
        sequences[-1]["steps"].append(step)
    for made in sequences:
        made["status"] = judge.of_steps(step["status"] for step in made["steps"])
    return sequences


def told(records: Iterable[Record]) -> Iterator[str]:
    """What the records that are no tests tell, a line each."""
    for record in records:
        if record.tag in {"BLOCK", "RETEST", "BTEST"} or record.tag in VERDICTS or record.tag in ANALOG:
            continue
        label = TOLD.get(record.tag, record.tag)
        words = ", ".join(part.strip() for part in (*record.fields, *record.items) if part.strip())
        yield f"{label}: {words}" if label else words
        yield from told(record.children)


def _block(block: Record, board: str) -> tuple[str, Step]:
    """A block's kind and its step."""
    name = _name(block.get(0), board)
    if not name:
        raise Refused("a block without a name", place=block.place)
    analog = [record for record in block.children if record.tag in ANALOG]
    others = [record for record in block.children if record.tag in VERDICTS]
    texts = list(told(block.children))
    if analog and others:
        return _title(analog[0]), _mixed(block, name, board, texts)
    if analog:
        rows = [_analog_row(record, texts) for record in analog]
        status = _block_status(block, rows)
        return _title(analog[0]), measures.numbers(name, status, _named(rows), "\n".join(texts))
    rows = [_verdict_row(record, name, board, texts) for record in others]
    status = _block_status(block, rows)
    if not rows:  # the log has the block only, not what was measured
        return "Blocks", measures.passed_or_failed(name, status, "\n".join(texts))
    return _title(others[0]), measures.verdicts(name, status, _named(rows), "\n".join(texts))


def _mixed(block: Record, name: str, board: str, texts: list[str]) -> Step:
    """A block with measurements and bare verdicts: a sequence, since a step has one kind of content."""
    made = [
        _bare_analog(record, board, name) if record.tag in ANALOG else _single(record, board, name)
        for record in block.children
        if record.tag in ANALOG or record.tag in VERDICTS
    ]
    status = _letter(block.get(1), block) if block.get(1) else judge.of_steps(s["status"] for s in made)
    step = measures.sequence(name, made, status)
    if texts:
        step["reportText"] = "\n".join(texts)[:100_000]
    return step


def _title(record: Record) -> str:
    return ANALOG[record.tag].title if record.tag in ANALOG else VERDICTS[record.tag].title


def _name(text: str, board: str) -> str:
    """A block's name without the number of its board, which would make every board's steps others."""
    prefix = _BOARD.match(text)
    if prefix and prefix[1].lstrip("0") == board.lstrip("0"):
        return text[prefix.end() :]
    return text


def _block_status(block: Record, rows: list[Row]) -> str:
    text = block.get(1)
    return _letter(text, block) if text else judge.of_rows(row["status"] for row in rows)


def _letter(text: str, record: Record) -> str:
    text = text.strip()
    if not (text.isascii() and text.isdigit() and len(text) <= 4):
        raise Refused(f"{shown(text)} is not a status", place=record.place, field="status")
    return _LETTERS.get(int(text), "F")


def _analog_row(record: Record, texts: list[str]) -> Row:
    fields = record.fields
    status = _letter(fields[0] if fields else "", record)
    try:
        value = number(record.get(1))
        nominal, low, high = _limits(record)
    except ValueError as error:
        raise Refused(str(error), place=record.place, field="value") from None
    name = record.get(2) or None
    if nominal is not None:
        texts.append(f"{name}: nominal {nominal}" if name else f"Nominal {nominal}")
    if status != "P" and (words := _STATUS_WORDS.get(int(fields[0]))):
        texts.append(f"{name}: {words}" if name else words)
    unit = ANALOG[record.tag].unit
    return measures.numeric(
        value, OF_STEP[status], low=low, high=high, unit=unit, name=name[:100] if name else None
    )


def _limits(record: Record) -> tuple[str | None, float | None, float | None]:
    """Nominal as written, low and high. In the file the high limit comes before the low one."""
    for limits in record.children:
        if limits.tag == "LIM2":
            return None, _limit(limits.get(1)), _limit(limits.get(0))
        if limits.tag == "LIM3":
            return limits.get(0) or None, _limit(limits.get(2)), _limit(limits.get(1))
    return None, None, None


def _limit(text: str) -> float | None:
    if not text:
        return None
    value = number(text)
    return value if abs(value) < _NO_LIMIT else None


def _verdict_row(record: Record, block: str, board: str, texts: list[str]) -> Row:
    kind = VERDICTS[record.tag]
    status = _letter(record.get(kind.status), record)
    name = _name(record.get(kind.name), board)
    if status != "P":
        counts = ", ".join(
            f"{_whole(record.get(field))} {label}"
            for label, field in kind.counts.items()
            if record.get(field)
        )
        texts.append(": ".join(part for part in (name, counts) if part))
        texts.extend(told(record.children))
    return measures.verdict(OF_STEP[status], name=name[:100] if name and name != block else None)


def _whole(text: str) -> str:
    return text.lstrip("0") or "0"


def _named(rows: list[Row]) -> list[Row]:
    """Rows as they may stand beside each other: each with a name."""
    if len(rows) > 1:
        for place, row in enumerate(rows, start=1):
            row.setdefault("name", f"[{place}]")
    return rows


def _single(record: Record, board: str, block: str = "") -> Step:
    """A bare verdict as a step of its own."""
    kind = VERDICTS[record.tag]
    name = _name(record.get(kind.name), board) or block or kind.title.lower()
    texts: list[str] = []
    row = _verdict_row(record, name, board, texts)
    status = _letter(record.get(kind.status), record)
    text = "\n".join(texts).removeprefix(f"{name}: ")
    return measures.verdicts(name, status, [row], text)


def _bare_analog(record: Record, board: str, block: str = "") -> Step:
    """A measurement as a step of its own: outside of any block, or beside verdicts in one."""
    name = _name(record.get(2), board) or block or ANALOG[record.tag].title
    texts: list[str] = []
    row = _analog_row(record, texts)
    row.pop("name", None)
    return measures.numbers(name, _letter(record.get(0), record), [row], "\n".join(texts))
