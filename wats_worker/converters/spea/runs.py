"""From rows to runs: what stands between START and END, and what each row means."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from wats_worker.converters import measures
from wats_worker.converters.base import NotReady, Refused, Source
from wats_worker.converters.lines import lines
from wats_worker.converters.starts import DateOrder, day, time_of_day
from wats_worker.converters.texts import OF_STEP, Step, number, shown

_ORDERS: Final[Mapping[str, DateOrder]] = {
    "mmdd": "mdy",
    "ddmm": "dmy",
    "yymmdd": "ymd",
    "yyyymmdd": "ymd",
    "mmddyy": "mdy",
    "mmddyyyy": "mdy",
    "ddmmyy": "dmy",
    "ddmmyyyy": "dmy",
}
_RESULTS: Final[Mapping[str, str]] = {"PASS": "P", "FAIL": "F", "ABORT": "T", "ABORTED": "T", "ERROR": "E"}
_VERDICT: Final = re.compile(r"(PASS|FAIL)(?:\([-+/]{1,5}\))?")
#: Rows of results: task, number and sub number, text, verdict, value, low and high limit, unit, pins, remark.
_ROWS: Final[Mapping[str, int]] = {"ANL": 14, "FUNC": 13}
_UNITS: Final[Mapping[str, str]] = {"ohm": "Ohm", "Ohm": "Ohm", "OHM": "Ohm"}
#: Stands instead of a value where the tester only switched something.
_AUTOMATIC: Final = "Automatic"


@dataclass
class Run:
    """One run of the test program, as far as its rows have been read."""

    line: int
    start: list[str]
    began: datetime
    ended: datetime | None = None
    serial: str = ""
    result: str = ""
    board_result: str = ""
    lot: str = ""
    sites: set[str] = field(default_factory=set)
    tasks: list[Step] = field(default_factory=list)
    task: tuple[str, ...] = ()

    @property
    def place(self) -> str:
        """Where it begins, for a message."""
        return f"the run that begins in line {self.line}"


def runs(source: Source, configured: DateOrder | None) -> Iterator[Run]:
    """The runs of a file.

    Raises:
        NotReady: the last one has not ended.
        Refused: a row can't be read, or stands where it can't.
    """
    order: DateOrder | None = None
    run: Run | None = None
    for at, line in enumerate(lines(source), start=1):
        if not line.strip():
            continue
        cells, place = line.split(";"), f"line {at}"
        kind = cells[0].strip()
        if kind == "FORMAT":
            order = _order(cells, place)
        elif kind == "START":
            if run is not None:
                raise Refused(f"a run begins before the one of line {run.line} has ended", place=place)
            run = Run(at, cells, _moment(cells[6:8], source, order or configured, place))
        elif run is None:
            raise Refused(f"{shown(line)} stands outside of any run", place=place)
        elif kind in _ROWS:
            _row(run, kind, cells, place)
        elif kind == "END":
            _end(run, cells, source, order or configured, place)
            yield run
            run = None
        else:
            _fact(run, kind, cells, place)
    if run is not None:
        raise NotReady(f"{run.place} has no END yet")


def _order(cells: list[str], place: str) -> DateOrder:
    text = cells[1].strip().lower() if len(cells) > 1 else ""
    if text not in _ORDERS:
        raise Refused(f"{shown(text)} is not an order of a date's numbers", place=place, field="FORMAT")
    return _ORDERS[text]


def _moment(cells: list[str], source: Source, order: DateOrder | None, place: str) -> datetime:
    if len(cells) < 2:
        raise Refused("a date and a time are missing", place=place, field="start")
    date = day(cells[0], source, order=order, usual="mdy", place=place)
    return datetime.combine(date, time_of_day(cells[1], place))


def _fact(run: Run, kind: str, cells: list[str], place: str) -> None:
    value = cells[1].strip() if len(cells) > 1 else ""
    if kind == "SN":
        run.serial = _once(run.serial, value, place, "serial number")
    elif kind == "BOARDRESULT":
        run.board_result = _once(run.board_result, _result(value, place), place, "result")
    elif kind == "LOT":
        run.lot = _once(run.lot, value, place, "LOT")
    else:
        raise Refused(f"{shown(kind)} is not a row of this format", place=place)


def _once(known: str, value: str, place: str, what: str) -> str:
    if known and known != value:
        raise Refused(f"{shown(known)} before, and now {shown(value)}", place=place, field=what)
    return value


def _result(text: str, place: str) -> str:
    if text not in _RESULTS:
        raise Refused(f"{shown(text)} is not a result", place=place, field="result")
    return _RESULTS[text]


def _end(run: Run, cells: list[str], source: Source, order: DateOrder | None, place: str) -> None:
    run.result = _result(cells[1].strip() if len(cells) > 1 else "", place)
    if run.board_result not in {"", run.result}:
        raise Refused("BOARDRESULT and END don't say the same thing", place=place, field="result")
    run.ended = _moment(cells[2:4], source, order, place)


def _row(run: Run, kind: str, cells: list[str], place: str) -> None:
    """One result, put into the sequence of its task."""
    if len(cells) != _ROWS[kind]:
        raise Refused(f"{len(cells)} cells, not {_ROWS[kind]}", place=place)
    site, task, count = cells[1], cells[2].strip(), cells[3]
    run.sites.add(site)
    if run.task != (kind, site, task, count):
        run.task = (kind, site, task, count)
        run.tasks.append(measures.sequence(task or kind, [], "P"))
    run.tasks[-1]["steps"].append(_step(cells, place))


def _step(cells: list[str], place: str) -> Step:
    name, verdict = cells[5].strip() or cells[2].strip(), cells[7].strip()
    if not name:
        raise Refused("a row without a text", place=place)
    found = _VERDICT.fullmatch(verdict)
    if found is None:
        raise Refused(f"{shown(verdict)} is not a verdict", place=place, field=name)
    status = "P" if found[1] == "PASS" else "F"
    text = verdict if verdict != found[1] else ""
    if cells[12].strip():
        text = f"{text}\nPins {cells[12].strip()}" if text else f"Pins {cells[12].strip()}"
    value = cells[8].strip()
    if value in {"", _AUTOMATIC}:
        return measures.passed_or_failed(name, status, "\n".join(filter(None, (value, text))))
    try:
        measured, low, high = (number(cell) for cell in cells[8:11])
    except ValueError as error:
        raise Refused(str(error), place=place, field=name) from None
    if measured == low == high == 0:
        return measures.passed_or_failed(name, status, text)
    unit = cells[11].strip()
    row = measures.numeric(
        measured,
        OF_STEP[status],
        low=low if low < high else None,
        high=high if low < high else None,
        unit=_UNITS.get(unit, unit)[:20],
    )
    return measures.numbers(name, status, [row], text)
