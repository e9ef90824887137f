"""IPC-CFX: the messages UnitsTested and UnitsInspected, in their envelope or without it.

    {"MessageName": "CFX.Production.TestAndInspection.UnitsTested", "TimeStamp": "2026-03-17T08:14:05+01:00",
     "Source": "Acme.ICT.7", "MessageBody": {"TransactionId": …, "Tester": {"OperatorIdentifier": "op17", …},
      "TestedUnits": [{"UnitIdentifier": "PANEL-1", "UnitPositionNumber": 1, "OverallResult": "Passed",
        "Tests": [{"TestName": "R21", "Result": "Passed", "SymptomsFound": […], "DefectsFound": […],
          "Measurements": [{"$type": "CFX.Structures.NumericMeasurement, CFX", "MeasurementName": "R21",
            "MeasuredValue": {"Value": 28300.0, "ValueUnits": "Ohm", "ExpectedValueUnits": "kOhm",
              "MinimumAcceptableValue": 28.0, …}}]}]}]}}

A message has no part number, and often its tests have no times: then only the envelope tells when it was. The
boards of a panel may share its identifier, and differ in their positions.
"""

from collections.abc import Iterable
from typing import Final

from wats_worker.converters import base
from wats_worker.converters.base import Source
from wats_worker.converters.finish import once
from wats_worker.converters.ipc_cfx.document import reports
from wats_worker.converters.ipc_cfx.options import Options
from wats_worker.converters.jsons import one_object
from wats_worker.reports.model import Report

__all__ = ["NAME", "TITLE", "VERSION", "Options", "convert", "probe"]

NAME: Final = "ipc-cfx-json"
TITLE: Final = "IPC-CFX UnitsTested and UnitsInspected"
VERSION: Final = "1.0"
#: What becomes what, for the page about formats.
MAPPING: Final = {
    "serial number": "UnitIdentifier, with the position if `serial_number` says so",
    "start, time": "StartTime and EndTime of the tests, else the TimeStamp of the message",
    "result": "OverallResult",
    "station, operator, socket": "Source of the message, OperatorIdentifier, UnitPositionNumber",
    "steps": "Tests or Inspections; their measurements, symptoms and defects",
    "limits, unit": "MinimumAcceptableValue, MaximumAcceptableValue, ValueUnits, scaled to the base unit",
    "misc infos": "transaction, sampling, verification",
}

_UNITS: Final = (b'"TestedUnits"', b'"InspectedUnits"')
_ENVELOPE: Final = b'"CFX.Production.TestAndInspection.Units'


def probe(head: bytes, tail: bytes, name: str) -> float:  # noqa: ARG001 - the content decides, not the name
    """0.98 for one of the two messages in its envelope, 0.9 for its body alone."""
    if head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] != b"{":
        return 0.0
    seen = head + tail
    if not any(units in seen for units in _UNITS):
        return 0.0
    if b'"MessageName"' in seen and _ENVELOPE in seen:
        return 0.98
    return 0.9 if b'"TransactionId"' in seen else 0.0


def convert(source: Source, options: base.Options) -> Iterable[Report]:
    """The report of each unit, in the order of the message."""
    if not isinstance(options, Options):
        options = Options(**options.model_dump())
    return once(reports(one_object(source), source, options))
