"""From a board's failures to the report's document."""

import re
from collections.abc import Mapping
from typing import Any, Final

from wats_worker.converters import measures
from wats_worker.converters.agilent_report.sections import Board, Failure
from wats_worker.converters.base import Options, Refused, Source
from wats_worker.converters.finish import begin
from wats_worker.converters.measures import Row
from wats_worker.converters.scale import SI, scaled, split
from wats_worker.converters.texts import Step, say, shown

_VALUE: Final = re.compile(r"(Measured|Nominal|High Limit|Low Limit|Threshold):\s*(\S.*)")
_UNIT: Final = re.compile(r".{1,60} in ([A-Z]{2,20})")
_OPEN: Final = re.compile(r"Open #[0-9]+ +Device (\S+)")
_PIN: Final = re.compile(r"Pin (\S+)(?: +Node (\S+))?.*")
_MEASURED: Final = re.compile(r"Measured +(\S+).*")
_UNITS: Final[Mapping[str, str]] = {
    "OHMS": "Ohm",
    "FARADS": "F",
    "HENRIES": "H",
    "HENRYS": "H",
    "VOLTS": "V",
    "AMPS": "A",
    "AMPERES": "A",
    "HERTZ": "Hz",
    "SECONDS": "s",
}


def document(board: Board, source: Source, options: Options) -> dict[str, Any]:
    """A board's report in wire form. All of its boards have failed.

    Raises:
        Refused: a line can't be read; it is named.
    """
    made: dict[str, Any] = {
        "type": "T",
        "pn": board.title,
        "rev": board.version,
        "sn": board.serial,
        "result": "F",
        "uut": {},
    }
    if board.start is not None:
        begin(made, board.start, source, options)
    root: Step = {"group": "M", "stepType": "SequenceCall", "name": "Failures", "status": "F", "seqCall": {}}
    for remark in board.remarks:
        say(root, remark)
    root["steps"] = [_report(failure) if failure.kind else _device(failure) for failure in board.failures]
    made["root"] = root
    return made


def _device(failure: Failure) -> Step:
    """A device whose value is outside its limits, or beyond its threshold."""
    values: dict[str, float] = {}
    unit: str | None = None
    for line in failure.lines:
        if found := _VALUE.fullmatch(line):
            if found[1] in values:
                raise Refused("stands twice", place=failure.place, field=found[1])
            values[found[1]] = _number(found[2], failure, found[1])
        elif found := _UNIT.fullmatch(line):
            unit = _UNITS.get(found[1], found[1].capitalize())
    text = "\n".join(failure.lines)
    if "Measured" not in values:
        return measures.passed_or_failed(failure.name, "F", text)
    measured, low, high = values["Measured"], values.get("Low Limit"), values.get("High Limit")
    if (threshold := values.get("Threshold")) is not None:
        # The file doesn't say on which side of it a value is good. What has failed between zero and the
        # threshold should have been above it; a negative reading is what an open circuit gives.
        low, high = (threshold, None) if 0 <= measured < threshold else (None, threshold)
    row = measures.numeric(measured, "F", low=low, high=high, unit=unit)
    return measures.numbers(failure.name, "F", [row], text)


def _number(text: str, failure: Failure, field: str) -> float:
    try:
        digits, prefix = split(text)
        if prefix not in SI:
            raise ValueError(f"{shown(prefix)} is not a prefix")  # noqa: TRY301 - told in one place
        return scaled(digits, SI[prefix])
    except ValueError as error:
        raise Refused(str(error), place=failure.place, field=field) from None


def _report(failure: Failure) -> Step:
    """A test that reports its problems by itself."""
    status = "P" if failure.problems == 0 else "F"
    text = "\n".join([f"{failure.kind} report", *failure.lines])
    rows = list(_pins(failure)) if failure.kind == "TestJet" else []
    if not rows:
        return measures.passed_or_failed(failure.name, status, text)
    return measures.numbers(failure.name, status, rows, text)


def _pins(failure: Failure) -> list[Row]:
    """What a vectorless test measured at the pins it found open. What it should have been isn't told."""
    rows: list[Row] = []
    device = pin = ""
    for line in failure.lines:
        if found := _OPEN.fullmatch(line):
            device, pin = found[1], ""
        elif found := _PIN.fullmatch(line):
            pin = found[1]
        elif (found := _MEASURED.fullmatch(line)) and device:
            value = _number(found[1], failure, "Measured")
            rows.append(measures.numeric(value, "F", name=f"{device} pin {pin}"[:100]))
    return rows
