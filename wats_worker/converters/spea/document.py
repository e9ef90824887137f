"""From a run to the report's document."""

from datetime import timedelta
from typing import Any

from wats_worker.converters.base import Options, Refused, Source
from wats_worker.converters.finish import begin, remember
from wats_worker.converters.spea.runs import Run
from wats_worker.converters.texts import Step
from wats_worker.reports import judge


def document(run: Run, source: Source, options: Options) -> dict[str, Any]:
    """The report of one run in wire form.

    Raises:
        Refused: several boards were tested in it, and nothing says whose serial number it is.
    """
    if len(run.sites) > 1:
        reason = f"{len(run.sites)} boards in one run, and one serial number"
        raise Refused(reason, place=run.place, field="serial number")
    _, kind, program, version, second, operator = (cell.strip() for cell in run.start[:6])
    uut: dict[str, Any] = {"user": operator, "batchSN": run.lot or None}
    made: dict[str, Any] = {"type": "T", "sn": run.serial, "result": run.result, "uut": uut}
    if options.part_number is None:
        # There is no field for it; the program is named after the board.
        made["pn"] = program
    if run.ended is not None and run.ended >= run.began:
        uut["execTime"] = (run.ended - run.began) / timedelta(seconds=1)
    begin(made, run.began, source, options)
    if kind:
        remember(made, "Program type", kind)
    if second and second != program:
        remember(made, "Second program", second)
    for task in run.tasks:
        task["status"] = judge.of_steps(step["status"] for step in task["steps"])
    call = {"name": program[:200], "version": version[:30]}
    root: Step = {"group": "M", "stepType": "SequenceCall", "name": "Board test", "status": run.result}
    root["seqCall"] = {member: text for member, text in call.items() if text}
    made["root"] = {**root, "steps": run.tasks}
    return made
