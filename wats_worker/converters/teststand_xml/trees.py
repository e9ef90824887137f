"""Free property trees (AdditionalData, AdditionalResults), carried over as they are."""

from collections.abc import Iterable
from typing import Any, Final

from lxml.etree import _Element

from wats_worker.converters.teststand_xml.props import Props, indexes

_INT32: Final = 2**31


def trees(container: Props | None) -> list[dict[str, Any]]:
    """Each property right below a container as a tree of its own."""
    return rows(container.members()) if container is not None else []


def rows(props: Iterable[Props]) -> list[dict[str, Any]]:
    """Each of some properties as a tree of its own."""
    made = []
    for number, prop in enumerate(props):
        tree = _tree(prop.element, f"[{number}]")
        made.append({"name": tree["name"][:200], "props": [tree]})
    return made


def _tree(prop: _Element, fallback: str) -> dict[str, Any]:
    kind = prop.get("Type") or "Obj"
    tree: dict[str, Any] = {"name": prop.get("Name") or prop.get("TypeName") or fallback, "type": kind}
    if (flags := _flags(prop.get("Flags", ""))) is not None:
        tree["flags"] = flags
    if comment := prop.findtext("Comment"):
        tree["comment"] = comment
    if kind == "Array":
        tree["array"] = _array(prop)
        return tree
    below = [_tree(child, f"[{number}]") for number, child in enumerate(prop.iterchildren("Prop"))]
    if below:
        tree["props"] = below
    values = prop.findall("Value")
    if len(values) == 1:
        tree["value"] = values[0].text or ""
    return tree


def _array(prop: _Element) -> dict[str, Any]:
    element_type = prop.get("ElementType", "")
    found = []
    for value in prop.iterchildren("Value"):
        text = value.get("ID", "")
        child = value.find("Prop")
        tree = (
            _tree(child, text or "[]")
            if child is not None
            else {"name": text or "[]", "type": element_type or "String", "value": value.text or ""}
        )
        found.append({"text": text, "indexes": list(indexes(text)), "value": tree})
    return {"dimension": max(1, prop.get("LBound", "").count("[")), "type": element_type, "indexes": found}


def _flags(text: str) -> int | None:
    """The flags as the signed 32 bits the wire has for them."""
    try:
        value = int(text, 0)
    except ValueError:
        return None
    if not 0 <= value < 2 * _INT32:
        return None
    return value - 2 * _INT32 if value >= _INT32 else value
