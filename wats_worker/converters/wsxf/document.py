"""From one Report element to the report's document: a test or a repair."""

from functools import partial
from typing import Any, Final

from lxml.etree import _Element

from wats_worker.converters.base import Refused
from wats_worker.converters.markup import local, place
from wats_worker.converters.wsxf import attributes as a
from wats_worker.converters.wsxf.steps import Members, data, free, step

#: Members of a repair that must be there even when they say nothing.
_REPAIR: Final = ("processCode", "refUUT", "confirmDate", "finalizeDate", "execTime")
#: Elements the server fills in by itself.
_OF_SERVER: Final = frozenset({"AssetStats", "RefUUR", "RefUURs"})

Document = dict[str, Any]


def document(report: _Element, ignored: tuple[str, ...]) -> Document:
    """Put a report into wire form.

    Args:
        report: The Report.
        ignored: Attributes that may be lost.

    Raises:
        Refused: something in it is unknown, or stands twice.
    """
    members: Members = partial(a.members, ignored=ignored)
    made: Document = members(report, a.REPORT)
    failures: list[dict[str, Any]] = []
    files: list[tuple[int | None, dict[str, Any]]] = []
    for child in report:
        match local(child):
            case "UUT":
                _once(made, "uut", {"user": "", **_with_comment(child, members, a.UUT)}, child)
            case "UUR":
                _once(made, "uur", _repair(child, members), child)
            case "Process":
                for member, fact in members(child, a.PROCESS).items():
                    _once(made, member, fact, child)
            case "MiscInfo":
                info = members(child, a.INFO)
                made.setdefault("miscInfos", []).append(info | ({"text": child.text} if child.text else {}))
            case "ReportUnitHierarchy":
                made.setdefault("subUnits", []).append({"sn": "", **members(child, a.UNIT)})
            case "Asset" | "Assets":
                for asset in [child] if child.get("AssetSN") else list(child):
                    made.setdefault("assets", []).append(members(asset, a.ASSET))
            case "Failures":
                failures.append({"comRef": None, **_with_comment(child, members, a.FAILURE)})
            case "Binary":
                files += _files(child, members)
            case "AdditionalData":
                made.setdefault("additionalData", []).append(free(child, members))
            case "Step":
                _once(made, "root", step(child, members), child)
            case name if name not in _OF_SERVER:
                raise Refused("WATS knows no such element, and would lose it", place=place(child), field=name)
    _nest(made, failures, files, report)
    return made


def _once(made: Document, member: str, fact: Any, child: _Element) -> None:
    if member in made:
        raise Refused("a second one in a report", place=place(child), field=local(child))
    made[member] = fact


def _with_comment(element: _Element, members: Members, table: a.Table) -> dict[str, Any]:
    made = members(element, table)
    for child in element:
        if local(child) == "Comment" and child.text:
            made["comment"] = child.text
    return made


def _repair(element: _Element, members: Members) -> dict[str, Any]:
    made: dict[str, Any] = {**dict.fromkeys(_REPAIR), "user": "", **_with_comment(element, members, a.UUR)}
    for child in element:
        if local(child) == "Process":  # of the test that had failed
            made |= {
                key: fact
                for key, fact in members(child, a.PROCESS).items()
                if key in {"processCode", "processName"}
            }
        elif local(child) == "Children":
            texts = [child.text, *(inner.text for inner in child)]
            made["children"] = [text.strip() for text in texts if text and text.strip()]
    return made


def _files(binary: _Element, members: Members) -> list[tuple[int | None, dict[str, Any]]]:
    """The files of one Binary, and the failure they belong to, if it is one's."""
    failure = binary.get("FailIdx")
    return [
        (
            int(failure) if failure and failure.isdecimal() else None,
            {**members(child, a.BINARY), "data": data(child)},
        )
        for child in binary
        if local(child) == "Data"
    ]


def _nest(
    made: Document,
    failures: list[dict[str, Any]],
    files: list[tuple[int | None, dict[str, Any]]],
    report: _Element,
) -> None:
    """Put failures to their parts and files to their failures: in XML they stand side by side."""
    units = {unit.get("idx"): unit for unit in made.get("subUnits", ())}
    by_index: dict[int | None, dict[str, Any]] = {}
    for position, failure in enumerate(failures):
        part, index = failure.pop("partIdx", 0), failure.pop("idx", position)
        if part not in units:
            raise Refused(
                f"a failure of part {part}, which is not there", place=place(report), field="Failures"
            )
        if index in by_index:
            raise Refused(f"two failures have the index {index}", place=place(report), field="Failures")
        by_index[index] = failure
        units[part].setdefault("failures", []).append(failure)
    for index, file in files:
        if index is None:
            made.setdefault("binaryData", []).append(file)
        elif index in by_index:
            by_index[index].setdefault("attachments", []).append(file)
        else:
            raise Refused(
                f"a file of failure {index}, which is not there", place=place(report), field="Binary"
            )
