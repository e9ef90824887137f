"""JUnit XML, as pytest, GoogleTest, CTest and many others write it: tests, and a unit only if they say which.

    <testsuites> <testsuite name= timestamp= hostname= time=>
      <properties> <property name="serial_number" value=/>
      <testcase classname= name= time=>
        <properties> <property name="rail" value="3.3"/> <property name="unit" value="V"/>
        <failure message=> | <error message=> | <skipped message=>

The unit is told by properties of a suite or of each test, which may be of different units. Runs of software
have no serial number, and are refused.
"""

import re
from collections.abc import Iterable
from typing import Final

from wats_worker.converters import base, conventions, markup
from wats_worker.converters.base import Source
from wats_worker.converters.finish import once
from wats_worker.converters.junit.document import reports
from wats_worker.reports.model import Report

__all__ = ["NAME", "TITLE", "VERSION", "Options", "convert", "probe"]

NAME: Final = "junit-xml"
TITLE: Final = "JUnit XML (pytest, GoogleTest and others)"
VERSION: Final = "1.0"
#: What becomes what, for the page about formats.
MAPPING: Final = {
    "serial number, part number, revision, process": "properties of those names, or as `names` says",
    "station, operator, batch, fixture": "properties of those names, else hostname",
    "start, time": "timestamp and time of the suite",
    "result": "what the tests come to",
    "steps": "a sequence per suite and class, a step per testcase",
    "values, limits": "properties of a testcase, each with the unit, low and high that follow it",
    "misc infos": "the other properties of a suite",
}

Options = conventions.Options

_ROOTS: Final = frozenset({"testsuites", "testsuite"})
_TESTS: Final = re.compile(rb"<(?:testcase|testsuite)\s")


def probe(head: bytes, tail: bytes, name: str) -> float:  # noqa: ARG001 - the content decides, not the name
    """0.7: many tools write files like this, and most of them of software."""
    root = markup.root(head)
    if root is None or root.name not in _ROOTS or root.namespace:
        return 0.0
    return 0.7 if _TESTS.search(head.replace(b"\0", b"")) else 0.0


def convert(source: Source, options: base.Options) -> Iterable[Report]:
    """The reports of the file: one for each unit that its tests are of."""
    if not isinstance(options, Options):
        options = Options(**options.model_dump())
    return once(reports(source, options))
