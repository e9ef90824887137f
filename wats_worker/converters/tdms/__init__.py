"""TDMS, the files that LabVIEW and other programs of NI write: groups of channels, and properties of all.

A TDMS file knows no unit under test, no limit and no verdict. Without a mapping it is data and no report, so
it is refused; a source that names this converter says which property is which fact and which channel a step:

    [sources.options.fields]
    serial_number = "UUT"                                    # a property of the file
    start = "DateTime"
    station = { group = "Setup", property = "Bench" }

    [[sources.options.steps]]
    name = "Ripple"
    group = "*All Data"                                      # * stands for anything
    channel = "VOUT"
    take = "rms"                                             # a channel of one value needs no telling
    high = 0.02
    chart = true                                             # drawn as well, point by point

Times of TDMS are in UTC. Without a verdict of the tester the limits decide.
"""

from collections.abc import Iterable, Iterator
from typing import Final

from wats_worker.converters import base
from wats_worker.converters.base import Refused, Source
from wats_worker.converters.finish import finish, once
from wats_worker.converters.mapped.building import document
from wats_worker.converters.tdms import segments
from wats_worker.converters.tdms.content import Content
from wats_worker.converters.tdms.options import Options
from wats_worker.converters.tdms.unit import charts, is_moment, unit
from wats_worker.reports import walk
from wats_worker.reports.model import Report

__all__ = ["NAME", "TITLE", "VERSION", "Options", "convert", "probe"]

NAME: Final = "tdms"
TITLE: Final = "TDMS by a mapping"
VERSION: Final = "1.0"
#: What becomes what, for the page about formats.
MAPPING: Final = {
    "everything": "what the mapping says: `fields`, `infos`, `steps`",
}


def probe(head: bytes, tail: bytes, name: str) -> float:  # noqa: ARG001 - the content decides, not the name
    """0.98 for the mark that a file begins with, or an index of one."""
    return 0.98 if head.startswith((segments.MARK, segments.INDEX)) else 0.0


def convert(source: Source, options: base.Options) -> Iterable[Report]:
    """One report."""
    return once(_reports(source, options))


def _reports(source: Source, options: base.Options) -> Iterator[Report]:
    segments.check(source)
    if not isinstance(options, Options) or options.fields is None:
        raise Refused(
            "a TDMS file has none, but for a property that the source has to name",
            field="serial number",
            fix="name the converter tdms in the source, and its fields and steps in its options",
        )
    with Content.of(source) as content:
        found = unit(content, source, options)
        start = found.fields["start"].text
        dates = "iso" if is_moment(options.fields.start, start) else options.date_format
        made = document(found, options.mapping(dates=dates), source)
        drawn = dict(charts(content, options))
    for step in walk.steps(made["root"]):
        if chart := drawn.get(step["name"]):
            step["chart"] = chart
    yield finish(made, source, options, place="the file")
