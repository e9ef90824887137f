"""What a result measured, asked or attached, put on its step.

A step of the report carries one kind of content. A result that holds more (sites derive their own step types)
keeps the first of the order below and tells the rest in its report text.
"""

import base64
import math
from collections.abc import Mapping
from typing import Any, Final

from wats_worker.converters.base import Refused
from wats_worker.converters.teststand_xml.charts import chart
from wats_worker.converters.teststand_xml.limits import numeric, text
from wats_worker.converters.teststand_xml.props import Props
from wats_worker.converters.texts import OF_STEP, Step, fit, say, shown
from wats_worker.reports.model import CONTENT

_ROWS: Final = {"numericMeas": "ET_MNLT", "stringMeas": "ET_MSVT", "booleanMeas": "ET_MPFT"}

Row = dict[str, Any]


def put_content(result: Props, step: Step, letters: Mapping[str, str], *, steering: bool) -> None:
    """Put a result's content on its step.

    Args:
        result: The TEResult.
        step: Its step, with its status.
        letters: The letters of the status words.
        steering: The step steers the sequence; such steps never measure anything.
    """
    if not steering:
        _measurements(result, step, letters)
        for read in (_numeric, _string, _pass_fail, _popup, _exit_code):
            read(result, step)
    if (drawn := result.get("Chart")) is not None:
        step["chart"] = chart(drawn, step)
    _files(result, step)


def _put(step: Step, member: str, content: Any, told: str) -> None:
    """Make something the step's content or, if it has one already, tell it in the report text."""
    if step.keys().isdisjoint(CONTENT):
        step[member] = content
    else:
        say(step, told)


def _numeric(result: Props, step: Step) -> None:
    value = result.number("Numeric")
    if value is not None:
        row = {**numeric(result, value, step), "status": OF_STEP[step["status"]]}
        _put(step, "numericMeas", [row], f"Numeric: {result.text('Numeric')}")


def _string(result: Props, step: Step) -> None:
    if result.get("String") is not None:
        value = result.text("String") or ""
        row = {
            **text(result, value, result.text("Limits.String"), step),
            "status": OF_STEP[step["status"]],
        }
        _put(step, "stringMeas", [row], f"String: {value}")


def _pass_fail(result: Props, step: Step) -> None:
    passed = result.flag("PassFail")
    if passed is not None:
        # The step's own verdict counts: a site may let a step pass on False.
        row = {"status": OF_STEP[step["status"]]}
        _put(step, "booleanMeas", [row], f"PassFail: {passed}")


def _measurements(result: Props, step: Step, letters: Mapping[str, str]) -> None:
    """The rows of a multiple test. Rows of another kind than the first one's are told, not lost."""
    kept = ""
    rows: list[Row] = []
    for number, measurement in enumerate(result.items("Measurement"), start=1):
        member, row, told = _row(measurement, step, letters)
        kept = kept or member
        if member != kept:
            say(step, told)
            continue
        row["name"] = fit(
            step, "Measurement", measurement.text("MeasName") or measurement.name or f"[{number}]", 100
        )
        rows.append(row)
    if rows:
        _put(step, kept, rows, f"{len(rows)} measurements beside the step's own")
        if step["stepType"] in {"ET_NLT", "ET_SVT", "ET_PFT"}:
            step["stepType"] = _ROWS[kept]


def _row(measurement: Props, step: Step, letters: Mapping[str, str]) -> tuple[str, Row, str]:
    status = _verdict(measurement, letters)
    if measurement.get("Data") is not None:
        value = measurement.number("Data")
        row = numeric(measurement, math.nan if value is None else value, step)
        member, told = "numericMeas", f"{measurement.name}: {value}"
    elif measurement.get("StringData") is not None:
        words = measurement.text("StringData") or ""
        row = text(measurement, words, measurement.text("StringLimit"), step)
        member, told = "stringMeas", f"{measurement.name}: {words}"
    elif (passed := measurement.flag("PassFail")) is not None:
        row = {}
        status = status or ("P" if passed else "F")
        member, told = "booleanMeas", f"{measurement.name}: {passed}"
    else:
        raise Refused(
            "a measurement without a value", place=measurement.place, field=measurement.name or "Measurement"
        )
    return member, {**row, "status": status or OF_STEP[step["status"]]}, told


def _verdict(measurement: Props, letters: Mapping[str, str]) -> str | None:
    word = measurement.text("Status")
    if word is None:
        return None
    if word.lower() not in letters:
        raise Refused(f"{shown(word)} is not a status", place=measurement.place, field="Status")
    return OF_STEP[letters[word.lower()]]


def _popup(result: Props, step: Step) -> None:
    if result.get("ButtonHit") is not None:
        button, response = result.whole("ButtonHit", 16), result.text("Response")
        answer: Row = {"button": button}
        if response is not None:
            answer["response"] = fit(step, "Response", response, 200)
        _put(step, "messagePopup", answer, f"Button {button}: {response or ''}")


def _exit_code(result: Props, step: Step) -> None:
    code = result.number("ExitCode")
    if code is not None:
        _put(step, "callExe", {"exitCode": code}, f"Exit code: {code:g}")


def _files(result: Props, step: Step) -> None:
    """A file on the tester's disk can only be named; XML that stands in the report is attached."""
    for member in ("NumPropertiesRead", "NumPropertiesApplied"):
        if (count := result.text(member)) is not None:
            say(step, f"{member}: {count}")
    name = result.text("AttachedFileData.FileName") or result.text("AttachedFileData.FullFileName")
    if name:
        say(step, f"Attached file: {name}")
    content = result.text("XMLString")
    if content and "chart" in step:
        say(step, content)
    elif content:
        data = base64.b64encode(content.encode()).decode()
        step["attachment"] = {"name": "stepdata.xml", "contentType": "text/xml", "data": data}
