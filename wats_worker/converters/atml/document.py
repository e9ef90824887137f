"""From one TestResults element to the report's document: who, what, when, where, and how it ended."""

from typing import Any, Final

from lxml.etree import _Element

from wats_worker.converters.atml import others
from wats_worker.converters.atml.data import Tree, items, tree, written
from wats_worker.converters.atml.options import Options
from wats_worker.converters.atml.parts import properties
from wats_worker.converters.atml.steps import Steps, call, duration, error, is_under_way
from wats_worker.converters.base import NotReady, Refused, Source
from wats_worker.converters.finish import begin_iso, remember
from wats_worker.converters.markup import only, place, text
from wats_worker.converters.texts import Step, shown, whole

_NO_ID: Final = "00000000-0000-0000-0000-000000000000"

Document = dict[str, Any]


class Run:
    """One report while its element is being read: the steps come first, and who was tested comes last.

    Args:
        element: The TestResults as it begins.
        source: For warnings.
        options: What this site's words mean.
    """

    def __init__(self, element: _Element, source: Source, options: Options) -> None:
        self.place = place(element)
        self._source = source
        self._options = options
        self._document: Document = {"type": "T", "uut": {}}
        self._calls: list[list[Step]] = []
        self._steps = Steps(options, "")
        self._main: Step | None = None  # the main sequence, where it is a group of its own

    def begin(self, element: _Element) -> None:
        """A ResultSet or TestGroup begins; the first of them says when the run began."""
        if not self._calls:
            self._start(element)
            self._steps = Steps(self._options, self._document.get("start", "")[-6:])
        self._calls.append([])

    def test(self, element: _Element) -> None:
        """A Test or SessionAction has ended."""
        if self._calls:
            self._calls[-1] += self._steps.test(element)

    def group(self, element: _Element) -> None:
        """A TestGroup has ended."""
        below = self._calls.pop()
        if self._calls:
            step = self._steps.group(element, below)
            self._calls[-1].append(step)
            if element.get("callerName") is None:
                self._main = step

    def results(self, element: _Element) -> None:
        """A ResultSet has ended."""
        below = self._calls.pop()
        if self._calls or "root" in self._document:
            raise Refused("a second set of results for one unit", place=place(element), field="ResultSet")
        result = self._result(element)
        root: Step = {"group": "M", "stepType": "SequenceCall", "name": "MainSequence Callback"}
        seconds = duration(element, properties(element))
        root |= {"status": result, "seqCall": call(element.get("name", ""), root)}
        if len(below) == 1 and below[0] is self._main and "seqCall" in self._main:
            # Version 2.02 has the main sequence as the one group in it; nobody called it.
            root = {**self._main, **root, "seqCall": self._main["seqCall"]}
            below = self._main.get("steps", [])
            seconds = root.get("totTime") if seconds is None else seconds
        root["steps"] = below
        uut = self._document["uut"]
        if seconds is not None:
            root["totTime"] = uut["execTime"] = seconds
        events = element.find("{*}Events")
        for event in events if events is not None else ():
            error(event, root, 200)
        uut |= {member: root[member] for member in ("errorCode", "errorMessage") if member in root}
        if index := others.socket(element):
            self._socket(index, element)
        self._document |= {"result": result, "root": root}

    def end(self, element: _Element) -> Document:
        """The TestResults has ended: the document is complete."""
        if "root" not in self._document:
            raise Refused("the file has none", place=self.place, field="result")
        made = self._document
        guid = element.get("uuid", "").strip(" {}")
        if guid and guid != _NO_ID:
            made["id"] = guid
        self._unit(element)
        if station := others.station(element):
            made["machineName"] = station
        if assets := others.assets(element):
            made["assets"] = assets
        made["root"]["seqCall"] = {**others.program(element), **made["root"]["seqCall"]}
        operator = element.find("{*}Personnel/{*}SystemOperator")
        if operator is not None:
            made["uut"]["user"] = operator.get("name") or operator.get("ID") or ""
        self._execution(element)
        free = [
            *_additional(element.find("{*}UUT/{*}Definition/{*}Extension")),
            *_additional(element.find("{*}TestStation/{*}Definition/{*}Extension")),
        ]
        if free:
            made["additionalData"] = free
        return made

    def _start(self, element: _Element) -> None:
        begin_iso(
            self._document,
            element.get("startDateTime", ""),
            self._source,
            self._options,
            place=place(element),
        )

    def _result(self, element: _Element) -> str:
        outcome = only(element, "Outcome")
        if outcome is not None and is_under_way(outcome) and self._steps.letter(outcome) == "D":
            raise NotReady(f"{place(element)}: the unit's outcome is that of a run that has not ended")
        letter = self._steps.outcome(element)
        if letter is None:
            raise Refused("the file has none", place=place(element), field="result")
        return {"D": "P", "S": "P"}.get(letter, letter)  # ran, or had nothing to run: failed nobody

    def _unit(self, element: _Element) -> None:
        unit = only(element, "UUT")
        if unit is None:
            return
        made = self._document
        if serial := text(only(unit, "SerialNumber")):
            made["sn"] = serial
        for name, told in others.facts(unit):
            if name != "PartNumber":
                remember(made, name, told)
        identification = unit.find("{*}Definition/{*}Identification")
        part = self._part_number(identification) if identification is not None else None
        if part := part or others.part_number(unit):
            made["pn"] = part
        if identification is None:
            return
        if version := text(identification.find("{*}Version")):
            made["rev"] = version
        model = text(identification.find("{*}ModelName"))
        if model and model not in {"UNKNOWN", made.get("pn")}:
            remember(made, "Model", model)

    def _part_number(self, identification: _Element) -> str | None:
        """The identification number of type Part; of several the one with the configured qualifier."""
        wanted = self._options.part_number_qualifier
        numbers = identification.find("{*}IdentificationNumbers")
        found = {
            entry.get("number", "").strip()
            for entry in (numbers if numbers is not None else ())
            if entry.get("type", "Part") == "Part" and wanted in {None, entry.get("qualifier")}
        } - {""}
        if len(found) > 1:
            raise Refused(
                f"the file has {' and '.join(sorted(map(shown, found)))}",
                place=place(identification),
                field="part number",
                fix="set part_number_qualifier for the source",
            )
        return found.pop() if found else None

    def _execution(self, element: _Element) -> None:
        """What TestStand says about the run as a whole: batch, socket, whether only a part was run."""
        facts = element.find("{*}Extension/{*}TSResultSetProperties")
        if facts is None:
            return
        if batch := _value(facts.find("{*}BatchSerialNumber")):
            self._document["uut"]["batchSN"] = batch
        if index := _value(facts.find("{*}TestSocketIndex")):
            self._socket(index, facts)
        if _value(facts.find("{*}IsPartialExecution")).lower() == "true":
            remember(self._document, "Partial execution", "True")

    def _socket(self, written_index: str, element: _Element) -> None:
        try:
            index = whole(written_index)
        except ValueError as problem:
            raise Refused(str(problem), place=place(element), field="TestSocketIndex") from None
        if index >= 0:  # -1 is the sequential model: there are no sockets
            self._document["uut"]["testSocketIndex"] = index


def _value(element: _Element | None) -> str:
    return written(element) if element is not None else ""


def _additional(extension: _Element | None) -> list[Tree]:
    """TestStand's free additional data of a unit or a station."""
    found = []
    for collection in extension.iter("{*}TSCollection") if extension is not None else ():
        for name, value in items(collection):
            made = tree(name, value)
            found.append({"name": made["name"][:200], "props": [made]})
    return found
