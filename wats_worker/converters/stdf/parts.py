"""Puts the records of a file together to parts. Several sites test at once, so their records interleave."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from wats_worker.converters import measures
from wats_worker.converters.barcodes import code
from wats_worker.converters.base import Refused
from wats_worker.converters.stdf import records
from wats_worker.converters.stdf.lot import Lot
from wats_worker.converters.stdf.records import Fields, Record, Walk
from wats_worker.converters.stdf.results import Results
from wats_worker.converters.texts import Step
from wats_worker.reports import judge

#: What a die on no wafer has for its place.
NOWHERE: Final = -32768

#: The kinds of the fields of a GDR that are numbers, as ``struct`` calls them.
_NUMBERS: Final = {1: "B", 2: "H", 3: "I", 4: "b", 5: "h", 6: "i", 7: "f", 8: "d"}


@dataclass(frozen=True)
class End:
    """What a PRR says."""

    flags: int
    hard: int
    soft: int
    x: int
    y: int
    milliseconds: int
    identity: str
    text: str


@dataclass(slots=True)
class Part:
    """A part that is being tested, and then one that was."""

    head: int
    site: int
    wafer: str
    steps: list[Step] = field(default_factory=list)
    values: list[float] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)  #: what the program had to say
    into: list[Step] = field(default_factory=list)  #: where the next step goes: ``steps``, or a section in it
    _around: list[list[Step]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.into = self.steps

    def enter(self, name: str) -> None:
        """Begin a section of the program."""
        section = measures.sequence(name or "Section", [], "P")
        self.into.append(section)
        self._around.append(self.into)
        self.into = section["steps"]

    def leave(self) -> None:
        """End it. Without a test in it there was none."""
        if not self._around:
            return
        around = self._around.pop()
        if self.into:
            around[-1]["status"] = judge.of_steps(step["status"] for step in self.into)
        else:
            around.pop()
        self.into = around

    def leave_all(self) -> None:
        """End all sections; some programs leave that out where a part has failed."""
        while self._around:
            self.leave()


class Assembly:
    """Goes through a file and gives its parts, in the order in which they were finished."""

    def __init__(self, lot: Lot, walk: Walk) -> None:
        self._order = lot.order
        self._walk = walk
        self._results = Results(lot)
        self._open: dict[int, Part] = {}
        self._sections: list[str] = []  # those that began before any part did
        self._wafer = ""
        self._readers = {
            records.PIR: self._begin,
            records.BPS: self._enter,
            records.EPS: self._leave,
            records.WIR: self._begin_wafer,
            records.DTR: self._note,
            records.GDR: self._note_data,
        }

    def __iter__(self) -> Iterator[tuple[Part, End, str]]:
        """Each part, what its last record says, and where that stands.

        Raises:
            Refused: records of a part are missing, or stand where they can't.
        """
        parts, parametric = self._open, self._results.parametric
        for record in self._walk:
            kind, buffer, start, stop = record
            try:
                if kind == records.PTR:
                    site, step, value = parametric(buffer, start, stop)
                    part = parts[site]
                    part.into.append(step)
                    part.values.append(value)
                elif kind == records.PRR:
                    yield *self._finished(Fields.of(record, self._order, self._walk)), self._walk.place(start)
                else:
                    self._other(record)
            except KeyError:
                place = self._walk.place(start)
                raise Refused("a result of a part that did not begin", place=place, field="PIR") from None
            except Refused as refused:
                place = refused.place or self._walk.place(start)
                raise Refused(refused.reason, place=place, field=refused.field, fix=refused.fix) from None
        if parts:
            head, site = divmod(next(iter(parts)), 256)
            raise Refused(f"the part at head {head}, site {site} began and never ended", field="PRR")

    def _other(self, record: Record) -> None:
        kind, buffer, start, stop = record
        if kind == records.FTR:
            site, step = self._results.functional(buffer, start, stop)
            self._open[site].into.append(step)
        elif kind == records.MPR:
            site, step, values = self._results.multiple(buffer, start, stop, self._walk.place(start))
            self._open[site].into.append(step)
            self._open[site].values.extend(values)
        elif kind in self._readers:
            self._readers[kind](Fields.of(record, self._order, self._walk))

    def _begin(self, fields: Fields) -> None:
        head, site = fields.need(2).take(2)
        if head << 8 | site in self._open:
            where = f"head {head}, site {site}"
            raise Refused(f"a part began at {where} before the one before it ended", field="PIR")
        part = self._open[head << 8 | site] = Part(head, site, self._wafer)
        for name in self._sections:
            part.enter(name)

    def _finished(self, fields: Fields) -> tuple[Part, End]:
        head, site = fields.need(13).take(2)
        part = self._open.pop(head << 8 | site)
        flags, _, hard, soft = (fields.whole(kind) for kind in "BHHH")
        x, y = (NOWHERE if (at := fields.number("h")) is None else at for _ in range(2))
        part.leave_all()
        end = End(flags, hard, soft, x, y, fields.whole("I"), code(fields.text()), code(fields.text()))
        return part, end

    def _enter(self, fields: Fields) -> None:
        name = fields.text()
        if not self._open:
            self._sections.append(name)
        for part in self._open.values():
            part.enter(name)

    def _leave(self, _fields: Fields) -> None:
        if self._sections:
            self._sections.pop()
        for part in self._open.values():
            part.leave()

    def _begin_wafer(self, fields: Fields) -> None:
        fields.need(6).take(6)  # head, group of sites, when it began
        self._wafer = fields.text()

    def _note(self, fields: Fields) -> None:
        self._take_along(fields.need(1).text())

    def _note_data(self, fields: Fields) -> None:
        self._take_along(" ".join(_values(fields.need(2))))

    def _take_along(self, text: str) -> None:
        """Keep what the program had to say, if it can only be about one part."""
        if len(self._open) == 1 and text.strip():
            (part,) = self._open.values()
            part.notes.append(text.strip())


def _values(fields: Fields) -> Iterator[str]:
    """The fields of a GDR as texts: each has its kind in front."""
    for _ in range(fields.whole("H")):
        kind = fields.whole("B")
        if kind in _NUMBERS:
            value = fields.number(_NUMBERS[kind])
            yield f"{value:g}" if isinstance(value, float) else str(value)
        elif kind == 10:
            yield fields.text()
        elif kind == 11:
            yield fields.take(fields.whole("B")).hex()
        elif kind == 12:
            yield fields.take((fields.whole("H") + 7) // 8).hex()  # counted in bits
        elif kind == 13:
            yield fields.take(1).hex()
        elif kind:  # 0 only fills up to an even address
            raise Refused(f"a field of the unknown kind {kind}", field="GDR")
