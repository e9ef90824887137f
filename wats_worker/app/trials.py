"""Files that somebody tries over the control door: one at a time, and not for long."""

import threading
from pathlib import Path
from typing import Any, Final

from wats_worker.app.trying import Untriable, tell, try_file
from wats_worker.control import problems
from wats_worker.control.models.converters import Tried
from wats_worker.settings import AnySource, Source, WorkerSettings

#: Seconds that a conversion may take while somebody waits for the answer.
_WALL_S: Final = 30.0
#: Seconds to wait for the trial before this one.
_PATIENCE_S: Final = 40.0
#: Reports that are told.
_MOST: Final = 20


class Trials:
    """Tries files with the line's converters, in the jail of this process."""

    def __init__(self, settings: WorkerSettings) -> None:
        self._settings = _in_a_hurry(settings)
        self._turn = threading.Lock()

    def run(self, file: Path, name: str, source: str | None, converter: str | None) -> Tried:
        """Try one file.

        Args:
            file: Where its bytes are.
            name: What it is called.
            source: Whose converter and options count; else a bare one's.
            converter: Who converts it instead.

        Raises:
            Problem: there is no such source or converter, or it can't be tried now.
        """
        chosen = self._source(source, file.parent, converter)
        if not self._turn.acquire(timeout=_PATIENCE_S):
            raise problems.conflict("other files are being tried", fix="try again in a minute")
        try:
            trial = try_file(file, name, self._settings, chosen, scratch=self._settings.scratch_folder())
        except Untriable as problem:
            raise problems.conflict(str(problem)) from None
        finally:
            self._turn.release()
        total = len(trial.reports)
        told: dict[str, Any] = tell(trial, most=_MOST)
        return Tried(**told, total=total if told["reports"] else 0)

    def _source(self, name: str | None, folder: Path, converter: str | None) -> AnySource:
        known: dict[str, AnySource] = {one.name: one for one in self._settings.all_sources()}
        if name is not None and name not in known:
            raise problems.not_found(f"there is no source {name!r}")
        chosen = known[name] if name else Source(name="trial", folder=folder)
        return chosen.model_copy(update={"converter": converter or chosen.converter})


def _in_a_hurry(settings: WorkerSettings) -> WorkerSettings:
    """The same with no conversion longer than somebody waits for it."""

    def short(limits: Any) -> Any:
        return limits.model_copy(update={"wall_s": min(limits.wall_s or _WALL_S, _WALL_S)})

    return settings.model_copy(
        update={
            "convert": short(settings.convert),
            "pools": {name: short(pool) for name, pool in settings.pools.items()},
            "converters": {name: short(converter) for name, converter in settings.converters.items()},
        }
    )
