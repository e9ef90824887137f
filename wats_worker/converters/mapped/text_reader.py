"""From the lines of a text to the units in it."""

import re
from collections.abc import Iterator

from wats_worker.converters.base import NotReady, Refused, Source
from wats_worker.converters.mapped.columns import captured, first
from wats_worker.converters.mapped.facts import Found, StepFacts, Take, Unit
from wats_worker.converters.mapped.model import FileName
from wats_worker.converters.mapped.patterns import safe
from wats_worker.converters.mapped.text_options import Options
from wats_worker.converters.mapped.texts import complete_lines, found
from wats_worker.converters.texts import shown


class TextReader:
    """Reads one text.

    Args:
        source: The file.
        options: The mapping.
    """

    def __init__(self, source: Source, options: Options) -> None:
        self._source = source
        self._options = options
        places = [(name, place, False) for name, place in options.fields.given().items()]
        places += [(name, place, True) for name, place in options.infos.items()]
        #: The facts that stand in lines: what finds them, their names, are they misc infos, which one counts.
        self._lines: list[tuple[re.Pattern[str], str, bool, Take]] = [
            (safe(place.pattern), name, info, place.take)
            for name, place, info in places
            if not isinstance(place, FileName)
        ]
        self._places = places
        self._steps = [(safe(step.pattern), step) for step in options.steps]
        self._remember = [safe(pattern) for pattern in options.remember]
        self._sequences = [safe(pattern) for pattern in options.sequences]
        self._ignore = [safe(pattern) for pattern in options.ignore]
        self._begins, self._unit_ends, self._ends = (
            safe(pattern) if pattern else None
            for pattern in (options.begins, options.unit_ends, options.ends)
        )
        self._sequence = ""
        self._kept: dict[str, str] = {}  # what was remembered for the next step

    def units(self) -> Iterator[Unit]:
        """Every unit of the file, in its order.

        Raises:
            Refused: a line is none of those that the mapping knows, or a unit has no end.
            NotReady: the end of the file, or of its last unit, is missing.
        """
        shared = self._from_name(Unit("line 1"))
        unit = shared
        begun, ended = self._begins is None, False
        for number, line in enumerate(complete_lines(self._source, self._options, terminal=True), start=1):
            if self._begins is not None and found(self._begins, line):
                if unit is not shared:
                    self._check_end(unit, ended=ended, last=False)
                    yield unit
                unit = Unit(f"line {number}", dict(shared.fields), dict(shared.infos))
                begun, ended, self._sequence = True, False, ""
                self._kept.clear()
            if line.strip():
                self._take(line, number, unit, begun=begun)
            if self._unit_ends is not None and found(self._unit_ends, line):
                ended = True
        if not begun:
            raise Refused("no line begins a unit", fix="compare begins with the file's lines")
        self._check_end(unit, ended=ended, last=True)
        yield unit

    def _check_end(self, unit: Unit, *, ended: bool, last: bool) -> None:
        if self._unit_ends is None or ended:
            return
        reason = f"the unit that begins in {unit.place} has no end yet"
        raise NotReady(reason) if last else Refused(reason.removesuffix(" yet"), place=unit.place)

    def _take(self, line: str, number: int, unit: Unit, *, begun: bool) -> None:
        """Take what a line says."""
        place = f"line {number}"
        known = False
        for pattern, name, info, take in self._lines:
            if match := found(pattern, line):
                fact = Found(first(captured(match, name), name), place)
                (unit.inform if info else unit.put)(name, fact, take)
                known = True
        if begun:
            known |= self._step(line, place, unit)
        if known or self._options.other_lines == "ignore":
            return
        patterns = (*self._ignore, self._begins, self._unit_ends, self._ends)
        if not any(pattern is not None and found(pattern, line) for pattern in patterns):
            fix = "add a pattern for it to steps, fields or ignore"
            raise Refused(f"{shown(line.strip())} is no line of the mapping", place=place, fix=fix)

    def _step(self, line: str, place: str, unit: Unit) -> bool:
        """Take a step, a sequence or something to remember; whether it was one."""
        for pattern in self._sequences:
            if match := found(pattern, line):
                self._sequence = first(captured(match, "sequence"), "sequence")
                return True
        for pattern, step in self._steps:
            if match := found(pattern, line):
                facts = {**step.facts, **self._kept, **captured(match, "name")}
                if step.kind is not None:
                    facts["kind"] = step.kind
                if self._sequence:
                    facts.setdefault("sequence", self._sequence)
                unit.steps.append(StepFacts(place, facts))
                self._kept.clear()
                return True
        for pattern in self._remember:
            if match := found(pattern, line):
                self._kept |= captured(match, "")
                return True
        return False

    def _from_name(self, unit: Unit) -> Unit:
        """Take the facts that stand in the file's name."""
        for name, place, info in self._places:
            if isinstance(place, FileName):
                match = found(safe(place.file_name), self._source.name)
                fact = Found(first(captured(match, name), name) if match else "", "the file's name")
                (unit.inform if info else unit.put)(name, fact)
        return unit
