"""From a STEP node to a step: one row for each value that was measured or compared.

A step has pages, a page has analogue (ANA) and interconnect (INTC) tests, and each of those a verdict. A test
may have limits and no value: it was compared with them all the same, so its row stays, and its value is NaN.
"""

import math
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from wats_worker.converters import measures
from wats_worker.converters.base import Refused
from wats_worker.converters.measures import Row
from wats_worker.converters.scale import SI, scaled
from wats_worker.converters.spectrum.nodes import Node
from wats_worker.converters.texts import OF_STEP, Step, shown

_STATUSES: Final[Mapping[str, str]] = {
    "PASS": "P",
    "PASSED": "P",
    "FAIL": "F",
    "FAILED": "F",
    "ERROR": "E",
    "ABORT": "T",
    "ABORTED": "T",
    "SKIP": "S",
    "SKIPPED": "S",
}
_UNITS: Final[Mapping[str, str]] = {"O": "Ohm", "OHM": "Ohm"}
_TESTS: Final = ("ANA", "INTC")
_LOW, _HIGH = ("LOLIM", "LOW"), ("HILIM", "HIGH")
#: What a test says in words, beside its values.
_WORDS: Final = ("DESC", "COMMENT", "FAIL_MSG", "PROG_NAME")


class _Value(NamedTuple):
    value: float
    unit: str | None
    raw: str


def step(node: Node) -> Step:
    """A step with all it measured.

    Raises:
        Refused: a value or a verdict can't be read.
    """
    name, place = node.word("SNAME"), node.place
    if not name:
        raise Refused("a step without a name", place=place, field="SNAME")
    status = _status(node, place)
    if status == "S":
        return measures.passed_or_failed(name, status)
    texts: list[str] = [text for found in node.below(*_WORDS) if (text := found.text)]
    try:
        rows = [row for page in node.below("PAGE") for row in _rows(page, place, texts)]
    except ValueError as error:
        raise Refused(str(error), place=place, field=name) from None
    if not rows:
        return measures.passed_or_failed(name, status, "\n".join(texts))
    if len(rows) == 1:
        rows[0].pop("name", None)
    return measures.numbers(name, status, rows, "\n".join(texts))


def _status(node: Node, place: str) -> str:
    word = node.word("STAT")
    if word not in _STATUSES:
        raise Refused(f"{shown(word)} is not a status", place=place, field="STAT")
    return _STATUSES[word]


def _rows(page: Node, place: str, texts: list[str]) -> Iterator[Row]:
    tests = list(page.below(*_TESTS))
    for test in tests:
        name = page.word("PAGE_NAME") if len(tests) == 1 else test.word("TYPE") or page.word("PAGE_NAME")
        yield from _test(test, name or "value", place, texts)
    for pin in page.below("FSCAN_PIN"):
        yield from _pin(pin, place, texts)


def _test(test: Node, name: str, place: str, texts: list[str]) -> Iterator[Row]:
    low, high, nominal = _value(test, *_LOW), _value(test, *_HIGH), _value(test, "NOMVAL")
    results = list(_measured(test)) or [test]
    for number, result in enumerate(results, start=1):
        measured = _value(result, "MEASVAL")
        known = [found for found in (measured, low, high) if found]
        if not known:
            continue
        if len({found.unit for found in known}) > 1:
            raise Refused(f"{' and '.join(found.raw for found in known)} in one test", place=place)
        label = result.word("GROUP_NAME") or (f"{name} {number}" if len(results) > 1 else name)
        texts.append(_told(label, {"measured": measured, "low": low, "high": high, "nominal": nominal}))
        yield measures.numeric(
            measured.value if measured else math.nan,
            OF_STEP[_status(result if result.get("STAT") else test, place)],
            low=low.value if low else None,
            high=high.value if high else None,
            unit=known[0].unit,
            name=label[:100],
        )


def _measured(node: Node) -> Iterator[Node]:
    """The nodes that hold a measured value, the test itself or results in it."""
    if node.get("MEASVAL"):
        yield node
    for child in node.children:
        yield from _measured(child)


def _pin(pin: Node, place: str, texts: list[str]) -> Iterator[Row]:
    """A pin of a vectorless test, held against a threshold."""
    name, status = pin.word("TPNAME") or "pin", _status(pin, place)
    value = pin.get("MEAS_VAL")
    if value is None:
        texts.append(f"{name}: {pin.word('STAT')}")
        return
    threshold = pin.word("THRESH")
    yield measures.numeric(
        scaled(value.word("VAL"), 0),
        OF_STEP[status],
        low=scaled(threshold, 0) if threshold else None,
        name=name[:100],
    )


def _told(label: str, parts: Mapping[str, _Value | None]) -> str:
    return f"{label}: " + ", ".join(f"{name} {found.raw}" for name, found in parts.items() if found)


def _value(test: Node, *names: str) -> _Value | None:
    """A value with its scale and unit, in the base unit."""
    node = next((found for name in names if (found := test.get(name))), None)
    if node is None:
        return None
    digits, scale, unit = node.word("VAL"), node.word("SCALE"), node.word("UNIT")
    if scale not in SI:
        raise ValueError(f"{shown(scale)} is not a scale")
    unit = _UNITS.get(unit.upper(), unit)[:20]
    return _Value(scaled(digits, SI[scale]), unit or None, f"{digits} {scale}{unit}".strip())
