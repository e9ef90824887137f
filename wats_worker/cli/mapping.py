"""A mapping drafted from a file, and tried on it."""

from dataclasses import replace
from pathlib import Path

from pydantic import ValidationError

from wats_worker.app.trying import Trial
from wats_worker.cli.common import borrowed_scratch, fail
from wats_worker.cli.trying import try_file
from wats_worker.convert.rules import thresholds
from wats_worker.convert.workshop import Workshop
from wats_worker.converters.mapped.draft import LOOKED_AT, Draft, NoDraft, draft
from wats_worker.sandbox.errors import JailUnavailable
from wats_worker.sandbox.outcome import Probed
from wats_worker.settings import Source, WorkerSettings


def drafted(file: Path, settings: WorkerSettings) -> Draft:
    """What the beginning of a file tells about all files of its kind."""
    try:
        with file.open("rb") as stream:
            made = draft(stream.read(LOOKED_AT + 1), file.name)
    except OSError as error:
        fail(f"{file} can't be read: {error.strerror}")
    except NoDraft as refusal:
        fail(f"{file.name}: {refusal}")
    note = _recognised(file, settings)
    return replace(made, notes=(note, *made.notes)) if note else made


def tried_out(made: Draft, file: Path, settings: WorkerSettings, name: str) -> Trial:
    """What the draft makes of the file."""
    try:
        source = Source.model_validate(
            {
                "name": name,
                "folder": file.absolute().parent,
                "converter": made.converter,
                "options": dict(made.options),
            }
        )
    except ValidationError as error:
        fail(f"{name!r} can't be the name of a source: {error.errors()[0]['msg']}")
    return try_file(file, settings, source)


def _recognised(file: Path, settings: WorkerSettings) -> str:
    """Whether such files need no mapping at all; empty if nobody knows them."""
    try:
        with borrowed_scratch(settings) as scratch, Workshop(settings, scratch=scratch) as workshop:
            probed = workshop.probe(file.absolute(), file.name)
    except (JailUnavailable, OSError) as problem:
        fail(str(problem))
    scores = probed.scores if isinstance(probed, Probed) else {}
    best = max(scores, key=lambda name: scores[name], default="")
    if not best or scores[best] < thresholds(settings.convert).reject:
        return ""
    return (
        f"{best} knows such files without a mapping: 'wats-worker converters test' shows what it makes of it"
    )
