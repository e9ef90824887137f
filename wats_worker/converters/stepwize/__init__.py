"""StepWize result files (XSPC): facts about the unit, then every result in a row of its own.

    <ConfigAndResultsDataFile> <ConfigandResultsData>
      <partNumber> <revision> <serialNumber> <sequencePF>Pass</sequencePF> <operation> ...
      <Config_and_Result_Data>
        <Config_and_Data_Result> <stepIndex> <stepName> <subItemName> <stepValue> <limitMode> ...

A step has a row for its outcome, one for its iteration, and one for each measurement.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Final

from lxml.etree import _Element

from wats_worker.converters import base, markup
from wats_worker.converters.base import Refused, Source
from wats_worker.converters.finish import finish, once
from wats_worker.converters.stepwize.document import document
from wats_worker.converters.stepwize.options import Options
from wats_worker.converters.stepwize.rows import Row, fields
from wats_worker.reports.model import Report

__all__ = ["NAME", "TITLE", "VERSION", "Options", "convert", "probe"]

NAME: Final = "stepwize-xspc"
TITLE: Final = "StepWize results (XSPC)"
VERSION: Final = "1.0"
#: What becomes what, for the page about formats.
MAPPING: Final = {
    "serial number, part number, revision": "serialNumber, partNumber or modelNumber, partRev or revision",
    "process": "operation, a name",
    "start, time": "the first startDateTime, up to the last endDateTime",
    "result": "sequencePF",
    "station, location, operator": "station or assetID, plantName, operator",
    "steps": "a step per step index, its sub items are measurements",
    "limits, unit": "the limits by limitMode, units",
}

_ROOT: Final = "ConfigAndResultsDataFile"
_UNIT: Final = "ConfigandResultsData"
_ROW: Final = "Config_and_Data_Result"
_BELOW: Final = re.compile(rb"<(?:ConfigandResultsData|XMLFileType)[\s>/]")


def probe(head: bytes, tail: bytes, name: str) -> float:  # noqa: ARG001 - the content decides, not the name
    """0.98 for the root, with one of the elements that stand below it."""
    root = markup.root(head)
    if root is None or root.name != _ROOT or root.namespace:
        return 0.0
    return 0.98 if _BELOW.search(head.replace(b"\0", b"")) else 0.0


def convert(source: Source, options: base.Options) -> Iterable[Report]:
    """The report of the file's unit."""
    if not isinstance(options, Options):
        options = Options(**options.model_dump())
    return once(_reports(source, options))


def _reports(source: Source, options: Options) -> Iterator[Report]:
    count = 0
    rows: list[Row] = []
    for event, element in markup.events(source, check=markup.is_named(_ROOT), tags=(_UNIT, _ROW)):
        if event == "start":
            continue
        if element.tag == _ROW:
            rows.append(Row(fields(element), markup.place(element)))
            markup.forget(element)
            continue
        place = markup.place(element)
        yield finish(document(_header(element), rows, place, source, options), source, options, place=place)
        rows = []
        count += 1
    if not count:
        raise Refused("no result set in the file", field=_UNIT)


def _header(unit: _Element) -> dict[str, str]:
    """What stands beside the rows."""
    return fields(unit, leave_out="Config_and_Result_Data")
