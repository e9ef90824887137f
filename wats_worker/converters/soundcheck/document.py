"""From a run to the report's document."""

import re
from typing import Any, Final

from wats_worker.converters import measures
from wats_worker.converters.base import Refused, Source
from wats_worker.converters.finish import begin, remember
from wats_worker.converters.soundcheck.options import Options
from wats_worker.converters.soundcheck.runs import Run
from wats_worker.reports import judge

#: How the tester's own prompts begin, which stay in front of what is typed.
_LABELS: Final = {"sn": re.compile(r"S/N[ #:]+(?=\S)"), "pn": re.compile(r"P/N[ #:]+(?=\S)")}
#: The columns in front that have a place in a report; the others are kept beside it.
_KNOWN: Final = frozenset({"Serial #", "Time", "Lot #", "Operator"})


def document(run: Run, source: Source, options: Options) -> dict[str, Any]:
    """The report of one run in wire form."""
    result = judge.of_rows(run.statuses) if run.statuses else ""
    if result not in {"P", "F"}:
        if options.without_verdict == "refuse":
            fix = 'set without_verdict = "passed" in the options of the source, if that is what they are'
            raise Refused("nothing says how the run ended", place=run.place, field="result", fix=fix)
        result = "P"
    uut: dict[str, Any] = {"user": run.front.get("Operator", "")}
    made: dict[str, Any] = {"type": "T", "result": result, "uut": uut}
    _name(made, "sn", run.front.get("Serial #", ""), "Serial number")
    lot = run.front.get("Lot #", "")
    if options.lot == "batch":
        uut["batchSN"] = lot[:100] or None
    else:
        _name(made, "pn", lot, "Part number")
    begin(made, run.began, source, options)
    for name, value in run.front.items():
        if name not in _KNOWN and value:
            remember(made, name, value)
    made["root"] = measures.sequence("SoundCheck", run.steps, result)
    return made


def _name(made: dict[str, Any], member: str, written: str, description: str) -> None:
    """An identity without the label in front of it, which is kept as it was written."""
    made[member] = _LABELS[member].sub("", written, count=1) if _LABELS[member].match(written) else written
    if made[member] != written:
        remember(made, f"{description} as written", written)
