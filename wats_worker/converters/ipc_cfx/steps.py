"""Tests and inspections: a step each, with all that was measured on the way to its symptoms and defects."""

import base64
import binascii
from collections.abc import Iterator
from datetime import datetime
from typing import Final

from wats_worker.converters import measures
from wats_worker.converters.base import Refused
from wats_worker.converters.clock import read_iso, wire_date
from wats_worker.converters.ipc_cfx.measured import Measurement
from wats_worker.converters.ipc_cfx.results import letter
from wats_worker.converters.jsons import Object, double, objects, text
from wats_worker.converters.texts import Step, say

#: The largest picture that is attached to a step.
_LARGEST: Final = 2_048_000


def steps(test: Object, kind: str, number: int) -> tuple[list[Step], list[str]]:
    """The step of a test, one for each further picture of it, and what its source is to be warned of.

    Args:
        test: The test or inspection.
        kind: Test or Inspection, as the names of its members begin.
        number: Which one it is, for messages and where it has no name.
    """
    name = text(test, f"{kind}Name") or f"{kind} {text(test, 'RefNo') or number}"
    place = f"{kind} {name}"
    status = letter(text(test, "Result"), place)
    found = list(_measurements(test))
    measured = [Measurement(one, place, status) for one in found]
    step = _step(name, status, [] if status == "S" else measured)
    _times(step, test, kind, place)
    if (error := text(test, "Error")) and status in {"E", "F", "T"}:
        step["errorMessage"] = error[:200]
    if told := "\n".join([*_told(test), *(note for one in measured for note in one.notes)]):
        say(step, told)
    pictures = list(_pictures(test, found, place))
    if pictures and status != "S":
        step["attachment"] = pictures[0]
    more = []
    for at, picture in enumerate(pictures[1:], start=2):
        extra = measures.action(f"{name}, picture {at}")
        extra["stepType"], extra["attachment"] = "WATS_AttachFile", picture
        more.append(extra)
    return [step, *more], [warning for one in measured for warning in one.warnings]


def _measurements(part: Object) -> Iterator[Object]:
    """Those of the test itself, and those that led to what was found."""
    yield from objects(part, "Measurements")
    yield from objects(part, "RelatedMeasurements")
    for member in ("SymptomsFound", "Symptoms", "DefectsFound", "RelatedSymptoms"):
        for found in objects(part, member):
            yield from _measurements(found)


def _step(name: str, status: str, measured: list[Measurement]) -> Step:
    """One step, unless values and verdicts stand side by side: a step holds only one kind of them."""
    values = [row for one in measured if one.kind == "numericMeas" for row in one.rows]
    verdicts = [row for one in measured if one.kind != "numericMeas" for row in one.rows]
    if values and verdicts:
        below = [measures.numbers("Values", status, values), measures.verdicts("Verdicts", status, verdicts)]
        return measures.sequence(name, below, status)
    if values:
        return measures.numbers(name, status, values)
    return measures.verdicts(name, status, verdicts) if verdicts else measures.passed_or_failed(name, status)


def _times(step: Step, test: Object, kind: str, place: str) -> None:
    start, end = moment(test, f"{kind}StartTime", place), moment(test, f"{kind}EndTime", place)
    if start is not None and start.tzinfo is not None:
        step["start"] = wire_date(start)
    if start and end and (start.tzinfo is None) == (end.tzinfo is None) and end >= start:
        step["totTime"] = round((end - start).total_seconds(), 6)


def moment(part: Object, member: str, place: str) -> datetime | None:
    """A time; .NET's first day is none.

    Raises:
        Refused: there is no such time.
    """
    written = text(part, member)
    if not written or written.startswith("0001-01-01"):
        return None
    try:
        return read_iso(written)
    except ValueError as error:
        raise Refused(str(error), place=place, field=member) from None


def _told(test: Object) -> Iterator[str]:
    for member, label in (("TestProcedure", "procedure"), ("Comments", "comment"), ("Error", "error")):
        if written := text(test, member):
            yield f"{label}: {written}"
    for member in ("Verification", "VerificationDetail"):
        if (written := text(test, member)) and written != "NotVerifiedYet":
            yield f"verification: {written}"
    for condition in objects(test, "TestConditions"):
        kind = text(condition, "$type").partition(",")[0].rpartition(".")[2] or "condition"
        mean, low, high = (double(condition.get(f"{name}Value")) for name in ("Mean", "Min", "Max"))
        yield f"{kind}: {mean:g}, {low:g} to {high:g}" if None not in (mean, low, high) else kind
    for member in ("SymptomsFound", "Symptoms", "DefectsFound"):
        for found in objects(test, member):
            yield _found(found)


def _found(found: Object) -> str:
    """A symptom or a defect in a line: its code and category, what it is, and where."""
    code = text(found, "DefectCode") or text(found, "SymptomCode")
    category = text(found, "DefectCategory") or text(found, "SymptomCategory")
    parts = [*objects(found, "ComponentsOfInterest")]
    if isinstance(one := found.get("ComponentOfInterest"), dict):
        parts.append(one)
    where = ", ".join(
        " ".join(filter(None, (text(part, "ReferenceDesignator"), text(part, "PartNumber"))))
        for part in parts
    )
    told = [code, f"({category})" if category else "", text(found, "Description"), where and f"at {where}"]
    told += [text(found, member) for member in ("Comments", "VerificationDetail")]
    verified = text(found, "Verification")
    return " ".join(filter(None, [*told, verified if verified != "NotVerifiedYet" else ""]))


def _pictures(test: Object, measured: list[Object], place: str) -> Iterator[dict[str, str]]:
    images = [
        (text(found, "DefectCode") or "picture", image)
        for found in objects(test, "DefectsFound")
        for image in objects(found, "DefectImages")
    ]
    images += [
        (text(one, "MeasurementName") or "picture", image)
        for one in measured
        for member in ("Image", "DepositImage")
        if isinstance(image := one.get(member), dict)
    ]
    for number, (name, image) in enumerate(images, start=1):
        kind, data = text(image, "MimeType"), "".join(text(image, "ImageData").split())
        try:
            size = len(base64.b64decode(data, validate=True))
        except (binascii.Error, ValueError) as error:
            raise Refused(f"a picture that is not Base64: {error}", place=place) from None
        if 0 < size <= _LARGEST:
            yield {
                "name": f"{name[:80]} {number}.{kind.rpartition('/')[2][:10] or 'bin'}",
                "contentType": kind[:100],
                "data": data,
            }
