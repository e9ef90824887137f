"""What a changed configuration means for a running line: which stages start anew, and what can't be changed.

A stage reads its configuration when it starts. So a change is taken up by starting exactly those stages anew
that read what has changed; ``Difference.stages`` names them. Pure.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from pydantic import BaseModel

from wats_broker.names import Stage
from wats_worker.settings.schema import WorkerSettings

_FILES: Final = frozenset({Stage.WATCH, Stage.CONVERT, Stage.UPLOAD, Stage.ARCHIVE, Stage.CONTROL})
_CONVERTING: Final = frozenset({Stage.CONVERT, Stage.CONTROL})
_POLLING: Final = frozenset({Stage.POLL, Stage.CONTROL})
#: The broker only holds what the others put into it; what it reads can't be changed while it runs.
_ALL: Final = frozenset(Stage) - {Stage.BROKER}
#: Who reads a section, where that is not everybody.
READ_BY: Final[Mapping[str, frozenset[Stage]]] = MappingProxyType(
    {
        "schema_version": frozenset(),
        "simulator": frozenset(),
        "server": frozenset({Stage.UPLOAD, Stage.CONVERT, Stage.CONTROL}),
        "upload": frozenset({Stage.UPLOAD, Stage.CONTROL}),
        "convert": _CONVERTING,
        "pools": _CONVERTING,
        "converters": _CONVERTING,
        "sandbox": _CONVERTING,
        "sources": _FILES,
        "scheduled": _FILES | {Stage.POLL, Stage.BEAT},
        "poll": _POLLING,
        "pollers": _POLLING,
        "control": frozenset({Stage.CONTROL, Stage.CONSOLE}),
        "console": frozenset({Stage.CONSOLE}),
        "catalogue": frozenset({Stage.ARCHIVE, Stage.CONTROL}),
        "audit": frozenset({Stage.CONTROL}),
    }
)
#: What every stage has to agree on at every moment, so that it can't be taken up one after another.
_TOGETHER: Final = "stop the line, make the change, and start it again"
REFUSED: Final[Mapping[str, str]] = MappingProxyType(
    {
        "broker.url": f"{_TOGETHER}; when all is delivered, nothing is left behind on the old broker",
        "broker.namespace": f"{_TOGETHER}; when all is delivered, nothing is left behind in the old one",
        "broker.embedded_fsync": _TOGETHER,
        "broker.embedded_tcp": _TOGETHER,
        "archive.folder": "stop the line, move the folder to its new place, make the change, start it again",
        "archive.url": "stop the line, copy what is there to its new place, make the change, start it again",
        "spool.url": f"{_TOGETHER}; when all is delivered, nothing is left behind in the old place",
        "spool.folder": "stop the line, move the folder to its new place, make the change, start it again",
    }
)
#: Sections that are lists of named tables.
_NAMED: Final = frozenset({"sources", "scheduled"})


@dataclass(frozen=True)
class Difference:
    """What is different, and what comes of it."""

    keys: tuple[str, ...]  #: what has changed
    stages: tuple[Stage, ...]  #: who starts anew to take it up
    refused: Mapping[str, str]  #: what can't be changed while the line runs, and what to do instead

    @property
    def is_live(self) -> bool:
        """Whether the line can take it up while it runs."""
        return not self.refused


def difference(old: WorkerSettings, new: WorkerSettings) -> Difference:
    """Compare what a line runs with to what it should.

    >>> old, new = WorkerSettings(), WorkerSettings(upload={"threads": 2}, poll={"threads": 2})
    >>> found = difference(old, new)
    >>> found.keys, [stage.value for stage in found.stages]
    (('poll.threads', 'upload.threads'), ['upload', 'poll', 'control'])
    """
    before, after = _flat(old), _flat(new)
    keys = tuple(
        sorted(key for key in before.keys() | after.keys() if before.get(key, _NONE) != after.get(key, _NONE))
    )
    sections = {key.partition(".")[0] for key in keys}
    return Difference(
        keys=keys,
        stages=tuple(stage for stage in Stage if any(stage in readers(section) for section in sections)),
        refused={key: REFUSED[key] for key in keys if key in REFUSED},
    )


def readers(section: str) -> frozenset[Stage]:
    """Who reads a section; one that the table does not know is read by everybody."""
    return READ_BY.get(section, _ALL)


_NONE: Final = object()


def _flat(settings: WorkerSettings) -> dict[str, Any]:
    return dict(_leaves("", {name: getattr(settings, name) for name in type(settings).model_fields}))


def _leaves(at: str, value: Any) -> Iterator[tuple[str, Any]]:
    if at in _NAMED:
        value = {table.name: table for table in value}
    if isinstance(value, BaseModel):
        value = {name: getattr(value, name) for name in type(value).model_fields}
    if not isinstance(value, dict) or (at and not value):
        yield at, value
        return
    for name, inner in value.items():
        yield from _leaves(f"{at}.{name}" if at else str(name), inner)
