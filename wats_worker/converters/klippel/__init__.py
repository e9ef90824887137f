"""Klippel QC: a text of facts, and a folder of the same name with the curves and values behind them.

    DUT 4711 2026-03-17 08-14-05-0 UTC+0100.txt
        //serial number of current DUT
        Cfg_SerialNumber=4711
        Ctrl_OverallVerdict=0
        Results_Pass=resp   level
        Results_Fail=imp

    DUT 4711 2026-03-17 08-14-05-0 UTC+0100/Impedance-imp.txt
        frq     imp     max     min
        18.75   1.72    3.40    3.04

    DUT 4711 2026-03-17 08-14-05-0 UTC+0100/Sound Pressure-values.txt
        name    value   max     min
        level   95.2    97.3    91.3

A "-" is no value. The verdicts are those of the text; the tables show what they were given for. The text
alone is no report, so the folder is waited for.
"""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import PurePosixPath
from typing import Final

from wats_worker.converters import base
from wats_worker.converters.base import HEAD_BYTES, NotReady, Refused, Source
from wats_worker.converters.bundle import Bundle, is_bundle
from wats_worker.converters.finish import finish
from wats_worker.converters.klippel.document import document
from wats_worker.converters.klippel.facts import Facts, read
from wats_worker.converters.klippel.options import Options
from wats_worker.converters.klippel.tables import Table, table
from wats_worker.reports.model import Report

__all__ = ["NAME", "TITLE", "VERSION", "Options", "convert", "probe"]

NAME: Final = "klippel"
TITLE: Final = "Klippel QC (text and folder)"
VERSION: Final = "1.0"
#: What becomes what, for the page about formats.
MAPPING: Final = {
    "serial number, station, operator": "Cfg_SerialNumber, Cfg_PCName, Cfg_UserName",
    "start": "Cfg_DutStartTime",
    "result": "Ctrl_OverallVerdict",
    "steps": "a sequence per measurement, a step per value or curve; verdicts from Results_Pass and "
    "Results_Fail",
    "limits": "the columns min and max",
    "charts": "a curve with its limits",
    "misc infos": "further facts of the text",
}

_MARKS: Final = (b"Cfg_DutStartTime=", b"Ctrl_OverallVerdict=")
#: The text of facts has two thousand bytes.
_LONGEST_FACTS: Final = 1024 * 1024


def probe(head: bytes, tail: bytes, name: str) -> float:  # noqa: ARG001 - the content decides, not the name
    """0.95 for a text with both marks, alone or with its folder."""
    if not is_bundle(head):
        head = b"\n" + head.removeprefix(b"\xef\xbb\xbf")
        return 0.95 if all(b"\n" + mark in head for mark in _MARKS) else 0.0
    # In a bundle the first line of a file stands right behind its name.
    return 0.95 if all(mark in head for mark in _MARKS) else 0.0


def convert(source: Source, options: base.Options) -> Iterable[Report]:
    """The report of one unit."""
    if not isinstance(options, Options):
        options = Options(**options.model_dump())
    return _whole(source, options) if is_bundle(source.head) else _alone(source, options)


def _whole(source: Source, options: Options) -> Iterator[Report]:
    with Bundle(source) as bundle:
        name = _text_of(bundle)
        facts = read(bundle.source(name))
        tables = _tables(bundle, bundle.below(name), source)
        yield from _report(facts, tables, source, options, PurePosixPath(name).stem)


def _alone(source: Source, options: Options) -> Iterator[Report]:
    # Read to its end all the same: what is wrong with it, no folder will mend.
    yield from _report(read(source), [], source, options, PurePosixPath(source.name).stem)


def _report(
    facts: Facts, tables: Sequence[Table], source: Source, options: Options, stem: str
) -> Iterator[Report]:
    report = finish(document(facts, tables, source, options), source, options)
    if not tables:
        raise NotReady(f"the folder {stem!r} with its curves and values is not there")
    yield report


def _text_of(bundle: Bundle) -> str:
    """The one file of the unit that has the facts."""
    top = min((name.count("/") for name in bundle.names), default=0)
    found = [
        name
        for name in bundle.names
        if name.count("/") == top
        and bundle.size(name) <= _LONGEST_FACTS
        and probe(bundle.source(name).read()[:HEAD_BYTES], b"", name)
    ]
    if len(found) != 1:
        raise Refused(f"{len(found)} files of the unit tell its verdict, and there has to be one")
    return found[0]


def _tables(bundle: Bundle, names: Sequence[str], source: Source) -> list[Table]:
    tables = []
    for name in names:
        if name.lower().endswith(".txt"):
            tables.append(table(bundle.source(name)))
        else:
            source.warn(f"{name} was not read: it is no table")
    return tables
