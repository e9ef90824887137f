"""From a part to its report: who it is, what became of it, and what is known of its lot."""

from collections.abc import Iterator
from typing import Any, Final, Literal

from wats_worker.converters import measures
from wats_worker.converters.base import Options, Refused, Source
from wats_worker.converters.finish import begin, remember
from wats_worker.converters.starts import Told
from wats_worker.converters.stdf.lot import Lot
from wats_worker.converters.stdf.parts import NOWHERE, End, Part
from wats_worker.reports import judge

#: What a serial number is made of.
Naming = Literal["part", "lot-part", "lot-x-y"]

#: Facts of the lot that have a member of the report of their own.
_MEMBERS: Final = frozenset({"Lot", "Part type", "Node", "Job", "Operator"})
#: How much of what the program had to say goes into one report.
_MOST_NOTES: Final = 20_000
#: Bits of PART_FLG.
_RETEST, _ABNORMAL, _FAILED, _UNJUDGED = 0x03, 0x04, 0x08, 0x10
_NO_BIN: Final = 0xFFFF


class Documents:
    """Makes the documents of one file."""

    def __init__(self, lot: Lot, source: Source, options: Options, naming: Naming) -> None:
        self._lot = lot
        self._source = source
        self._options = options
        self._naming = naming
        self._told = Told()
        self._runs: dict[str, int] = {}
        self._results: set[int] = set()
        self._common = _common(lot, source, options)

    def of(self, part: Part, end: End) -> dict[str, Any]:
        """The document of a part that was finished.

        Raises:
            Refused: it has no serial number, or its results stand in the file twice.
        """
        texts, equipment = self._lot.texts, self._lot.equipment_of(part.head, part.site)
        result, doubt = self._verdict(part, end)
        document = {**self._common, "sn": self._serial(part, end), "result": result}
        document["miscInfos"] = [dict(info) for info in self._common["miscInfos"]]
        fixture = equipment.get("DIB board id") or equipment.get("Load board id") or ""
        document["uut"] = {
            "user": texts.get("Operator"),
            "batchSN": texts.get("Lot", "")[:100] or None,
            "fixtureId": fixture[:100] or None,
            "testSocketIndex": part.site,
            "execTime": end.milliseconds / 1000 if end.milliseconds else None,
        }
        for description, text in self._facts(part, end, equipment, doubt):
            if text:
                remember(document, description, text)
        self._tell_apart(document, part, end)
        document["root"] = self._root(part, result)
        return document

    def _root(self, part: Part, result: str) -> dict[str, Any]:
        texts = self._lot.texts
        root = measures.sequence(texts.get("Job", "Test")[:100], part.steps, result)
        root["seqCall"] = {
            "name": texts.get("Job", "-")[:200],
            "version": texts.get("Job revision", "")[:30] or None,
        }
        if part.notes:
            root["reportText"] = "\n".join(part.notes)[:_MOST_NOTES]
        return root

    def _verdict(self, part: Part, end: End) -> tuple[str, str]:
        """The result, and where it comes from if the part itself has none."""
        if end.flags & _ABNORMAL:
            return "T", ""
        if not end.flags & _UNJUDGED:
            return ("F" if end.flags & _FAILED else "P"), ""
        for bins, number in ((self._lot.hard, end.hard), (self._lot.soft, end.soft)):
            if number in bins and bins[number].verdict:
                return bins[number].verdict, "that of its bin"
        status = judge.of_steps(step["status"] for step in part.steps)
        return (status, "that of its tests") if status in {"P", "F"} else ("E", "none was given")

    def _serial(self, part: Part, end: End) -> str:
        lot = self._lot.texts.get("Lot", "")
        if self._naming == "lot-x-y":
            if not lot or NOWHERE in {end.x, end.y}:
                raise Refused("the part has no place on a wafer, or its lot no name", field="serial number")
            return ".".join(name for name in (lot, part.wafer, str(end.x), str(end.y)) if name)
        identity = end.identity or end.text
        if not identity:
            raise Refused(
                "the part has neither PART_ID nor PART_TXT",
                field="serial number",
                fix='set serial_number = "lot-x-y" for the source, if its parts are dies of a wafer',
            )
        return f"{lot}.{identity}" if self._naming == "lot-part" and lot else identity

    def _facts(
        self, part: Part, end: End, equipment: dict[str, str], doubt: str
    ) -> Iterator[tuple[str, str]]:
        for label, bins, number in (
            ("Hard bin", self._lot.hard, end.hard),
            ("Soft bin", self._lot.soft, end.soft),
        ):
            name = bins[number].name if number in bins else ""
            if number != _NO_BIN:
                yield label, f"{number} ({name})" if name else str(number)
        if NOWHERE not in {end.x, end.y}:
            yield "Position", f"x {end.x}, y {end.y}"
        yield "Wafer", part.wafer
        yield "Test head", str(part.head) if part.head > 1 else ""
        yield "Part text", end.text if end.identity else ""
        yield "Verdict", doubt
        if end.flags & _RETEST:
            yield "Retest", "replaces an earlier result of this part"
        for name, identity in equipment.items():
            if not name.endswith(" id"):
                yield name, identity

    def _tell_apart(self, document: dict[str, Any], part: Part, end: End) -> None:
        """Give each run of a part a start of its own: all of them have that of the lot.

        The same results twice are not two runs, but a piece that stands in the file twice.
        """
        serial, start = document["sn"], self._lot.start
        results = hash((serial, end, tuple(part.values)))
        if part.values and results in self._results:
            raise Refused(f"the results of part {serial} stand in the file twice", field="PRR")
        self._results.add(results)
        run = self._runs[serial] = self._runs.get(serial, 0) + 1
        if run == 1:
            return
        if not end.flags & _RETEST:
            self._source.warn("part ids stand in the file several times, without being marked as retests")
        if run == 2:
            self._told.apart(dict(document), start, 1, self._source)
        begin(document, self._told.apart(document, start, run, self._source), self._source, self._options)


def _common(lot: Lot, source: Source, options: Options) -> dict[str, Any]:
    """What all reports of a file have in common."""
    texts = lot.texts
    document: dict[str, Any] = {
        "type": "T",
        "pn": texts.get("Part type"),
        "rev": texts.get("Design revision") or texts.get("Job revision"),
        "machineName": texts.get("Node"),
        "location": texts.get("Facility"),
        "purpose": lot.purpose,
        "processName": texts.get("Test phase"),
        "miscInfos": [],
    }
    begin(document, lot.start, source, options)
    for name, text in (*texts.items(), *lot.codes.items()):
        if name not in _MEMBERS:
            remember(document, name, text)
    return document
