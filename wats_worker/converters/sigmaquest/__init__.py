"""SigmaQuest and SigmaSure unit reports, XML: runs in runs, with graded values in them.

    <UnitReport start-time= end-time= mode=>             or some of them in a <UnitReportList>
      <Station guid= name=/> <Operator name=/>
      <Category name=> <Product part-no= serial-no= version=/> </Category>
      <TestRun name= start-time= end-time= grade="PASS">
        <TestRun ...> <Result> <Property> <ValueDouble name= lsl= usl= uom= grade=>5.01</ValueDouble>
                      <Property> <ValueAttachment name="Log" fqn="//server/log.html"/>

A grade belongs to its run, and to a value only where it stands there. Zero limits are none: the writers fill
them in where nobody has set any. Attached files are named, but they aren't in the report.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Final

from wats_worker.converters import base, markup
from wats_worker.converters.base import Refused, Source
from wats_worker.converters.finish import finish, once
from wats_worker.converters.sigmaquest.document import document
from wats_worker.converters.sigmaquest.options import Options
from wats_worker.reports.model import Report

__all__ = ["NAME", "TITLE", "VERSION", "Options", "convert", "probe"]

NAME: Final = "sigmaquest-xml"
TITLE: Final = "SigmaQuest / SigmaSure unit report (XML)"
VERSION: Final = "1.0"
#: What becomes what, for the page about formats.
MAPPING: Final = {
    "serial number, part number, revision": "Product: serial-no, part-no, version",
    "start, time": "start-time, end-time",
    "result": "grade of the test runs",
    "station, location, operator": "Station name, its property Location, Operator",
    "sub units": "Product elements below the unit's own",
    "steps": "TestRun in TestRun; graded values are measurements",
    "limits, unit": "lsl, usl, uom",
    "charts": "arrays of numbers",
    "misc infos": "categories, properties, names of attached files",
}

_ROOTS: Final = ("UnitReport", "UnitReportList")
_NAMESPACES: Final = frozenset({"", "urn:unitreport-schema"})
_RUN: Final = re.compile(rb"<(?:[\w.-]+:)?TestRun\s")


def probe(head: bytes, tail: bytes, name: str) -> float:  # noqa: ARG001 - the content decides, not the name
    """0.95 for the root with a test run below it."""
    root = markup.root(head)
    if root is None or root.name not in _ROOTS or root.namespace not in _NAMESPACES:
        return 0.0
    return 0.95 if _RUN.search(head.replace(b"\0", b"")) else 0.0


def convert(source: Source, options: base.Options) -> Iterable[Report]:
    """The reports of the file, in its order, one in memory at a time."""
    if not isinstance(options, Options):
        options = Options(**options.model_dump())
    return once(_reports(source, options))


def _reports(source: Source, options: Options) -> Iterator[Report]:
    count = 0
    for event, element in markup.events(source, check=markup.is_named(*_ROOTS), tags=("{*}UnitReport",)):
        if event == "end":
            place = markup.place(element)
            yield finish(document(element, source, options), source, options, place=place)
            markup.forget(element)
            count += 1
    if not count:
        raise Refused("no report in the list")
