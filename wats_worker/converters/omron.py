"""Omron AOI: the list of a board's components, as the machine's web service answers it.

    <resultDataM>
      <output> <data> <param value="04123|6789" name="segment_code"/>
                      <param value="R1" name="circuit_number"/> <param value="1" name="last_result"/>
      <recordCount>5</recordCount> <returnCode>0</returnCode>
    </resultDataM>

A segment is a board of the panel, and its code the barcode of the board; boards of one code are one unit.
What stands in no segment was looked at on the whole panel, and belongs to each of its units. Who asked knows
when the inspection was and of which product; the answer doesn't. So a source has to say where its files have
that: in their names, by ``file_name``.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from lxml.etree import _Element

from wats_worker.converters import barcodes, base, file_names, markup, measures
from wats_worker.converters.base import Refused, Source
from wats_worker.converters.finish import finish, once, remember
from wats_worker.converters.texts import Step, say, shown, whole
from wats_worker.reports import judge
from wats_worker.reports.model import Report

NAME: Final = "omron-aoi-xml"
TITLE: Final = "Omron AOI (answer of the web service)"
VERSION: Final = "1.0"
#: What becomes what, for the page about formats.
MAPPING: Final = {
    "serial number, socket": "segment_code: the barcode and the number of the segment",
    "start, station": "the file's name, by `file_name`",
    "result": "what the components come to",
    "steps": "a step per component, last_result is its verdict",
}

Options = file_names.Options

_PARAM: Final = re.compile(rb"<output\s*>\s*(?:<data\s*/?>\s*)+<param\s[^<>]*\bname\s*=")
#: Good, bad, not inspected.
_RESULTS: Final[Mapping[str, str]] = {"0": "P", "1": "F", "3": "S"}
#: What a component must say about itself; answers to other questions don't.
_NEEDED: Final = ("segment_code", "circuit_number", "last_result")
_OF_COMPONENT: Final = (
    "component_number_name", "component_number_revision", "component_type_name", "pos_x", "pos_y",
    "inspection_result_code", "inspection_result_name", "confirm_result_code", "confirm_result_name",
)  # fmt: skip

_Component = Mapping[str, str]


def probe(head: bytes, tail: bytes, name: str) -> float:  # noqa: ARG001 - the content decides, not the name
    """0.9 for the root and the params below it."""
    root = markup.root(head)
    if root is None or root.name != "resultDataM" or root.namespace:
        return 0.0
    return 0.9 if _PARAM.search(head.replace(b"\0", b"")) else 0.0


def convert(source: Source, options: base.Options) -> Iterable[Report]:
    """A report for each board code in the answer."""
    if not isinstance(options, Options):
        options = Options(**options.model_dump())
    return once(_reports(source, options))


def _reports(source: Source, options: Options) -> Iterator[Report]:
    root = markup.whole(source, check=markup.is_named("resultDataM"))
    components = _components(root)
    units: dict[str, list[_Component]] = {}
    everywhere: list[_Component] = []
    for component in components:
        code = barcodes.code(component["segment_code"])
        if code or component.get("segment_no", "").strip("0"):
            units.setdefault(code, []).append(component)
        else:
            everywhere.append(component)
    if "" in units and len(units) > 1:
        number = units[""][0].get("segment_no", "")
        raise Refused(f"segment {number} has none, and others have one", field="serial number")
    for code, found in (units or {"": []}).items():
        yield finish(_document(code, [*found, *everywhere], source, options), source, options)


def _components(root: _Element) -> list[_Component]:
    """The components, when the answer is whole and says that it is one."""
    code = markup.text(markup.only(root, "returnCode"))
    if code.strip("0") or not code:
        raise Refused(f"the web service answered with the error {shown(code)}", field="returnCode")
    output = markup.only(root, "output")
    records = output.iterchildren("data") if output is not None else ()
    found = [_component(data, f"record {number}") for number, data in enumerate(records, start=1)]
    try:
        count = whole(markup.text(markup.only(root, "recordCount")))
    except ValueError as error:
        raise Refused(str(error), field="recordCount") from None
    if count != len(found):
        raise Refused(f"{len(found)} records, and it is to have {count}", field="recordCount")
    if not found:
        raise Refused("no component in the answer")
    return found


def _component(data: _Element, place: str) -> _Component:
    component = {"place": place}  # a line says nothing here: all of it stands in one
    for param in data.iterchildren("param"):
        name, value = param.get("name", "").strip(), param.get("value", "").strip()
        if component.setdefault(name, value) != value:
            raise Refused(f"{shown(value)} and {shown(component[name])}", place=place, field=name)
    for name in _NEEDED:
        if name not in component:
            reason = "a record has none: not a list of components, but the answer to another question"
            raise Refused(reason, place=place, field=name)
    return component


def _document(
    code: str, components: Iterable[_Component], source: Source, options: Options
) -> dict[str, Any]:
    segments: dict[str, list[Step]] = {}
    for component in components:
        segments.setdefault(component.get("segment_no", "0") or "0", []).append(_step(component))
    steps = [
        measures.sequence(
            f"Segment {number}" if number.strip("0") else "Whole panel",
            below,
            judge.of_steps(step["status"] for step in below),
        )
        for number, below in segments.items()
    ]
    status = judge.of_steps(step["status"] for step in steps)
    if status == "S":
        raise Refused("nothing was inspected", place=f"board {shown(code)}", field="result")
    made: dict[str, Any] = {"type": "T", "sn": code, "result": status, "uut": {}}
    file_names.put(made, source, options)
    boards = [number for number in segments if number.strip("0")]
    if len(boards) == 1 and boards[0].isdecimal() and len(boards[0]) < 5:
        made["uut"]["testSocketIndex"] = int(boards[0])
    elif boards:
        remember(made, "Segments", ", ".join(boards))
    made["root"] = measures.sequence("Inspection", steps, status)
    return made


def _step(component: _Component) -> Step:
    letter = _RESULTS.get(component["last_result"])
    name = component["circuit_number"] or component.get("component_number_name", "")
    if letter is None:
        reason = f"{shown(component['last_result'])} is not a result"
        raise Refused(reason, place=component["place"], field="last_result")
    if not name:
        raise Refused("a component without a name", place=component["place"], field="circuit_number")
    if not component["segment_code"] and component.get("component_id"):
        name = f"{name} ({component['component_id']})"  # fields of the panel have one name for all
    step = measures.passed_or_failed(name, letter)
    for key in _OF_COMPONENT:
        if component.get(key):
            say(step, f"{key}: {component[key]}")
    if letter == "F" and component.get("inspection_result_name"):
        step["errorMessage"] = component["inspection_result_name"][:200]
    return step
