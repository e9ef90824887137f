"""ATML's values (Datum, Collection of named items, IndexedArray of elements), also as property trees."""

import re
from collections.abc import Iterator
from typing import Any, Final

from lxml.etree import _Element

from wats_worker.converters.base import Refused
from wats_worker.converters.markup import local, place
from wats_worker.converters.texts import number

_TYPE: Final = "{http://www.w3.org/2001/XMLSchema-instance}type"
_NUMERIC: Final = re.compile("double|float|long|short|int|hexadecimal|octal|binary")
_PREFIXED: Final = re.compile("hexadecimal|octal|binary")
#: Longer arrays become one text, "1;2;3": a tree node for each element would be a hundred times its size.
_LONGEST_ARRAY: Final = 1000

Tree = dict[str, Any]


def kind(datum: _Element) -> str:
    """``Number``, ``Boolean`` or ``String``: by the declared type, or by its look where none is declared."""
    declared = datum.get(_TYPE, "").rpartition(":")[2].lower()
    if _NUMERIC.search(declared):
        return "Number"
    if "boolean" in declared:
        return "Boolean"
    if declared:
        return "String"
    try:
        number(written(datum))
    except ValueError:
        return "String"
    return "Number"


def written(datum: _Element) -> str:
    """The value as the file has it: an attribute, a Value element, or the name of an enumerated value."""
    value = datum.get("value")
    if value is not None:
        return value.strip()
    for child in datum:
        if local(child) in {"Value", "EnumValue"}:
            return (child.text or "").strip()
    if (real := datum.get("real")) is not None:
        return f"{real} {datum.get('imaginary', '0')}i"
    return (datum.text or "").strip()


def numeric(datum: _Element, field: str) -> float:
    """The value as a number.

    Raises:
        Refused: it is none.
    """
    try:
        return number(written(datum), prefixed=_PREFIXED.search(datum.get(_TYPE, "").lower()) is not None)
    except ValueError as error:
        raise Refused(str(error), place=place(datum), field=field) from None


def unit(datum: _Element) -> str:
    """The unit of a value, standard or the site's own."""
    return (datum.get("nonStandardUnit") or datum.get("standardUnit") or datum.get("unit") or "").strip()


def items(collection: _Element) -> Iterator[tuple[str, _Element]]:
    """The named values of a collection."""
    for item in collection.iterchildren("{*}Item"):
        for child in item:
            if local(child) in {"Datum", "Collection", "IndexedArray"}:
                yield item.get("name", ""), child
                break


def tree(name: str, value: _Element) -> Tree:
    """A value of any shape as a property tree."""
    shape = local(value)
    made: Tree = {"name": name or shape}
    if shape == "Collection":
        made["type"] = "Obj"
        made["props"] = [tree(key, below) for key, below in items(value)]
    elif shape == "IndexedArray":
        made |= _array(value)
    else:
        made["type"] = kind(value)
        made["value"] = written(value)
        if measured_in := unit(value):
            made["comment"] = f"in {measured_in}"
    return made


def _array(value: _Element) -> Tree:
    declared = value.get(_TYPE, "").rpartition(":")[2]
    element_type = "Number" if _NUMERIC.search(declared.lower()) else "String"
    elements = [child for child in value if local(child) in {"Element", "Datum"}]
    if len(elements) > _LONGEST_ARRAY:
        return {
            "type": "String",
            "value": ";".join(map(written, elements)),
            "comment": f"an array of {len(elements)}",
        }
    found = []
    for at, child in enumerate(elements):
        index = child.get("position") or f"[{at}]"
        nested = next((below for below in child if local(below) in {"Datum", "Collection"}), None)
        found.append(
            {
                "text": index,
                "indexes": [int(part) for part in re.findall(r"[0-9]{1,9}", index)],
                "value": tree(index, nested)
                if nested is not None
                else {"name": index, "type": element_type, "value": written(child)},
            }
        )
    dimensions = max(1, value.get("dimensions", "").count("["))
    return {
        "type": "Array",
        "array": {"dimension": dimensions, "type": element_type, "indexes": found},
    }
