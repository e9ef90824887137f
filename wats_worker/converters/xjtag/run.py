"""One test run: an XML document with groups of functions, and what is known of the unit at its end."""

import base64
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from lxml.etree import _Element

from wats_worker.converters import measures
from wats_worker.converters.base import Refused, Source
from wats_worker.converters.finish import begin_iso, remember
from wats_worker.converters.markup import local, only, place, text
from wats_worker.converters.texts import OF_STEP, Step, fit, number, say, shown
from wats_worker.converters.xjtag.options import Options
from wats_worker.reports import judge

#: "3V3 PCI IN = 3328 mV." and nothing else in the line.
_VALUE: Final = re.compile(
    r"(?P<name>[^=]{1,80}?) ?= ?(?P<value>[-+]?[0-9]+(?:\.[0-9]+)?) ?(?P<unit>['°%A-Za-zΩµ]{0,8})\.?"
)
#: How old versions tell a function's time: a cell of a table, with a comma on some machines.
_ROW: Final = re.compile(r'class="firstcolfunc">([^<]*)</td>')
_CELL: Final = re.compile(r"<td[^>]*>([0-9]+[.,][0-9]+)</td>")
#: The largest file that is attached to a step.
_LARGEST: Final = 2_048_000

Document = dict[str, Any]


def document(
    run: _Element,
    source: Source,
    options: Options,
    *,
    project: str = "",
    files: Mapping[str, bytes] | None = None,
) -> Document:
    """Put a run into wire form.

    Args:
        run: The testrun.
        source: For warnings.
        options: What this site's words mean.
        project: Where the project file lies.
        files: What lies beside the run in its archive; a function that points at one gets it attached.
    """
    return _Run(run, source, options, project, files or {}).document()


class _Run:
    def __init__(
        self, run: _Element, source: Source, options: Options, project: str, files: Mapping[str, bytes]
    ) -> None:
        self._run = run
        self._source = source
        self._options = options
        self._letters = options.letters()
        self._project = project
        self._files = files

    def document(self) -> Document:
        info = only(self._run, "testruninfo")
        if info is None:
            raise Refused("the file has none", place=place(self._run), field="testruninfo")
        facts = {local(child): text(only(info, local(child))) for child in info}
        uut: Document = {}
        made: Document = {"type": "T", "sn": facts.get("serial", ""), "uut": uut}
        begin_iso(made, self._run.get("datetime", ""), self._source, self._options, place=place(self._run))
        if user := facts.get("user"):
            uut["user"] = user
        if station := facts.get("xjlink-name"):
            made["machineName"] = station
        if (seconds := _seconds(facts.get("time-taken", ""), info)) is not None:
            uut["execTime"] = seconds
        for key, description in (
            ("xjlink-serial", "XJLink serial number"),
            ("xjtag-version", "XJTAG version"),
        ):
            if facts.get(key):
                remember(made, description, facts[key])
        self._product(made)
        letter = self._letter(facts.get("result", ""), info)
        made["result"] = {"D": "P", "S": "P"}.get(letter, letter)
        root = measures.sequence("MainSequence Callback", list(self._groups()), made["result"])
        if facts.get("project-description"):
            root["seqCall"] = {"name": fit(root, "Project", facts["project-description"], 200)}
        if self._project:
            root["seqCall"]["path"] = fit(root, "Project file", self._project, 500)
        for output in self._run.iterchildren("{*}text-output"):
            say(root, text(output))
        made["root"] = root
        return made

    def _product(self, made: Document) -> None:
        stem = re.split(r"[\\/]", self._project)[-1].removesuffix(".xjp")
        if self._options.part_number_from_project and not self._options.part_number and stem:
            made["pn"] = stem

    def _letter(self, word: str, element: _Element) -> str:
        if not word:
            raise Refused("the file has none", place=place(element), field="result")
        if word.lower() not in self._letters:
            fix = f'say what it means: statuses = {{"{word}" = "P"}} in the options of the source'
            raise Refused(f"{shown(word)} is not a result", place=place(element), field="result", fix=fix)
        return self._letters[word.lower()]

    def _groups(self) -> Iterator[Step]:
        times = _old_times(self._run)
        for group in self._run.iterchildren("{*}testgroup"):
            steps: list[Step] = []
            for function in group.iterchildren("{*}testfunction"):
                made = self._function(function)
                if "totTime" not in made[0] and (seconds := _next(times, function.get("name"))) is not None:
                    made[0]["totTime"] = seconds
                steps += made
            status = judge.of_steps(step["status"] for step in steps)
            yield measures.sequence(group.get("name") or "Group", steps, status)

    def _function(self, function: _Element) -> list[Step]:
        """A function is a verdict, and the values in its text are logged behind it."""
        result = only(function, "result")
        status = self._letter(result.get("value", "") if result is not None else "", function)
        name = function.get("name") or "Function"
        step = measures.passed_or_failed(name, status)
        output = _output(function)
        if output:
            say(step, output)
        if (errors := text(only(function, "conntest-errors"))) and errors != "No errors":
            say(step, errors)
        if (seconds := _seconds(text(only(function, "time-taken")), function)) is not None:
            step["totTime"] = seconds
        self._attach(function, step)
        if self._options.values == "text" or status in {"S", "E", "T"}:
            return [step]
        return [step, *_values(name, output, status)]

    def _attach(self, function: _Element, step: Step) -> None:
        """Attach the file that the function's output points at."""
        shown_to_people = "".join(output.text or "" for output in function.iterchildren("{*}html-output"))
        for name, content in self._files.items():
            if name not in shown_to_people or "attachment" in step:
                continue
            if len(content) > _LARGEST:
                say(step, f"{name}: {len(content)} bytes, too large to be attached")
            else:
                data = base64.b64encode(content).decode()
                step["attachment"] = {"name": name[:100], "contentType": "text/csv", "data": data}


def _output(function: _Element) -> str:
    """What the function said. The plain text has the names of parts that its pieces leave out."""
    plain = only(function, "plain-text")
    pieces = [plain] if plain is not None else list(function.iterchildren("{*}text-output"))
    lines = "\n".join(piece.text or "" for piece in pieces).splitlines()
    return "\n".join(line.strip() for line in lines if line.strip())


def _values(name: str, output: str, status: str) -> Iterator[Step]:
    seen: set[str] = set()
    for line in output.splitlines():
        found = _VALUE.fullmatch(line)
        if found is None or found["name"] in seen:
            continue
        seen.add(found["name"])
        row = measures.numeric(float(found["value"]), OF_STEP[status], unit=found["unit"] or None)
        # Nothing compared it with anything, so it has no verdict of its own.
        yield measures.numbers(f"{name}: {found['name'].strip()}", "D", [{**row, "status": "P"}])


def _seconds(written: str, element: _Element) -> float | None:
    """Milliseconds as seconds."""
    if not written:
        return None
    try:
        seconds = number(written) / 1000
    except ValueError as error:
        raise Refused(str(error), place=place(element), field="time-taken") from None
    return seconds if 0 <= seconds < float("inf") else None


def _next(times: Iterator[tuple[str, float | None]], name: str | None) -> float | None:
    """The time of the next function of this name. The table has those as well that were left out."""
    return next((seconds for known, seconds in times if known == name), None)


def _old_times(run: _Element) -> Iterator[tuple[str, float | None]]:
    for snippet in run.iter("{*}snippet-html"):
        name, seconds = _ROW.search(snippet.text or ""), _CELL.search(snippet.text or "")
        if name:
            yield name[1], float(seconds[1].replace(",", ".")) if seconds else None
