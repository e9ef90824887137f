"""Delimited text (CSV, semicolons, tabs) by a mapping: columns to fields, rows or groups of rows to units.

Nothing about such a file tells whose it is, so it is never recognised: a source names this converter and says
in its options what the columns mean.
"""

from collections.abc import Iterable, Iterator
from typing import Final

from wats_worker.converters import base
from wats_worker.converters.base import Refused, Source
from wats_worker.converters.finish import finish, once
from wats_worker.converters.mapped.building import document
from wats_worker.converters.mapped.reading import Reading
from wats_worker.converters.mapped.table_options import Options
from wats_worker.converters.mapped.table_reader import TableReader
from wats_worker.reports.model import Report

__all__ = ["NAME", "TITLE", "VERSION", "Options", "convert", "probe"]

NAME: Final = "mapped-csv"
TITLE: Final = "Delimited text by a mapping (CSV, semicolon, tab)"
VERSION: Final = "1.0"
#: What becomes what, for the page about formats.
MAPPING: Final = {
    "everything": "what the mapping says: `fields`, `infos`, `step` or `measures`",
}


def probe(head: bytes, tail: bytes, name: str) -> float:  # noqa: ARG001 - see the module's docstring
    """0: a table could be anybody's."""
    return 0.0


def convert(source: Source, options: base.Options) -> Iterable[Report]:
    """The reports of the file, in its order."""
    if not isinstance(options, Options):
        raise Refused("no mapping is configured", fix="wats-worker converters map FILE drafts one")
    return once(_reports(source, options))


def _reports(source: Source, options: Options) -> Iterator[Report]:
    reading = Reading(options)
    count = 0
    for unit in TableReader(source, options).units():
        place = f"the unit in {unit.place}"
        yield finish(document(unit, options, source, reading), source, options, place=place)
        count += 1
    if not count:
        raise Refused("no unit in the file")
