"""What the model and the JSON reader refuse, as findings of the checks they stand for."""

from collections.abc import Mapping
from typing import Final

from wats_worker.reports import wsjf
from wats_worker.reports.validate.finding import Finding

_BY_KIND: Final[Mapping[str, int]] = {
    "extra_forbidden": 25,
    "string_too_short": 2,
    "string_too_long": 8,
    "too_long": 14,
    "literal_error": 5,
}
_BY_MEMBER: Final[Mapping[str, int]] = {
    **dict.fromkeys(("uut", "uur", "root", "subUnits", "binaryData", "idx"), 4),
    **dict.fromkeys(("refUUT", "confirmDate", "finalizeDate", "execTime"), 4),
    **dict.fromkeys(("compOp", "lowLimit", "highLimit", "limit"), 7),
    **dict.fromkeys(("start", "startUTC"), 9),
    **dict.fromkeys(("xdata", "ydata", "series"), 14),
    **dict.fromkeys(("category", "code", "comRef"), 11),
    "data": 15,
}
_FIXES: Final[Mapping[int, str]] = {
    1: "the file is damaged, or it is not a WATS report",
    2: "fill it by a rule of the source, or have the tester write it",
    4: "a test needs uut and root, a repair needs uur with its five keys and the unit itself in subUnits",
    5: "map the word to the letter WATS has for it",
    6: "write a plain number, without a comma and within its range",
    7: "use an operator WATS knows, with the limits it needs; LT and LE have theirs in lowLimit",
    8: "shorten it; never shorten a serial number or a part number",
    9: "write ISO 8601 with an offset, such as 2026-03-17T08:14:05+01:00",
    12: "split the step",
    13: "give every row of a step a name",
    25: "correct the mapping, or allow the converter to ignore the member",
}


def explain(error: wsjf.NotJson | wsjf.InvalidReport) -> list[Finding]:
    """The findings behind a refusal.

    >>> [(found.number, found.path) for found in explain(wsjf.InvalidReport([wsjf.Fault("report.x", "?")]))]
    [(12, 'report.x')]
    """
    if isinstance(error, wsjf.NotJson):
        return [Finding(1, "reject", "report", str(error), _FIXES[1])]
    return [_finding(fault) for fault in error.faults]


def _finding(fault: wsjf.Fault) -> Finding:
    number = _number(fault)
    return Finding(number, "reject", fault.path, fault.text, _FIXES.get(number, ""))


def _number(fault: wsjf.Fault) -> int:
    member = fault.path.rpartition(".")[2].partition("[")[0]
    if fault.kind == "rule":
        return 13 if member == "name" else 12 if member == "seqCall" else _BY_MEMBER.get(member, 12)
    if fault.kind == "missing":
        return _BY_MEMBER.get(member, 2)
    if fault.kind == "string_pattern_mismatch":
        return 9 if member.endswith("Date") else _BY_MEMBER.get(member, 2)
    return _BY_KIND.get(fault.kind, 6)
