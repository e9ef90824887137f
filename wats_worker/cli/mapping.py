"""A mapping drafted from a file, and tried on it."""

from pathlib import Path

from pydantic import ValidationError

from wats_worker.cli.common import fail
from wats_worker.cli.trying import try_file
from wats_worker.convert.attempt import Attempt
from wats_worker.converters.mapped.draft import LOOKED_AT, Draft, draft
from wats_worker.settings import Source, WorkerSettings


def drafted(file: Path) -> Draft:
    """What the beginning of a file tells about all files of its kind."""
    try:
        with file.open("rb") as stream:
            return draft(stream.read(LOOKED_AT + 1), file.name)
    except OSError as error:
        fail(f"{file} can't be read: {error.strerror}")


def tried_out(made: Draft, file: Path, settings: WorkerSettings, name: str) -> Attempt:
    """What the draft makes of the file. What is still to be configured is a question mark in the report."""
    fields = made.options["fields"]
    missing = {
        "part_number": None if "part_number" in fields else "?",
        "process_code": None if "process" in fields else 0,
    }
    try:
        source = Source.model_validate(
            {
                "name": name,
                "folder": file.absolute().parent,
                "converter": made.converter,
                "options": dict(made.options),
                **{key: value for key, value in missing.items() if value is not None},
            }
        )
    except ValidationError as error:
        fail(f"{name!r} can't be the name of a source: {error.errors()[0]['msg']}")
    return try_file(file, settings, source=source, converter=None)
