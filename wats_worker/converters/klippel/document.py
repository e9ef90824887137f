"""From facts and tables to the report's document."""

import math
import re
from collections.abc import Iterator, Sequence
from typing import Any, Final

from wats_worker.converters import measures
from wats_worker.converters.base import Refused, Source
from wats_worker.converters.finish import begin, remember
from wats_worker.converters.klippel.facts import Facts
from wats_worker.converters.klippel.options import Options
from wats_worker.converters.klippel.tables import Row, Table
from wats_worker.converters.texts import OF_STEP, Step, fit, say
from wats_worker.reports import judge

#: Kept with the report as they stand.
_INFOS: Final = {
    "Cfg_Speaker": "Speaker channel",
    "Cfg_LoginMode": "Login mode",
    "Cfg_MonitorID": "IO monitor",
    "Cfg_LimitCalcMode": "Limit calculation mode",
    "Cfg_LimitCalibMode": "Limit calibration mode",
}


def document(facts: Facts, tables: Sequence[Table], source: Source, options: Options) -> dict[str, Any]:
    """The report of one unit in wire form."""
    values = facts.values
    made: dict[str, Any] = {
        "type": "T",
        "sn": values.get("Cfg_SerialNumber", ""),
        "machineName": values.get("Cfg_PCName", ""),
        "result": _result(facts, options),
        "uut": {"user": values.get("Cfg_UserName", "")},
    }
    begin(made, facts.start, source, options)
    for key, description in _INFOS.items():
        if values.get(key) not in {None, "", "F"}:
            remember(made, description, values[key])
    made["root"] = root = measures.sequence("Klippel QC", [], made["result"])
    database = values.get("Cfg_DatabasePath", "")
    if database:
        name = re.split(r"[\\/]", database)[-1]
        root["seqCall"] = {"name": fit(root, "Database", name, 200), "path": fit(root, "Path", database, 500)}
    if values.get("Ctrl_ErrorGeneral"):
        say(root, values["Ctrl_ErrorGeneral"])
    root["steps"] = list(_Steps(facts, options).all(tables))
    return made


def _result(facts: Facts, options: Options) -> str:
    letter = options.letters().get(facts.verdict)
    if letter is not None:
        return letter
    if facts.verdict == "Void":
        raise Refused("the test gave no result (Void)", field="result")
    fix = f'say what it means: verdicts = {{"{facts.verdict}" = "P"}} in the options of the source'
    raise Refused(f"the overall verdict is {facts.verdict}", field="result", fix=fix)


class _Steps:
    def __init__(self, facts: Facts, options: Options) -> None:
        self._results = dict(facts.results)
        self._letters = options.letters() | {"Void": "S"}

    def all(self, tables: Sequence[Table]) -> Iterator[Step]:
        """A sequence for each thing that was measured, and what has a verdict and no table behind them."""
        rest = dict(self._results)
        for group in dict.fromkeys(table.group for table in tables):
            steps: list[Step] = []
            for table in (table for table in tables if table.group == group):
                if table.is_values:
                    steps += (self._value(table, row) for row in table.rows)
                else:
                    steps.append(self._curve(table))
            for step in steps:
                rest.pop(step["name"], None)
            yield measures.sequence(
                group[:100] or "Results", steps, judge.of_steps(one["status"] for one in steps)
            )
        for name in rest:
            letter, text = self._verdict(name)
            yield measures.passed_or_failed(name, letter, text)

    def _verdict(self, name: str) -> tuple[str, str]:
        """The letter of a result, and what WATS has no letter for."""
        word = self._results.get(name)
        if word is None:
            return "D", ""  # nothing was compared with anything
        letter = self._letters.get(word, "D")
        return letter, "" if word in {"Pass", "Fail"} else f"Verdict: {word}"

    def _curve(self, table: Table) -> Step:
        letter, text = self._verdict(table.name)
        step = measures.passed_or_failed(table.name, letter, text)
        if chart := table.chart():
            step["chart"] = chart
        return step

    def _value(self, table: Table, row: Row) -> Step:
        name = row[0].strip()
        if not name:
            raise Refused("a value without a name", place=table.file)
        letter, text = self._verdict(name)
        value, (low, high) = table.value(row, "value"), table.limits(row)
        if value is None and low is None and high is None:
            return measures.passed_or_failed(name, "S" if letter == "D" else letter, text)
        if letter == "S":
            return measures.passed_or_failed(name, letter, text)
        measured = measures.numeric(math.nan if value is None else value, OF_STEP[letter], low=low, high=high)
        return measures.numbers(name, letter, [measured], text)
