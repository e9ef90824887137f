"""Seica flying probe and in-circuit testers, XML. Known from a description: no file of a machine was seen.

    <R>
      <ST NM="4711_B 12" OP="op1" NMP="Main board" />                       part number, revision, operator
      <BI BCP="SN-1" SD="17-03-2026 08:14:05">                              serial number, start
        <TEST F="Resistors" NM="R1" MR="10.1" ML="9.9" MH="10.5" MU="kOhm" TR="0" TT="12" />
      </BI>
      <ET ED="17-03-2026 08:15:00" NF="0" />                                end, failures
    </R>

TR is 0 for a test that passed, NF the number of those that didn't, TT milliseconds.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any, Final

from lxml.etree import _Element

from wats_worker.converters import base, markup, measures
from wats_worker.converters.base import Refused, Source
from wats_worker.converters.finish import begin, finish, remember
from wats_worker.converters.scale import SI, scaled
from wats_worker.converters.starts import DateOrder, day, time_of_day
from wats_worker.converters.texts import Step, number, shown, whole
from wats_worker.reports import judge
from wats_worker.reports.model import Report

NAME: Final = "seica-xml"
TITLE: Final = "Seica XML"
VERSION: Final = "1.0"
#: What becomes what, for the page about formats.
MAPPING: Final = {
    "serial number": "BCP of BI",
    "part number, revision": "the words of NM of ST",
    "start, time": "SD of BI, up to ED of ET",
    "result": "failed if NF of ET is more than 0",
    "operator": "OP of ST",
    "steps": "a sequence per F, in it a step per TEST",
    "limits, unit": "ML, MH, MU, scaled to the base unit",
}

_ST: Final = re.compile(rb"<ST\s[^<>]*\bNM\s*=")
_BI: Final = re.compile(rb"<BI\s[^<>]*\bBCP\s*=")
_PARTS: Final = re.compile(r"[_\s]+")
#: Units with a prefix that nobody can misread. Others are left as they are.
_UNIT: Final = re.compile(r"([pnuµmkKMG]?)(Ohm|ohm|Ω|F|H|V|A|Hz)")
_OHM: Final = frozenset({"ohm", "Ω"})


class Options(base.Options):
    """What may be different at one source of Seica files."""

    #: How a date is written.
    date_order: DateOrder = "dmy"


def probe(head: bytes, tail: bytes, name: str) -> float:  # noqa: ARG001 - the content decides, not the name
    """0.95 for a root R that has ST and BI with their names and serial numbers."""
    root = markup.root(head)
    if root is None or root.name != "R" or root.namespace:
        return 0.0
    return 0.95 if _ST.search(head) and _BI.search(head) else 0.0


def convert(source: Source, options: base.Options) -> Iterable[Report]:
    """The report of the file's board."""
    if not isinstance(options, Options):
        options = Options(**options.model_dump())
    return _reports(source, options)


def _reports(source: Source, options: Options) -> Iterator[Report]:
    root = markup.whole(source, check=_check)
    yield finish(_document(root, source, options), source, options)


def _check(root: _Element) -> None:
    if root.tag != "R":
        raise Refused(f"the root is {root.tag}, not R", place=markup.place(root))


def _document(root: _Element, source: Source, options: Options) -> dict[str, Any]:
    about, board, end = (_only(root, name) for name in ("ST", "BI", "ET"))
    name = about.get("NM", "").strip()
    part, _, revision = _PARTS.sub(" ", name).partition(" ")
    failures = _whole(end, "NF")
    result = "F" if failures else "P"
    uut: dict[str, Any] = {"user": about.get("OP", "").strip()}
    made: dict[str, Any] = {
        "type": "T",
        "pn": part,
        "rev": revision.partition(" ")[0],
        "sn": board.get("BCP", "").strip(),
        "result": result,
        "uut": uut,
    }
    if started := _moment(board, "SD", source, options):
        begin(made, started, source, options)
        ended = _moment(end, "ED", source, options)
        if ended and ended >= started:
            uut["execTime"] = (ended - started) / timedelta(seconds=1)
    if title := about.get("NMP", "").strip():
        remember(made, "Board name", title)
    groups: list[Step] = []
    for test in board.iterchildren("TEST"):
        group = test.get("F", "").strip() or "Tests"
        if not groups or groups[-1]["name"] != group[:100]:
            groups.append(measures.sequence(group, [], "P"))
        groups[-1]["steps"].append(_step(test))
    for group_step in groups:
        group_step["status"] = judge.of_steps(step["status"] for step in group_step["steps"])
    step: Step = {"group": "M", "stepType": "SequenceCall", "name": "Board test", "status": result}
    made["root"] = {**step, "seqCall": {"name": name[:200]} if name else {}, "steps": groups}
    return made


def _only(root: _Element, name: str) -> _Element:
    found = markup.only(root, name)
    if found is None:
        raise Refused("there is none", field=name)
    return found


def _moment(element: _Element, name: str, source: Source, options: Options) -> datetime | None:
    text = element.get(name, "").strip()
    if not text:
        return None
    date, _, clock = text.partition(" ")
    place = markup.place(element)
    order = options.date_order
    return datetime.combine(
        day(date, source, order=order, usual=order, place=place), time_of_day(clock, place)
    )


def _whole(element: _Element, name: str) -> int:
    try:
        return whole(element.get(name, ""))
    except ValueError as error:
        raise Refused(str(error), place=markup.place(element), field=name) from None


def _step(test: _Element) -> Step:
    name, verdict = test.get("NM", "").strip(), test.get("TR", "").strip()
    place = markup.place(test)
    if not name:
        raise Refused("a test without a name", place=place, field="NM")
    if not verdict.isdigit():
        raise Refused(f"{shown(verdict)} is not a verdict", place=place, field="TR")
    status = "P" if not verdict.strip("0") else "F"
    power, unit = _power(test.get("MU", "").strip())
    try:
        value, low, high = (_number(test.get(field, ""), power) for field in ("MR", "ML", "MH"))
        seconds = number(test.get("TT", "") or "0") / 1000
    except ValueError as error:
        raise Refused(str(error), place=place, field=name) from None
    raw = f"{test.get('MR')} {test.get('MU')} ({test.get('ML')} to {test.get('MH')})" if power else ""
    if value is None:
        step = measures.passed_or_failed(name, status)
    else:
        row = measures.numeric(value, status, low=low, high=high, unit=unit)
        step = measures.numbers(name, status, [row], raw)
    if 0 < seconds < 1e9:
        step["totTime"] = seconds
    return step


def _number(text: str, power: int) -> float | None:
    return scaled(text, power) if text.strip() else None


def _power(unit: str) -> tuple[int, str]:
    """The power of ten in a unit, and the base unit."""
    found = _UNIT.fullmatch(unit)
    if found is None:
        return 0, unit[:20]
    return SI[found[1]], "Ohm" if found[2] in _OHM else found[2]
