"""WATS reports as XML (WSXF): tests and repairs, several in a file.

    <Reports xmlns="http://wats.virinco.com/schemas/WATS/Report/wsxf">
      <Report type="UUT" ID= SN= PN= Start= Result=>
        <UUT> <Process> <MiscInfo> <ReportUnitHierarchy> <Asset> <AdditionalData>
        <Step>  the root, with a <SequenceCall> and the steps below it
      <Report type="UUR">
        <UUR> <Process> <ReportUnitHierarchy> <Failures> <Binary>

What the wire has a place for goes there, and nothing else is dropped without being asked for.
"""

from collections.abc import Iterable, Iterator
from typing import Final

from lxml.etree import _Element

from wats_worker.converters import base, markup
from wats_worker.converters.base import Refused, Source
from wats_worker.converters.finish import finish, once
from wats_worker.converters.wsxf.document import document
from wats_worker.reports.model import Report

NAME: Final = "wats-xml"
TITLE: Final = "WATS XML report (WSXF), tests and repairs"
VERSION: Final = "1.0"
#: What becomes what, for the page about formats.
MAPPING: Final = {
    "everything": "the element or attribute that stands for it; none is left out but those "
    "`ignore_attributes` names",
    "steps": "the tree below Step, with measurements, charts and attachments",
}

_NAMESPACE: Final = "http://wats.virinco.com/schemas/WATS/Report/wsxf"


class Options(base.Options):
    """What may be different at one source of WSXF files."""

    #: Unknown attributes that are dropped instead of refused.
    ignore_attributes: tuple[str, ...] = ()


def probe(head: bytes, tail: bytes, name: str) -> float:  # noqa: ARG001 - the content decides, not the name
    """0.98 for the root and its namespace, which nothing else has."""
    root = markup.root(head)
    return 0.98 if root and root.name == "Reports" and root.namespace == _NAMESPACE else 0.0


def convert(source: Source, options: base.Options) -> Iterable[Report]:
    """The reports of the file, in its order, one in memory at a time."""
    if not isinstance(options, Options):
        options = Options(**options.model_dump())
    return once(_reports(source, options))


def _check(root: _Element) -> None:
    if root.tag != f"{{{_NAMESPACE}}}Reports":
        raise Refused(f"the root is {root.tag}, not WSXF's Reports", place=markup.place(root))


def _reports(source: Source, options: Options) -> Iterator[Report]:
    count = 0
    tag = f"{{{_NAMESPACE}}}Report"
    for event, element in markup.events(source, check=_check, tags=(tag,)):
        parent = element.getparent()
        if event == "start" or parent is None or parent.getparent() is not None:
            continue
        count += 1
        place = f"report {count} ({markup.place(element)})"
        yield finish(document(element, options.ignore_attributes), source, options, place=place)
        markup.forget(element)
    if not count:
        raise Refused("no report in the file")
