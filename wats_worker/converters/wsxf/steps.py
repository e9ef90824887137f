"""Steps of WSXF: one element each, with what it measured and the steps below it."""

from collections.abc import Callable
from typing import Any, Final

from lxml.etree import _Element

from wats_worker.converters.base import Refused
from wats_worker.converters.markup import local, place
from wats_worker.converters.teststand_xml.props import Props
from wats_worker.converters.teststand_xml.trees import rows
from wats_worker.converters.texts import Step, say
from wats_worker.converters.wsxf import attributes as a

Members = Callable[[_Element, a.Table], dict[str, Any]]

#: Elements that are one row of several, and the member they are rows of.
_ROWS: Final = {
    "NumericLimit": ("numericMeas", a.NUMERIC),
    "StringValue": ("stringMeas", a.STRING),
    "PassFail": ("booleanMeas", a.PASS_FAIL),
}
#: Elements that stand once in a step.
_SINGLE: Final = {
    "MessagePopup": ("messagePopup", a.POPUP),
    "Callexe": ("callExe", a.EXE),
    "Loop": ("loop", a.LOOP),
}


def step(element: _Element, members: Members) -> Step:
    """A step and all below it.

    Args:
        element: The Step.
        members: Reads an element's attributes.
    """
    made: Step = members(element, a.STEP)
    made.setdefault("group", "M")
    below: list[Step] = []
    for child in element:
        name = local(child)
        if name == "Step":
            below.append(step(child, members))
        elif name in _ROWS:
            member, table = _ROWS[name]
            made.setdefault(member, []).append(_row(members(child, table), member))
        elif name in _SINGLE:
            member, table = _SINGLE[name]
            _once(made, member, members(child, table), child)
        elif name == "SequenceCall":
            _once(made, "seqCall", call(members(child, a.CALL)), child)
        elif name == "ReportText":
            if child.text:
                say(made, child.text)
        elif name == "Chart":
            _once(made, "chart", _chart(child, members), child)
        elif name == "Attachment":
            _attach(made, child, members)
        elif name == "AdditionalResults":
            made.setdefault("additionalResults", []).append(free(child, members))
        elif name == "PropertyLoader":
            # The wire has no place for it but the text.
            say(made, ", ".join(f"{key!s}: {text!s}" for key, text in child.attrib.items()))
        else:
            raise Refused("WATS knows no such element, and would lose it", place=place(child), field=name)
    if below:
        made["steps"] = below
    return made


def call(made: dict[str, Any]) -> dict[str, Any]:
    """A sequence call. Old reports keep path and file apart; where they are the same, once is enough."""
    file, path = made.pop("file", ""), made.get("path", "")
    if file and not path.endswith(file):
        made["path"] = f"{path}{file}" if not path or path.endswith(("\\", "/")) else f"{path}\\{file}"
    return made


def free(element: _Element, members: Members) -> dict[str, Any]:
    """Free property trees, carried over as they are."""
    for inner in element.iter():
        inner.tag = local(inner)
    found = [
        tree
        for entry in rows(Props(child) for child in element.iterchildren("Prop"))
        for tree in entry["props"]
    ]
    name = members(element, a.FREE).get("name") or (found[0]["name"] if found else "Data")
    return {"name": name, "props": found}


def data(element: _Element) -> str:
    """Base64, without the line breaks XML writers put into it."""
    return "".join((element.text or "").split())


def _row(row: dict[str, Any], member: str) -> dict[str, Any]:
    if member != "booleanMeas":
        row.setdefault("compOp", "LOG")
    if member == "stringMeas":
        row.setdefault("value", "")
        if row["compOp"].upper() != "LOG":
            row.setdefault("limit", "")
    return row


def _once(made: Step, member: str, content: dict[str, Any], child: _Element) -> None:
    if member in made:
        raise Refused("a second one in a step", place=place(child), field=local(child))
    made[member] = content


def _chart(element: _Element, members: Members) -> dict[str, Any]:
    chart = {"chartType": "Line", "label": "Chart", "xLabel": "X", "yLabel": "Y", **members(element, a.CHART)}
    chart["series"] = [_series(child, members) for child in element]
    return chart


def _series(element: _Element, members: Members) -> dict[str, Any]:
    series = {"dataType": "XYG", **members(element, a.SERIES)}
    for child in element:
        if local(child) not in {"xdata", "ydata"}:
            raise Refused(
                "WATS knows no such element, and would lose it", place=place(child), field=local(child)
            )
        if points := (child.text or "").strip():
            series[local(child)] = points
    return series


def _attach(made: Step, element: _Element, members: Members) -> None:
    """A file that stands in the report is attached; one on the tester's disk can only be named."""
    content = members(element, a.ATTACHMENT)
    encoded = data(element)
    if not encoded:
        say(made, f"Attached file: {content.get('name', '')}")
        return
    _once(made, "attachment", {"name": "attachment", **content, "data": encoded}, element)
