"""The owner's door to the jail: hand in a file, get an outcome.

The zygote is started with the first job and lives as long as the process that started it; see ``zygote``
for the picture. A job that has been sent is never sent again: whatever becomes of it, the outcome says so,
and trying again is the caller's decision.
"""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from wats_worker.sandbox.cells import Workplace, cell
from wats_worker.sandbox.outcome import Broken, Converted, Fault, Outcome, Probed, Usage
from wats_worker.sandbox.policy import NOTHING, Capabilities, Level, Limits, Setup
from wats_worker.sandbox.result import Take


class Jail:
    """Runs converters where they can do no harm, one job at a time.

    Every process needs its own; one that came along through a fork starts its own zygote. Used from the
    main thread, the kernel itself ties the zygote's life to ours; from others, only our closed socket does.

    Args:
        limits: What one conversion may use, unless its capabilities say otherwise.
        scratch: Folder that belongs to jails alone; several may share it. Best on a tmpfs of limited size.
        modules: Modules with a function ``bundled()`` that returns our own converters by name.
        plugins: Converters that are not ours, by name: one Python file each.
        granted: What single converters may do that others may not, by name.
        level: What the kernel has to enforce. Where it can't, nothing is converted at all.
        program: The module that runs as zygote. Only for testing.
    """

    def __init__(
        self,
        *,
        limits: Limits,
        scratch: Path,
        modules: Sequence[str],
        plugins: Mapping[str, Path] | None = None,
        granted: Mapping[str, Capabilities] | None = None,
        level: Level = Level.STRICT,
        program: str = "wats_worker.sandbox.zygote",
    ) -> None:
        self._setup = Setup(
            scratch=scratch,
            limits=limits,
            modules=tuple(modules),
            plugins=dict(plugins or {}),
            level=level,
            program=program,
        )
        self._granted = dict(granted or {})
        self._cells: dict[Capabilities, Workplace] = {}
        self._busy = threading.Lock()

    def probe(
        self,
        path: Path,
        name: str,
        converters: Sequence[str],
        *,
        then: Mapping[str, Any] | None = None,
        take: Take | None = None,
    ) -> Probed | Broken:
        """Ask converters how sure they are that the file is theirs.

        A plugin is asked in a child of its own, so it can speak only for itself; if it breaks its child it
        is listed among the faults. Only when one of our own converters breaks the child the answer is
        ``Broken``.

        Args:
            path: The file.
            name: The name that the file had when it came.
            converters: Who is asked.
            then: Options for the one who is surest, to convert the file in the same run. It may do so only
                if all who are asked are our own and are granted the same; the choice stays the caller's.
            take: Is given the reports of that conversion; see ``convert``.

        Raises:
            OSError: the file can't be read.
            JailUnavailable: the jail can't be built.
        """
        answers: list[Probed] = []
        groups = self._groups(converters)
        for group in groups:
            job: dict[str, Any] = {"do": "probe", "name": name, "converters": group}
            if then is not None and len(groups) == 1 and group[0] not in self._setup.plugins:
                job["then"] = dict(then)
            answer = self._run(path, group[0], job, take)
            if not isinstance(answer, Broken | Probed):
                answer = Broken(
                    Fault.BAD_RESULT, "a probe was answered with something else", b"", answer.usage
                )
            if isinstance(answer, Broken):
                if group[0] not in self._setup.plugins:
                    return answer
                answer = Probed({}, {group[0]: f"{answer.kind}: {answer.detail}"}, answer.usage)
            answers.append(_only(answer, group))
        return _together(answers)

    def convert(
        self,
        path: Path,
        name: str,
        converter: str,
        options: Mapping[str, Any],
        *,
        take: Take | None = None,
    ) -> Outcome:
        """Convert one file.

        Args:
            path: The file; the converter gets a descriptor of it, not its name.
            name: The name that the file had when it came.
            converter: Who converts it.
            options: JSON values, checked against the converter's own schema in the jail.
            take: Is given each report as soon as it is made. None of them counts unless the outcome is
                ``Converted``. Without it the outcome holds them all.

        Raises:
            OSError: the file can't be read.
            ValueError: the options are too long for a message.
            JailUnavailable: the jail can't be built.
        """
        job = {"do": "convert", "name": name, "converter": converter, "options": dict(options)}
        answer = self._run(path, converter, job, take)
        if isinstance(answer, Probed):
            return Broken(Fault.BAD_RESULT, "a conversion was answered with scores", b"", answer.usage)
        return answer

    def close(self) -> None:
        """End every zygote and remove what they left. The jail may be used again."""
        with self._busy:
            while self._cells:
                self._cells.popitem()[1].close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _run(self, path: Path, converter: str, job: Mapping[str, Any], take: Take | None) -> Outcome | Probed:
        kept: list[bytes] = []
        with self._busy:
            answer = self._cell(converter).run(job, path, take or kept.append)
        return _holding(answer, tuple(kept))

    def _cell(self, converter: str) -> Workplace:
        granted = self._granted.get(converter, NOTHING)
        if granted not in self._cells:
            limits = granted.limits or self._setup.limits
            self._cells[granted] = cell(replace(self._setup, capabilities=granted, limits=limits))
        return self._cells[granted]

    def _groups(self, converters: Sequence[str]) -> list[list[str]]:
        """Who may be asked in one child: each plugin alone, our own together if they are granted the same."""
        together: dict[object, list[str]] = {}
        for name in converters:
            key = name if name in self._setup.plugins else self._granted.get(name, NOTHING)
            together.setdefault(key, []).append(name)
        return list(together.values())


def _holding(answer: Outcome | Probed, reports: tuple[bytes, ...]) -> Outcome | Probed:
    if isinstance(answer, Probed) and answer.tried is not None:
        tried = answer.tried
        if isinstance(tried.outcome, Converted):
            return replace(answer, tried=replace(tried, outcome=replace(tried.outcome, reports=reports)))
    return replace(answer, reports=reports) if isinstance(answer, Converted) else answer


def _only(answer: Probed, asked: Sequence[str]) -> Probed:
    """Drop what a child says about converters it was not asked for; a silent one is at fault."""
    scores = {name: score for name, score in answer.scores.items() if name in asked}
    silent = {name: "it gave no answer" for name in asked if name not in scores}
    faults = {name: fault for name, fault in answer.faults.items() if name in silent}
    tried = answer.tried if answer.tried and answer.tried.converter in asked else None
    return Probed(scores, {**silent, **faults}, answer.usage, tried)


def _together(answers: Sequence[Probed]) -> Probed:
    if len(answers) == 1:
        return answers[0]
    scores = {name: score for answer in answers for name, score in answer.scores.items()}
    faults = {name: fault for answer in answers for name, fault in answer.faults.items()}
    usage = Usage(
        wall_s=sum(answer.usage.wall_s for answer in answers),
        cpu_s=sum(answer.usage.cpu_s for answer in answers),
        peak_mb=max((answer.usage.peak_mb for answer in answers), default=0.0),
    )
    return Probed(scores, faults, usage)
