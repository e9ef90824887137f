"""ATML test results (IEEE 1636.1), as TestStand and others write them.

    <trc:TestResultsCollection>        absent in version 2.02; one file, one or many units
      <trc:TestResults uuid=>
        <tr:Personnel>
        <tr:ResultSet startDateTime=>  Outcome, then TestGroup, Test and SessionAction, nested
        <tr:TestStation> <tr:UUT>      who was tested comes last

The namespace changed with every edition of the standard, so elements go by their local names.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Final

from lxml import etree
from lxml.etree import _Element

from wats_worker.converters import base, markup
from wats_worker.converters.atml.document import Run
from wats_worker.converters.atml.options import Options
from wats_worker.converters.base import Refused, Source
from wats_worker.converters.finish import finish, once
from wats_worker.reports.model import Report

__all__ = ["NAME", "TITLE", "VERSION", "Options", "convert", "probe"]

NAME: Final = "atml"
TITLE: Final = "ATML test results (IEEE 1636.1)"
VERSION: Final = "1.0"
#: What becomes what, for the page about formats.
MAPPING: Final = {
    "serial number, part number, revision": "UUT: SerialNumber, IdentificationNumber of type Part "
    "or a PartNumber of its extension, Version",
    "start": "startDateTime of the ResultSet",
    "result": "Outcome of the ResultSet",
    "station, operator": "TestStation SerialNumber or ModelName, SystemOperator",
    "program": "name of the ResultSet, else ModelName of the TestProgram; Version of the TestProgram",
    "assets": "Equipment of the TestStation that has a SerialNumber",
    "misc infos": "texts of other makers' extensions of the UUT",
    "batch, socket": "TSResultSetProperties of TestStand's extension",
    "steps": "TestGroup, Test and SessionAction, nested",
    "limits": "LimitPair, SingleLimit and Expected of each TestResult, one-sided ones as they are",
    "additional data": "arrays, collections and whatever else a result holds",
}

_ROOTS: Final = frozenset({"TestResultsCollection", "TestResults"})
_FAMILY: Final = re.compile(r"IEEE-1636\.1|ieee\.org/ATML", re.IGNORECASE)
_TAGS: Final = tuple(
    f"{{*}}{name}" for name in ("TestResults", "ResultSet", "TestGroup", "Test", "SessionAction")
)


def probe(head: bytes, tail: bytes, name: str) -> float:  # noqa: ARG001 - the content decides, not the name
    """0.95 for a root of the standard in any of its namespaces."""
    root = markup.root(head)
    return 0.95 if root and root.name in _ROOTS and _FAMILY.search(root.namespace) else 0.0


def convert(source: Source, options: base.Options) -> Iterable[Report]:
    """The reports of the file, in its order, one in memory at a time."""
    if not isinstance(options, Options):
        options = Options(**options.model_dump())
    return once(_reports(source, options))


def _check(root: _Element) -> None:
    name = etree.QName(root)
    if name.localname not in _ROOTS or not _FAMILY.search(name.namespace or ""):
        raise Refused(f"the root is {root.tag}, not the standard's TestResults", place=markup.place(root))


def _reports(source: Source, options: Options) -> Iterator[Report]:
    run: Run | None = None
    number = made = 0
    for event, element in markup.events(source, check=_check, tags=_TAGS):
        name = markup.local(element)
        if name == "TestResults":
            if event == "start":
                run = Run(element, source, options)
            elif run is not None:
                number += 1
                place = f"report {number} ({run.place})"
                document = run.end(element)
                if options.without_serial_number == "leave-out" and "sn" not in document:
                    source.warn(f"{place}: a unit without a serial number, left out")
                else:
                    yield finish(document, source, options, place=place)
                    made += 1
                run = None
                markup.forget(element)
        elif run is not None:
            _step(run, name, element, event)
    if not made:
        raise Refused("no report of a unit in the file")


def _step(run: Run, name: str, element: _Element, event: str) -> None:
    """Hand an element to the run; what it said is kept there, and the element itself is emptied."""
    if event == "start":
        if name in {"ResultSet", "TestGroup"}:
            run.begin(element)
        return
    if name == "ResultSet":
        run.results(element)
    elif name == "TestGroup":
        run.group(element)
    else:
        run.test(element)
    element.clear()
