"""What other makers than NI write about a unit, its station and the program, mostly in own extensions."""

from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

from lxml.etree import _Element

from wats_worker.converters.markup import local, text

#: The namespace of NI's extensions; they are read elsewhere.
_NI: Final = "{www.ni.com/TestStand"


def part_number(unit: _Element) -> str | None:
    """A PartNumber, wherever below the unit; for units whose identification has no number."""
    found = {text(element) for element in unit.iter("{*}PartNumber")} - {""}
    return found.pop() if len(found) == 1 else None


def facts(unit: _Element) -> Iterator[tuple[str, str]]:
    """Every text of the unit's extensions and its name, that of a setting for ``<Setting name=><Value>``."""
    for child in unit.iterfind(".//{*}Extension/*"):
        if not child.tag.startswith(_NI):
            for element in child.iter():
                if not len(element) and text(element):
                    yield _name(element), text(element)


def station(element: _Element) -> str:
    """The station's serial number or, where it has none, its model."""
    found = element.find("{*}TestStation")
    if found is None:
        return ""
    return text(found.find("{*}SerialNumber")) or text(
        found.find("{*}Definition/{*}Identification/{*}ModelName")
    )


def assets(element: _Element) -> list[dict[str, Any]]:
    """The station's equipment that has a serial number, and how often it is named."""
    named = (
        text(equipment.find(".//{*}SerialNumber"))
        for equipment in element.iterfind("{*}TestStation//{*}Equipment")
    )
    return [{"assetSN": serial, "usageCount": count} for serial, count in Counter(named).items() if serial]


def program(element: _Element) -> dict[str, str]:
    """The test program's name and version, as members of the root's sequence call."""
    found = element.find("{*}TestProgram")
    if found is None:
        return {}
    told = {
        "path": text(found.find("{*}Definition/{*}Identification/{*}ModelName"))[:500],
        "version": text(found.find(".//{*}Version"))[:30],
    }
    return {member: value for member, value in told.items() if value}


def socket(results: _Element) -> str:
    """The socket that an extension of the results names."""
    for extension in results.iterfind("{*}Extension/*"):
        if index := extension.get("testSocketIndex"):
            return index.strip()
    return ""


def _name(element: _Element) -> str:
    for above in (element, *element.iterancestors()):
        if local(above) in {"Extension", "Definition"}:
            break
        if named := above.get("name"):
            return named
    return local(element)
