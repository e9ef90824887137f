"""From the rows of a file to the report's document."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from wats_worker.converters import barcodes, measures
from wats_worker.converters.base import Refused, Source
from wats_worker.converters.clock import read_iso
from wats_worker.converters.finish import begin_iso, remember
from wats_worker.converters.stepwize.options import Options
from wats_worker.converters.stepwize.rows import Row
from wats_worker.converters.texts import Step, number, say

_INFOS: Final = (
    "resultSetID", "modelNumber", "partDescription", "label", "version", "description", "build", "softwarePN",
    "workOrder", "factoryNumber", "exportRestriction", "alternatePartNumber", "alternateModelNumber",
    "Organization",
)  # fmt: skip
_NOTES: Final = ("testCondition", "cause", "causeText", "stepNotes")


def document(
    header: Mapping[str, str], rows: Sequence[Row], place: str, source: Source, options: Options
) -> dict[str, Any]:
    """The report of one result set in wire form."""
    if not rows:
        raise Refused("a result set without results", place=place)
    first = rows[0]
    result = options.letter(header.get("sequencePF", ""), "sequencePF", place)
    uut: dict[str, Any] = {"user": first["operator"] or first["operatorStamp"]}
    made: dict[str, Any] = {
        "type": "T",
        "pn": header.get("partNumber") or header.get("modelNumber", ""),
        "rev": header.get("partRev") or header.get("revision", ""),
        "sn": barcodes.code(header.get("serialNumber")),
        "machineName": first["station"] or first["assetID"],
        "location": header.get("plantName", ""),
        "result": {"D": "P", "S": "T"}.get(result, result),
        "uut": uut,
    }
    if operation := header.get("operation"):
        made["processName"] = operation
    begin_iso(made, first["startDateTime"], source, options, place=first.place)
    if (seconds := _seconds(rows)) is not None:
        uut["execTime"] = seconds
    for name in _INFOS:
        if text := header.get(name):
            remember(made, name, text)
    if assets := list(dict.fromkeys(row["assetID"] for row in rows if row["assetID"])):
        remember(made, "Assets", ", ".join(assets))
    call = {"name": header.get("sourceFile", "")[:200], "version": header.get("revision", "")[:30]}
    root: Step = {
        "group": "M",
        "stepType": "SequenceCall",
        "name": "MainSequence Callback",
        "status": made["result"],
    }
    root["seqCall"] = {member: text for member, text in call.items() if text}
    made["root"] = {**root, "steps": list(_steps(rows, source, options))}
    return made


def _seconds(rows: Sequence[Row]) -> float | None:
    """From the first start to the last end."""
    ends = [moment for row in rows if (moment := _moment(row, "endDateTime")) is not None]
    began = _moment(rows[0], "startDateTime")
    if began is None or not ends:
        return None
    try:
        seconds = (max(ends) - began) / timedelta(seconds=1)
    except TypeError:  # some with a zone and some without
        return None
    return seconds if seconds >= 0 else None


def _moment(row: Row, name: str) -> datetime | None:
    if not row[name]:
        return None
    try:
        return read_iso(row[name])
    except ValueError as error:
        raise Refused(str(error), place=row.place, field=name) from None


def _steps(rows: Sequence[Row], source: Source, options: Options) -> Iterator[Step]:
    groups: dict[tuple[str, ...], list[Row]] = {}
    turns: dict[str, set[str]] = {}
    for row in rows:
        key = tuple(row[name] for name in ("stepIndex", "stepName", "stepResultID", "iteration"))
        groups.setdefault(key, []).append(row)
        turns.setdefault(row["stepIndex"], set()).add(row["iteration"])
    for (index, name, _, iteration), found in groups.items():
        if not name:
            raise Refused("a step without a name", place=found[0].place, field="stepName")
        step = _step(name, found, source, options)
        if len(turns[index]) > 1 and iteration.isdecimal() and len(iteration) < 5:
            step["loop"] = {"idx": int(iteration)}
        yield step


def _step(name: str, rows: Sequence[Row], source: Source, options: Options) -> Step:
    first = rows[0]
    status = options.letter(first["stepOutcome"], "stepOutcome", first.place)
    found = [row for row in rows if row.measures]
    if len({row.kind for row in found}) > 1:  # a step has rows of one kind only
        below = [_measured(row.name or name, row.letter(options), [row], source, options) for row in found]
        step = measures.sequence(name, below, status)
    else:
        step = _measured(name, status, found, source, options)
    for note in _NOTES:
        for text in dict.fromkeys(row[note] for row in rows if row[note]):
            say(step, f"{note}: {text}")
    if first["totalTime"]:
        try:
            seconds = number(first["totalTime"])
        except ValueError as error:
            raise Refused(str(error), place=first.place, field="totalTime") from None
        if 0 <= seconds < 1e9:
            step["totTime"] = seconds
    return step


def _measured(name: str, status: str, rows: Sequence[Row], source: Source, options: Options) -> Step:
    """A step with what was measured in it. What was not performed has the value a new row is born with."""
    step = measures.passed_or_failed(name, status)
    found = []
    for row in rows:
        if row.letter(options) == "S":
            say(step, f"{row.name or name}: {row['measurementOutcome']}")
        else:
            found.append(row)
    if not found or status == "S":
        return step
    made = [row.made(step, source, options) for row in found]
    if len(made) > 1:
        for count, one in enumerate(made, start=1):
            one.setdefault("name", f"Value {count}")
    return measures.measured(name, status, rows[0].kind, made, step.get("reportText", ""))
