"""XJTAG logs: an archive with a document for each test run, or one such document alone.

Info.xml               how many runs there are, and where their project lies
Run 1.xml              <testrun datetime=> with its groups, functions and, at its end, <testruninfo>
Run 1.checksum         not looked at
12164_636695079402994  the full output of a connection test
"""

import re
from collections.abc import Iterable, Iterator
from typing import Final

from lxml.etree import _Element

from wats_worker.converters import base, markup
from wats_worker.converters.archives import Archive
from wats_worker.converters.base import NotReady, Refused, Source
from wats_worker.converters.finish import finish, once
from wats_worker.converters.markup import text
from wats_worker.converters.xjtag.options import Options
from wats_worker.converters.xjtag.run import document
from wats_worker.reports.model import Report

__all__ = ["NAME", "TITLE", "VERSION", "Options", "convert", "probe"]

NAME: Final = "xjtag-xjlog"
TITLE: Final = "XJTAG log (xjlog)"
VERSION: Final = "1.0"
#: What becomes what, for the page about formats.
MAPPING: Final = {
    "serial number, operator, station": "testruninfo: serial, user, xjlink-name",
    "part number": "the name of the project's file, with `part_number_from_project`",
    "start, time": "datetime of the testrun, time-taken",
    "result": "result of testruninfo",
    "steps": "a sequence per testgroup, a step per testfunction",
    "values": "lines of a function's output such as `3V3 = 3328 mV`, logged without limits",
    "attachments": "the full output of a connection test",
}

_ZIP: Final = b"PK\x03\x04"
_RUN: Final = re.compile(r"Run ([0-9]{1,6})\.xml")


def probe(head: bytes, tail: bytes, name: str) -> float:  # noqa: ARG001 - the content decides, not the name
    """0.98 for an archive with the names all of them have, 0.9 for a run alone."""
    if head.startswith(_ZIP):
        shown = head + tail
        return 0.98 if b"Info.xml" in shown and b"Run 1.xml" in shown else 0.0
    root = markup.root(head)
    return 0.9 if root and root.name == "testrun" and b"datetime" in root.tag else 0.0


def convert(source: Source, options: base.Options) -> Iterable[Report]:
    """The reports of the file, in the order of its runs."""
    if not isinstance(options, Options):
        options = Options(**options.model_dump())
    if source.head.startswith(_ZIP):
        return once(_archive(source, options))
    return _alone(source, options)


def _alone(source: Source, options: Options) -> Iterator[Report]:
    run = markup.whole(source, check=markup.is_named("testrun"))
    yield finish(document(run, source, options), source, options)


def _archive(source: Source, options: Options) -> Iterator[Report]:
    with Archive(source) as archive:
        runs = {int(found[1]): name for name in archive.names if (found := _RUN.fullmatch(name))}
        count, project = _info(archive)
        if not runs or sorted(runs) != list(range(1, count + 1)):
            raise Refused(f"{count} runs are announced, and there are {len(runs)}", place="Info.xml")
        known = {"Info.xml", *runs.values(), *(f"Run {number}.checksum" for number in runs)}
        files = {name: archive.read(name) for name in archive.names if name not in known}
        for number in sorted(runs):
            run = _member(archive, runs[number], "testrun")
            made = document(run, source, options, project=project, files=files)
            yield finish(made, source, options, place=runs[number])


def _info(archive: Archive) -> tuple[int, str]:
    if "Info.xml" not in archive.names:
        raise Refused("there is no Info.xml in the archive")
    info = _member(archive, "Info.xml", "LogFileInfo")
    count = text(info.find("TestRunCount"))
    if not (count.isascii() and count.isdigit()) or not 0 < len(count) <= 6:
        raise Refused("no number of runs", place="Info.xml", field="TestRunCount")
    return int(count), text(info.find("ProjectPath"))


def _member(archive: Archive, name: str, root: str) -> _Element:
    """The root of a document in the archive. One that has no end will never get it."""
    try:
        return markup.whole(archive.source(name), check=markup.is_named(root))
    except NotReady as unready:
        raise Refused(unready.reason, place=name) from None
    except Refused as refused:
        raise Refused(refused.reason, place=f"{name}, {refused.place}" if refused.place else name) from None
