"""The header of a unit report: product, parts, station, operator and what else is said about it."""

from collections.abc import Iterator
from typing import Any

from lxml.etree import _Element

from wats_worker.converters import barcodes, markup
from wats_worker.converters.base import Refused, Source
from wats_worker.converters.clock import read_iso
from wats_worker.converters.finish import begin_iso, remember
from wats_worker.converters.sigmaquest.options import Options
from wats_worker.converters.sigmaquest.runs import Runs
from wats_worker.converters.sigmaquest.values import values

_NONE = frozenset({"", "none", "null", "n/a"})


def document(report: _Element, source: Source, options: Options) -> dict[str, Any]:
    """A unit report in wire form.

    Raises:
        Refused: it has no run or no product, or several products of which any could be the unit.
    """
    run = markup.only(report, "TestRun")
    if run is None:
        raise Refused("the report has none", place=markup.place(report), field="TestRun")
    uut: dict[str, Any] = {}
    made: dict[str, Any] = {"type": "T", "uut": uut}
    _product(report, made)
    _around(report, made)
    begin_iso(made, report.get("start-time", ""), source, options, place=markup.place(report))
    if (seconds := _seconds(report)) is not None:
        uut["execTime"] = seconds
    root = Runs(source, options).step(run, root=True)
    call = {"name": root["name"], "version": report.get("software-version") or run.get("version") or ""}
    root["seqCall"] = {
        member: text[:30] if member == "version" else text for member, text in call.items() if text
    }
    made["root"] = root
    made["result"] = {"D": "P", "S": "T"}.get(root["status"], root["status"])
    return made


def _product(report: _Element, made: dict[str, Any]) -> None:
    found = list(_products(report))
    if not found:
        raise Refused("the report has none", place=markup.place(report), field="Product")
    if len(found) > 1:
        reason = f"{len(found)} products side by side, and nothing says which of them was tested"
        raise Refused(reason, place=markup.place(found[1][0]), field="serial number")
    [(product, category)] = found
    made["sn"] = barcodes.code(product.get("serial-no"))
    made["pn"] = _told(product, "part-no")
    made["rev"] = _told(product, "version")
    for description, text in (
        ("Category", category),
        ("Product name", _told(product, "name")),
        ("Factory order", _told(product, "factory-order")),
    ):
        if text:
            remember(made, description, text)
    _properties(product, made)
    for part, kind in _products(product):
        _part(part, kind, made)


def _products(holder: _Element, category: str = "") -> Iterator[tuple[_Element, str]]:
    """The products right below an element and in its categories, each with the name of its category."""
    for child in holder:
        name = markup.local(child)
        if name == "Product":
            yield child, category
        elif name == "Category":
            yield from _products(child, child.get("name", "").strip())


def _part(part: _Element, kind: str, made: dict[str, Any]) -> None:
    """A product inside of the unit, and those inside of it."""
    number, serial, revision = (
        _told(part, "part-no"),
        barcodes.code(part.get("serial-no")),
        _told(part, "version"),
    )
    if number and max(map(len, (number, serial, revision))) <= 100:
        unit = {"pn": number, "sn": serial, "rev": revision, "partType": kind[:50]}
        made.setdefault("subUnits", []).append(
            {member: text for member, text in unit.items() if text or member == "sn"}
        )
    elif number or serial:
        remember(made, "Part", f"{number} {serial} {revision}".strip())
    for below, category in _products(part):
        _part(below, category or kind, made)


def _around(report: _Element, made: dict[str, Any]) -> None:
    station, operator = (markup.only(report, name) for name in ("Station", "Operator"))
    if station is not None:
        made["machineName"] = _told(station, "name") or _told(station, "guid")
        if _told(station, "name") and _told(station, "guid"):
            remember(made, "Station guid", _told(station, "guid"))
        for value in (value for child in station for value in values(child)):
            if value.name.lower() == "location" and value.text:
                made["location"] = value.text[:100]
            elif value.text:
                remember(made, value.name or "Station", value.text)
    if operator is not None:
        made["uut"]["user"] = _told(operator, "name")
    for name in ("mode", "version", "quantity"):
        if text := _told(report, name):
            remember(made, name.capitalize(), text)
    _properties(report, made)


def _properties(holder: _Element, made: dict[str, Any]) -> None:
    for child in holder:
        if markup.local(child) == "Property":
            for value in values(child):
                if value.text:
                    remember(made, value.name or "Property", value.text)


def _told(element: _Element, name: str) -> str:
    """An attribute; empty where it only says that there is none."""
    text = element.get(name, "").strip()
    return "" if text.lower() in _NONE else text


def _seconds(report: _Element) -> float | None:
    try:
        began, ended = (read_iso(report.get(name, "")) for name in ("start-time", "end-time"))
        seconds = (ended - began).total_seconds()
    except (ValueError, TypeError):  # no end, or one in another way of writing: it is the start that matters
        return None
    return seconds if seconds >= 0 else None
