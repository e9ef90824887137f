"""A file that a person names, tried in the jail with what belongs to it and the command line's options."""

import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from wats_worker.app import trying
from wats_worker.app.trying import Trial, Untriable
from wats_worker.cli.common import borrowed_scratch, fail
from wats_worker.cli.gathering import gathered
from wats_worker.settings import AnySource, Source, WorkerSettings
from wats_worker.spool.files import Unreadable
from wats_worker.watch.units import Unfit


def try_file(file: Path, settings: WorkerSettings, source: AnySource) -> Trial:
    """Do with a file and what belongs to it what a convert worker does, or end with a word why not."""
    try:
        with borrowed_scratch(settings) as scratch, gathered(file, source) as whole:
            return trying.try_file(whole, file.name, settings, source, scratch=scratch)
    except Untriable as problem:
        fail(str(problem))
    except (OSError, Unfit, Unreadable) as problem:
        fail(f"{file.name} can't be read: {problem}")


def trial_source(
    source: AnySource | None, *, folder: Path, converter: str | None, options: Sequence[str]
) -> AnySource:
    """The source to try a file with: a configured one or a bare one, with what the command line says."""
    chosen = source or Source(name="trial", folder=folder)
    given = dict(_option(text) for text in options)
    return chosen.model_copy(
        update={"converter": converter or chosen.converter, "options": {**chosen.options, **given}}
    )


def _option(text: str) -> tuple[str, Any]:
    """One option as the command line has it; a value that TOML does not know is a text.

    >>> _option("process_code=30"), _option("part_number=P/N 1"), _option("decimal=,")
    (('process_code', 30), ('part_number', 'P/N 1'), ('decimal', ','))
    """
    key, equals, value = text.partition("=")
    if not equals or not key.strip():
        fail(f"{text!r} is no option; write it like process_code=30")
    try:
        return key.strip(), tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        return key.strip(), value
