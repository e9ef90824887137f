"""A stored report as the server gives it out again, which is not as it was sent.

Added: ``origin``, ``productName``, ``processName``, ``startUTC``, ``assetStats``, and null for every absent
member. Recomputed: ``causedUUTFailure``. Dropped: what the wire schema has no member for, and the files of a
test. Kept as they are: trailing blanks, ``miscInfos[].numeric``, the digits of ``start``.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, cast, get_args

from typing_extensions import get_type_hints, is_typeddict

from wats_worker.reports import wsjf
from wats_worker.reports.model import Report
from wats_worker.simulator.instants import utc
from wats_worker.simulator.intake import first_failed, lenient

_LISTS = ("miscInfos", "subUnits", "assets", "assetStats", "additionalData")


@dataclass(frozen=True, slots=True)
class Detail:
    """How much of a report is asked for: level 0 is identity only, 7 is all."""

    level: int = 7
    charts: bool = True
    attachments: bool = True

    @property
    def with_charts(self) -> bool:
        """Curves live at level 6 and above."""
        return self.charts and self.level >= 6

    @property
    def with_attachments(self) -> bool:
        """Files live at level 4 and above."""
        return self.attachments and self.level >= 4


def document(row: Mapping[str, Any], detail: Detail) -> dict[str, Any]:
    """The report of a row of the store as WSJF.

    A report that came as XML gives its identity only: its steps were never read.
    """
    if row["xml"] or detail.level == 0:
        return _identity(row)
    report = lenient(wsjf.parse(row["body"]))
    made = wsjf.document(report)
    _complete(made, Report)
    made |= _identity(row) | {name: made[name] or [] for name in _LISTS}
    for member in ("uur", "binaryData") if report["type"] == "T" else ("uut", "root"):
        del made[member]
    if root := report.get("root"):
        _tell_the_cause(made["root"], len(first_failed(root)) if report["result"] != "P" else 0)
    _thin_out(made, detail)
    return made


def _complete(value: Any, part: type) -> None:
    """Give every part of a document null for each of its members that is absent."""
    if isinstance(value, list):
        for item in value:
            _complete(item, part)
    elif isinstance(value, dict):
        for name, below in _members(part).items():
            if value.setdefault(name, None) is not None and below is not None:
                _complete(value[name], below)


@cache
def _members(part: type) -> dict[str, type | None]:
    """The members of a part, each with the part that it is or has in its list."""
    return {name: _part(hint) for name, hint in get_type_hints(part).items()}


def _part(hint: Any) -> type | None:
    if is_typeddict(hint):
        return cast("type", hint)
    return next((found for inner in get_args(hint) if (found := _part(inner))), None)


def _identity(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "type": row["reportType"],
        "id": row["uuid"],
        "pn": row["partNumber"],
        "sn": row["serialNumber"],
        "rev": row["revision"],
        "productName": None,  # the product table is empty
        "processCode": row["processCode"],
        "processName": row["processName"],
        "result": row["result"],
        "machineName": row["stationName"],
        "location": row["location"],
        "purpose": row["purpose"],
        "origin": row["origin"],
        "start": row["start"],
        "startUTC": utc(row["ticks"]),
    }


def _tell_the_cause(root: dict[str, Any], depth: int) -> None:
    """Mark the last step of the failed way as the cause, and no other."""
    for step in _steps(root):
        step["causedUUTFailure"] = False
    step = root
    for _ in range(depth - 1):
        step = next(child for child in step["steps"] if child["status"] in "FET")
    step["causedUUTFailure"] = depth > 0


def _steps(step: dict[str, Any]) -> Iterator[dict[str, Any]]:
    waiting = [step]
    while waiting:
        step = waiting.pop()
        yield step
        waiting.extend(step["steps"] or [])


def _thin_out(made: dict[str, Any], detail: Detail) -> None:
    for step in _steps(made["root"]) if "root" in made else ():
        if not detail.with_charts:
            step["chart"] = None
        if not detail.with_attachments:
            step["attachment"] = None
    if detail.with_attachments:
        return
    if "binaryData" in made:
        made["binaryData"] = None
    for failure in (failure for unit in made["subUnits"] for failure in unit["failures"] or []):
        failure["attachments"] = None
