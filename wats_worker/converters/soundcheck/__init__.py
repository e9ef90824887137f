"""Listen SoundCheck: tables of results and curves that the tester adds to, run by run.

    Serial #:  Time:                  Lot #:     Name           Margin  Unit  Result  Tolerance  Limits
    S/N 13     7/22/2020 10:22:14 AM  P/N #1234  Sensitivity    95.50   dB    PASS    Max/Min    100.0/90.0
    Serial #:  Time:                  Lot #:     Fundamental            x data lin  y data dB  …  Hz  dB  …
    S/N 13     7/22/2020 10:22:14 AM  P/N #1234  100.00         200.00  …
    S/N 13     7/22/2020 10:22:14 AM  P/N #1234  81.36          87.87   …

Tabs part the cells. Which columns stand in front differs by site. The lines of a run have one serial number
and one time; a unit that is tested again has another time. A curve is two lines, its x and its y values, with
a heading of its own. The results of the next run come without a heading, under the one they had before.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Final

from wats_worker.converters import base
from wats_worker.converters.base import Refused, Source
from wats_worker.converters.finish import finish, once
from wats_worker.converters.soundcheck.document import document
from wats_worker.converters.soundcheck.options import Options
from wats_worker.converters.soundcheck.runs import runs
from wats_worker.reports.model import Report

__all__ = ["NAME", "TITLE", "VERSION", "Options", "convert", "probe"]

NAME: Final = "listen-soundcheck"
TITLE: Final = "Listen SoundCheck text"
VERSION: Final = "1.0"
#: What becomes what, for the page about formats.
MAPPING: Final = {
    "serial number": "Serial #, without the label S/N",
    "part number or batch": "Lot #, as `lot` says",
    "start": "Time",
    "result": "what the results of the run come to",
    "operator": "Operator, where there is such a column",
    "steps": "a line of results each, a step per curve",
    "limits": "Limits, by Tolerance",
    "charts": "a curve each",
}

_HEADING: Final = re.compile(rb"Serial #:[ ]?\t[^\r\n]{0,2000}?Time:[ ]?\t")


def probe(head: bytes, tail: bytes, name: str) -> float:  # noqa: ARG001 - the content decides, not the name
    """0.95 for a heading with a serial number first and a time."""
    return 0.95 if _HEADING.match(head.removeprefix(b"\xef\xbb\xbf")) else 0.0


def convert(source: Source, options: base.Options) -> Iterable[Report]:
    """A report for each run, in the file's order."""
    if not isinstance(options, Options):
        options = Options(**options.model_dump())
    return once(_reports(source, options))


def _reports(source: Source, options: Options) -> Iterator[Report]:
    count = 0
    for run in runs(source, options):
        yield finish(document(run, source, options), source, options, place=run.place)
        count += 1
    if not count:
        raise Refused("no run in the file")
