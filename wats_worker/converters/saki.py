"""Saki AOI, XML: a panel, its boards ("images"), and the parts that were looked at twice or found bad.

    <Panel barcode= result= startDate= startTime= side= operator=>
      <Program name= ver=/>
      <Image barcode= id= result=>
        <Results> <FalseCalls> <Reference designator= partNumber= package= description=/>
                  <Failed>     <Reference designator= .../>

There are no values. A false call is what the machine took for a fault and a person did not. Where the boards
have barcodes of their own each is a unit, and where only the panel has one the panel is.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from lxml.etree import _Element
from pydantic import Field

from wats_worker.converters import barcodes, base, markup, measures
from wats_worker.converters.base import Refused, Source
from wats_worker.converters.finish import begin, finish, once, remember
from wats_worker.converters.starts import DateOrder, day, local_time
from wats_worker.converters.texts import Step, say, shown
from wats_worker.reports.model import Report

NAME: Final = "saki-xml"
TITLE: Final = "Saki AOI (XML)"
VERSION: Final = "1.0"
#: What becomes what, for the page about formats.
MAPPING: Final = {
    "serial number": "barcode of the image, else of the panel; see `unit`",
    "part number": "side, at sites that write it there",
    "start, time": "startDate and startTime, up to endDate and endTime",
    "result": "result of the panel or image",
    "operator, socket": "operator, id of the image",
    "steps": "a step per part below FalseCalls and Failed",
    "misc infos": "the panel's barcode, other attributes",
}

_MARKS: Final = (re.compile(rb"\bbarcode\s*="), re.compile(rb"\bresult\s*="), re.compile(rb"\bstartDate\s*="))
#: Where a site has the side of the board in ``side``, it is no part number.
_SIDES: Final = frozenset(
    {"", "top", "bottom", "bot", "t", "b", "s", "c", "front", "back", "a", "1", "2", "primary", "secondary"}
)
_RESULTS: Final[Mapping[str, str]] = {
    **dict.fromkeys(("passed", "pass", "ok", "good"), "P"),
    **dict.fromkeys(("failed", "fail", "ng", "bad"), "F"),
    **dict.fromkeys(("skipped", "skip", "not inspected"), "S"),
}
_LISTS: Final = {"FalseCalls": ("False calls", "P"), "Failed": ("Failed", "F"), "Passed": ("Passed", "P")}
#: Attributes of a panel that have places of their own in a report.
_USED: Final = frozenset(
    {"barcode", "result", "startDate", "startTime", "endDate", "endTime", "side", "operator"}
)

Letter = Literal["P", "F", "S", "E", "T"]


class Options(base.Options):
    """What may be different at one source of Saki files."""

    #: What is a unit: the panel or each image. Without it each image is, if all have barcodes of their own.
    unit: Literal["panel", "image"] | None = None
    #: How a date is written; without it 01/10/2024 is the 10th of January, and a warning says so.
    date_order: DateOrder | None = None
    #: Words for results that this site has added, such as {"repaired" = "P"}.
    statuses: Mapping[str, Letter] = Field(default_factory=dict)


def probe(head: bytes, tail: bytes, name: str) -> float:  # noqa: ARG001 - the content decides, not the name
    """0.9 for a root Panel with its barcode, result and start: these names could be somebody else's."""
    root = markup.root(head)
    if root is None or root.name != "Panel" or root.namespace:
        return 0.0
    return 0.9 if all(mark.search(root.tag) for mark in _MARKS) else 0.0


def convert(source: Source, options: base.Options) -> Iterable[Report]:
    """The report of the panel, or one for each board of it that was inspected."""
    if not isinstance(options, Options):
        options = Options(**options.model_dump())
    return once(_reports(source, options))


def _reports(source: Source, options: Options) -> Iterator[Report]:
    panel = markup.whole(source, check=markup.is_named("Panel"))
    images = list(panel.iterchildren("Image"))
    if not images:
        raise Refused("a panel without images", place=markup.place(panel), field="Image")
    if _by_image(panel, images, options):
        for image in images:
            if _letter(image, options) == "S":
                source.warn(f"{markup.place(image)}: a board that was not inspected, left out")
                continue
            yield finish(
                _of_image(panel, image, images, source, options), source, options, place=markup.place(image)
            )
    else:
        yield finish(_of_panel(panel, images, source, options), source, options)


def _by_image(panel: _Element, images: Sequence[_Element], options: Options) -> bool:
    if options.unit is not None:
        return options.unit == "image"
    codes = [_code(image) for image in images if _letter(image, options) != "S"]
    others = {code for code in codes if code and code != _code(panel)}
    if not others:
        return False
    if len(others) == len(codes):
        return True
    reason = "some images have barcodes of their own, and others have not"
    raise Refused(
        reason,
        place=markup.place(images[0]),
        field="serial number",
        fix='set unit = "panel" or "image" for the source',
    )


def _code(element: _Element) -> str:
    return barcodes.code(element.get("barcode"))


def _letter(element: _Element, options: Options) -> str:
    word = element.get("result", "").strip()
    known: dict[str, str] = {**_RESULTS, **{key.lower(): letter for key, letter in options.statuses.items()}}
    if word.lower() not in known:
        fix = "say in statuses what the word means" if word else None
        raise Refused(f"{shown(word)} is not a result", place=markup.place(element), field="result", fix=fix)
    return known[word.lower()]


def _of_panel(
    panel: _Element, images: Sequence[_Element], source: Source, options: Options
) -> dict[str, Any]:
    made = _about(panel, _letter(panel, options), source, options)
    made["sn"] = _code(panel)
    steps = []
    for image in images:
        name, letter = f"Image {image.get('id', '').strip()}".strip(), _letter(image, options)
        steps.append(measures.sequence(name, [*_lists(image)], letter))
        if code := _code(image):
            remember(made, f"{name} barcode", code)
    made["root"]["steps"] = steps
    return made


def _of_image(
    panel: _Element, image: _Element, images: Sequence[_Element], source: Source, options: Options
) -> dict[str, Any]:
    made = _about(panel, _letter(image, options), source, options)
    code, position = _code(image), image.get("id", "").strip()
    if not code or sum(_code(other) == code for other in images) > 1:
        shared = code or _code(panel)
        code = f"{shared}-{position}" if shared and position else ""
    made["sn"] = code
    if position.isdecimal() and len(position) < 5:
        made["uut"]["testSocketIndex"] = int(position)
    if _code(panel):
        remember(made, "Panel barcode", _code(panel))
    made["root"]["steps"] = list(_lists(image))
    return made


def _about(panel: _Element, result: str, source: Source, options: Options) -> dict[str, Any]:
    """What the reports of a panel have in common."""
    uut: dict[str, Any] = {"user": panel.get("operator", "").strip()}
    made: dict[str, Any] = {"type": "T", "uut": uut, "result": result}
    side = panel.get("side", "").strip()
    if options.part_number is None and side.lower() not in _SIDES:
        made["pn"] = side  # sites without a field for it write it here
    elif side:
        remember(made, "Side", side)
    if began := _moment(panel, "start", source, options):
        begin(made, began, source, options)
        ended = _moment(panel, "end", source, options)
        if ended and ended >= began:
            uut["execTime"] = (ended - began) / timedelta(seconds=1)
    for name, value in panel.attrib.items():
        if name not in _USED and value.strip():
            remember(made, str(name), str(value).strip())
    program = markup.only(panel, "Program")
    facts = (
        {}
        if program is None
        else {"name": program.get("name", "")[:200], "version": program.get("ver", "")[:30]}
    )
    step: Step = {"group": "M", "stepType": "SequenceCall", "name": "Inspection", "status": result}
    made["root"] = {
        **step,
        "seqCall": {member: text.strip() for member, text in facts.items() if text.strip()},
    }
    return made


def _moment(panel: _Element, which: str, source: Source, options: Options) -> datetime | None:
    date, clock = (panel.get(f"{which}{part}", "").strip() for part in ("Date", "Time"))
    if not date:
        return None
    place = markup.place(panel)
    found = day(date, source, order=options.date_order, usual="mdy", place=place)
    return datetime.combine(found, local_time(clock, place))


def _lists(image: _Element) -> Iterator[Step]:
    results = markup.only(image, "Results")
    for found in results if results is not None else ():
        if found.tag not in _LISTS:
            raise Refused(f"{shown(str(found.tag))} is no list of this format", place=markup.place(found))
        name, letter = _LISTS[str(found.tag)]
        steps = [_reference(reference, letter) for reference in found]
        if steps:
            yield measures.sequence(name, steps, letter)


def _reference(reference: _Element, letter: str) -> Step:
    facts = {str(name): str(value).strip() for name, value in reference.attrib.items()}
    name = facts.pop("designator", "")
    if reference.tag != "Reference" or not name:
        raise Refused("a part without a name", place=markup.place(reference), field="designator")
    step = measures.passed_or_failed(name, letter)
    for below in reference:
        facts |= {f"{markup.local(below)} {key!s}": str(value).strip() for key, value in below.attrib.items()}
    for key, value in facts.items():
        if value:
            say(step, f"{key}: {value}")
    return step
