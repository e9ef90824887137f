"""Robot Framework's output.xml, of all versions: suites of tests, and a unit where the metadata say which.

    <robot generator="Robot 7.3 (…)" schemaversion="5">
     <suite name="Board Test">
      <test name="Supply 3V3"> <kw name="Should Be True">…</kw>
       <tag>meas:3.3012</tag> <tag>unit:V</tag> <tag>low:3.135</tag>
       <status status="PASS" start="2026-11-22T21:03:51.649246" elapsed="0.008"/>
      </test>
      <meta name="Serial Number">SN-1</meta> <meta name="Part Number">PN-1</meta>
      <status status="PASS" start=… elapsed=…/>
     </suite>

Before version 4 the metadata stand in ``<metadata><item name=…>`` and the tags in ``<tags>``; before 7 a
status has ``starttime`` and ``endtime``. Tests of software have no serial number and are refused; so is a dry
run, in which everything passes and nothing is executed.
"""

from collections.abc import Iterable
from typing import Final

from wats_worker.converters import base, markup
from wats_worker.converters.base import Source
from wats_worker.converters.finish import once
from wats_worker.converters.robot.document import reports
from wats_worker.converters.robot.options import Options
from wats_worker.reports.model import Report

__all__ = ["NAME", "TITLE", "VERSION", "Options", "convert", "probe"]

NAME: Final = "robotframework-xml"
TITLE: Final = "Robot Framework output.xml"
VERSION: Final = "1.0"
#: What becomes what, for the page about formats.
MAPPING: Final = {
    "serial number, part number, revision, process": "metadata of a suite by those names, or as `names` says",
    "start, time": "start and elapsed of the suite",
    "result": "the status of the suite",
    "steps": "a sequence per suite, a step per test",
    "values, limits": "tags such as `meas:3.3`, `unit:V`, `low:3.1`, or what `measurement` finds",
    "misc infos": "the other metadata",
}


def probe(head: bytes, tail: bytes, name: str) -> float:  # noqa: ARG001 - the content decides, not the name
    """0.95 for the root, which says who generated it; 0 where its first element isn't a suite."""
    root = markup.root(head)
    if root is None or root.name != "robot" or root.namespace:
        return 0.0
    return 0.95 if b"generator" in root.tag and b"<suite" in head.replace(b"\0", b"") else 0.0


def convert(source: Source, options: base.Options) -> Iterable[Report]:
    """The reports of the file: one, or one for each suite if they are of different units."""
    if not isinstance(options, Options):
        options = Options(**options.model_dump())
    return once(reports(source, options))
