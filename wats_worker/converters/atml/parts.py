"""What the element of a step consists of: its outcome, what it measured, and everything else in it."""

from collections.abc import Mapping
from typing import Final, NamedTuple

from lxml.etree import _Element

from wats_worker.converters.atml.data import items
from wats_worker.converters.base import Refused
from wats_worker.converters.markup import local, place

#: The names of a TestStand step's own value; any other result is a row of a multiple test, or additional.
OWN: Final = frozenset({"Numeric", "String"})
#: A TestResult and the one value in it.
Measured = tuple[_Element, _Element]


class Parts(NamedTuple):
    """The children of a step's element that say something about it."""

    properties: Mapping[str, str]  # TestStand's own, empty elsewhere
    outcome: _Element | None
    results: list[_Element]
    values: list[tuple[str, _Element]]  # of Data and Parameters
    events: list[_Element]


def split(element: _Element) -> Parts:
    """Sort the children of a step's element."""
    outcome: _Element | None = None
    results: list[_Element] = []
    values: list[tuple[str, _Element]] = []
    events: list[_Element] = []
    for child in element:
        name = local(child)
        if name == "TestResult":
            results.append(child)
        elif name in {"Outcome", "ActionOutcome"}:
            if outcome is not None:
                raise Refused("a second outcome", place=place(child), field=name)
            outcome = child
        elif name == "Data":
            values += _values(child, "Data")
        elif name == "Parameters":
            values += [
                pair
                for parameter in child.iterchildren("{*}Parameter")
                for data in parameter.iterchildren("{*}Data")
                for pair in _values(data, parameter.get("name") or parameter.get("ID") or "Parameter")
            ]
        elif name == "Events":
            events = list(child)
    return Parts(properties(element), outcome, results, values, events)


def _values(data: _Element, name: str) -> list[tuple[str, _Element]]:
    """The values of a Data element: the items of its collection, or the one it is."""
    found: list[tuple[str, _Element]] = []
    for child in data:
        shape = local(child)
        if shape == "Collection" and name == "Data":
            found += items(child)
        elif shape in {"Collection", "Datum", "IndexedArray"}:
            found.append((name, child))
    return found


def measurements(found: Parts) -> tuple[list[Measured], list[tuple[str, _Element]]]:
    """The results that are measurements, and everything else that has a value.

    TestStand marks what it measured by limits, or by saying that there are none. What else it writes are
    parameters and additional results. Other writers have nothing but measurements.
    """
    rows: list[Measured] = []
    others = list(found.values)
    for result in found.results:
        name = result.get("name") or result.get("ID") or "Result"
        data = next((child for child in result.iterchildren("{*}TestData")), None)
        value = next(iter(data), None) if data is not None else None
        if value is None:
            continue
        limited = result.find("{*}TestLimits") is not None
        marked = result.find("{*}Extension/{*}TSLimitProperties") is not None
        by_others = not found.properties and name != "ReportText"
        if local(value) == "Datum" and (limited or marked or name in OWN or by_others):
            rows.append((result, value))
        else:
            others.append((name, value))
    return rows, others


def properties(element: _Element) -> dict[str, str]:
    """TestStand's own facts about a step."""
    found = element.find("{*}Extension/{*}TSStepProperties")
    facts: dict[str, str] = {}
    for child in found if found is not None else ():
        if len(child):  # LoopingProperties
            facts |= {local(below): _fact(below) for below in child}
        else:
            facts[local(child)] = _fact(child)
    return facts


def _fact(element: _Element) -> str:
    return (element.get("value") or element.text or "").strip()
