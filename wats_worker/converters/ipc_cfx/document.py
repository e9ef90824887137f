"""The units of a message, each a report of its own."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

from wats_worker.converters import file_names, measures
from wats_worker.converters.barcodes import code
from wats_worker.converters.base import Refused, Source
from wats_worker.converters.clock import read_iso
from wats_worker.converters.finish import begin, begin_iso, finish, remember
from wats_worker.converters.ipc_cfx.options import Options
from wats_worker.converters.ipc_cfx.results import letter
from wats_worker.converters.ipc_cfx.steps import moment, steps
from wats_worker.converters.jsons import Object, objects, text
from wats_worker.converters.starts import Told
from wats_worker.converters.texts import Step, fit, shown
from wats_worker.reports.model import Report

#: The members that hold the units, and how the names of what was done to them begin.
_KINDS: Final = {"TestedUnits": ("Test", "Tests"), "InspectedUnits": ("Inspection", "Inspections")}
_OURS: Final = (
    "CFX.Production.TestAndInspection.UnitsTested",
    "CFX.Production.TestAndInspection.UnitsInspected",
)

Document = dict[str, Any]


def reports(message: Object, source: Source, options: Options) -> Iterator[Report]:
    """The report of each unit.

    Raises:
        Refused: it is another message, or a unit lacks something.
    """
    name, body = text(message, "MessageName"), message.get("MessageBody", message)
    if name and name not in _OURS:
        raise Refused(f"{shown(name)} is not about tests of units", field="MessageName")
    found = [member for member in _KINDS if isinstance(body, dict) and body.get(member)]
    if len(found) != 1:
        raise Refused("no units in the message" if not found else "units that were tested and inspected")
    units, told = list(objects(body, found[0])), Told()
    for number, unit in enumerate(units, start=1):
        place = f"unit {number}"
        if letter(text(unit, "OverallResult"), place) == "S":
            source.warn(f"{place}: it was skipped, and is left out")
            continue
        made = _Unit(message, body, unit, found[0], place).document(source, options, told)
        yield finish(made, source, options, place=place)


class _Unit:
    def __init__(self, message: Object, body: Object, unit: Object, member: str, place: str) -> None:
        self._message = message
        self._body = body
        self._unit = unit
        self._kind, self._member = _KINDS[member]
        self._place = place

    def document(self, source: Source, options: Options, told: Told) -> Document:
        uut: Document = {}
        made: Document = {"type": "T", "uut": uut}
        made["result"] = letter(text(self._unit, "OverallResult"), self._place)
        made["sn"], position = self._serial(options), self._position()
        if position is not None:
            uut["testSocketIndex"] = position
        person = self._body.get("Tester") or self._body.get("Inspector")
        if isinstance(person, dict) and (operator := text(person, "OperatorIdentifier")):
            uut["user"] = operator
        if station := text(self._message, "Source"):
            made["machineName"] = station[:100]
        self._infos(made)
        made["root"] = self._root(made["result"], source)
        self._begin(made, source, options, told)
        file_names.put(made, source, options)
        return made

    def _serial(self, options: Options) -> str:
        identifier, position = code(text(self._unit, "UnitIdentifier")), self._position()
        if options.serial_number == "with-position" and identifier and position is not None:
            return f"{identifier}-{position}"
        return identifier

    def _position(self) -> int | None:
        position = self._unit.get("UnitPositionNumber")
        return position if isinstance(position, int) and 0 <= position < 2**15 else None

    def _begin(self, made: Document, source: Source, options: Options, told: Told) -> None:
        """The first of its tests began it. Without their times the message tells when it was, or the file."""
        starts, ends = self._times("Start"), self._times("End")
        try:
            if not starts and (sent := moment(self._message, "TimeStamp", "envelope")) is not None:
                starts = [(sent, text(self._message, "TimeStamp"))]
                remember(made, "Start", "time of the message")
            if not starts:
                file_names.put(made, source, options)
                starts = [(read_iso(made["start"]), made["start"])]
            start, written = min(starts)
            if ends and (end := max(ends)[0]) >= start:
                made["uut"]["execTime"] = round((end - start).total_seconds(), 6)
        except TypeError:
            raise Refused("times with a zone and times without", place=self._place, field="start") from None
        # Boards of a panel may have its identifier, and begin together.
        apart = told.apart(made, start, self._position() or 0, source)
        if apart == start:
            begin_iso(made, written, source, options, place=self._place)  # all of its digits
        else:
            begin(made, apart, source, options)

    def _times(self, which: str) -> list[tuple[datetime, str]]:
        member = f"{self._kind}{which}Time"
        found = [
            (moment(test, member, self._place), text(test, member))
            for test in objects(self._unit, self._member)
        ]
        return [(time, written) for time, written in found if time is not None]

    def _infos(self, made: Document) -> None:
        for member, description in (
            ("TransactionId", "Transaction"),
            ("TestMethod", "Test method"),
            ("InspectionMethod", "Inspection method"),
        ):
            if (written := text(self._body, member)).strip("0-"):
                remember(made, description, written)
        if message := text(self._message, "UniqueID"):
            remember(made, "Message", message)
        sampling = self._body.get("SamplingInformation")
        if isinstance(sampling, dict) and (method := text(sampling, "SamplingMethod")) != "NoSampling":
            sizes = [text(sampling, member) for member in ("SampleSize", "LotSize")]
            remember(made, "Sampling", " ".join(filter(None, [method, " of ".join(filter(None, sizes))])))
        verified = text(self._unit, "Verification")
        if verified and verified != "NotVerifiedYet":
            remember(made, "Verification", verified)

    def _root(self, result: str, source: Source) -> Step:
        below: list[Step] = []
        for number, test in enumerate(objects(self._unit, self._member), start=1):
            made, warnings = steps(test, self._kind, number)
            below += made
            for warning in warnings:
                source.warn(f"{self._place}, {warning}")
        if result == "P" and any(step["status"] in {"F", "E", "T"} for step in below):
            source.warn(f"{self._place}: it passed, and a test of it did not")
        root = measures.sequence("MainSequence Callback", below, result)
        recipe = text(self._unit, "ActiveRecipeName") or text(self._body, "RecipeName")
        version = text(self._unit, "ActiveRecipeRevision") or text(self._body, "RecipeRevision")
        root["seqCall"] = {"name": fit(root, "Recipe", recipe or self._member, 200)}
        if version:
            root["seqCall"]["version"] = fit(root, "Recipe revision", version, 30)
        return root
