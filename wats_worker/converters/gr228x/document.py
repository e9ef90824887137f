"""From a test to the report's document."""

import re
from datetime import timedelta
from typing import Any, Final

from wats_worker.converters import base, measures
from wats_worker.converters.base import Source
from wats_worker.converters.finish import begin, remember
from wats_worker.converters.gr228x.results import Run
from wats_worker.converters.gr228x.runs import ENDS
from wats_worker.converters.texts import Step, say
from wats_worker.reports import judge

_STEM: Final = re.compile(r"([^\\/]+)\.[oO][bB][cC]$")


def document(run: Run, source: Source, options: base.Options) -> dict[str, Any]:
    """The report of one test in wire form."""
    result, words = ENDS[run.mark]
    facts = run.facts
    uut: dict[str, Any] = {"user": facts.get("user", "")}
    made: dict[str, Any] = {
        "type": "T",
        "pn": facts.get("pn", ""),
        "rev": facts.get("rev", ""),
        "sn": run.serial,
        "machineName": facts.get("machineName", ""),
        "result": result,
        "uut": uut,
    }
    if not made["pn"] and options.part_number is None and (stem := _STEM.search(run.program)):
        # The part number is no field; programs are named after their boards.
        made["pn"] = stem[1].rpartition("_")[0] or stem[1]
        remember(made, "Part number from", "the name of the test program")
    if run.end is not None and run.end >= run.start:
        uut["execTime"] = (run.end - run.start) / timedelta(seconds=1)
    if len(run.loops) == 1:
        uut["testSocketIndex"] = "ABCDEFGH".index(next(iter(run.loops))) + 1
    begin(made, run.start, source, options)
    root: Step = {"group": "M", "stepType": "SequenceCall", "name": "Board test", "status": result}
    if result != "P":
        say(root, f"The test ended with {run.mark}: {words}")
    for remark in run.remarks:
        say(root, remark)
    call = {"name": facts.get("program", run.program)[:200], "version": facts.get("version", "")[:30]}
    root["seqCall"] = {member: text for member, text in call.items() if text}
    boards = [
        measures.sequence(f"Board {letter}", steps, judge.of_steps(step["status"] for step in steps))
        for letter, steps in run.loops.items()
    ]
    made["root"] = {**root, "steps": run.steps + boards}
    return made
