"""The configuration as it is in force: every key, its value, and where that comes from."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wats_worker.settings.lines import Loc
from wats_worker.settings.load import find, read, variable
from wats_worker.settings.masking import masked
from wats_worker.settings.mistakes import dotted
from wats_worker.settings.schema import WorkerSettings
from wats_worker.settings.upgrade import lines


@dataclass(frozen=True)
class Shown:
    """One key."""

    key: str
    value: Any  #: as JSON has it, secrets masked
    origin: str  #: "<file>:<line>", a variable, or "default"


def shown(settings: WorkerSettings, config: Path | None = None) -> Iterator[Shown]:
    """Every key of the settings that ``load(config)`` gave.

    Raises:
        Misconfigured: the file can't be read any more.
    """
    file = find(config)
    places = lines(read(file)) if file else {}
    for loc, value in _leaves((), masked(settings.model_dump(mode="json"))):
        yield Shown(dotted(loc), value, _origin(loc, file, places))


def _origin(loc: Loc, file: Path | None, places: dict[Loc, int]) -> str:
    if name := variable(loc):
        return name
    # A secret that is read from a file is set where that file is named.
    for place in (loc, (*loc[:-1], f"{loc[-1]}_file")):
        if place in places:
            return f"{file}:{places[place]}"
        if name := variable(place):
            return name
    return "default"


def _leaves(at: Loc, value: Any) -> Iterator[tuple[Loc, Any]]:
    if isinstance(value, dict) and value:
        for name, inner in value.items():
            yield from _leaves((*at, name), inner)
    elif isinstance(value, list) and value and isinstance(value[0], dict):
        for position, inner in enumerate(value):
            yield from _leaves((*at, position), inner)
    else:
        yield at, value
