"""Text by a mapping: regular expressions find the facts and the steps, line by line.

Nothing about such a file tells whose it is, so it is never recognised: a source names this converter and says
in its options what its lines mean.
"""

from collections.abc import Iterable, Iterator
from typing import Final

from wats_worker.converters import base
from wats_worker.converters.base import Refused, Source
from wats_worker.converters.finish import finish, once
from wats_worker.converters.mapped.building import document
from wats_worker.converters.mapped.reading import Reading
from wats_worker.converters.mapped.text_options import Options
from wats_worker.converters.mapped.text_reader import TextReader
from wats_worker.reports.model import Report

__all__ = ["NAME", "TITLE", "VERSION", "Options", "convert", "probe"]

NAME: Final = "mapped-text"
TITLE: Final = "Text by a mapping of regular expressions"
VERSION: Final = "1.0"
#: What becomes what, for the page about formats.
MAPPING: Final = {
    "everything": "what the mapping says: `fields`, `infos`, `steps`",
}


def probe(head: bytes, tail: bytes, name: str) -> float:  # noqa: ARG001 - see the module's docstring
    """0: a text could be anybody's."""
    return 0.0


def convert(source: Source, options: base.Options) -> Iterable[Report]:
    """The reports of the file, in its order."""
    if not isinstance(options, Options):
        raise Refused("no mapping is configured", fix="wats-worker converters map FILE drafts one")
    return once(_reports(source, options))


def _reports(source: Source, options: Options) -> Iterator[Report]:
    reading = Reading(options)
    for unit in TextReader(source, options).units():
        place = f"the unit that begins in {unit.place}"
        if len(unit.steps) < options.least_steps:
            raise Refused(
                f"{len(unit.steps)} steps, and the mapping asks for {options.least_steps}",
                place=place,
                fix="compare the patterns with the file's lines",
            )
        yield finish(document(unit, options, source, reading), source, options, place=place)
