"""Files that an i3070 writes beside its logs, and that are no tests of boards.

They are recognised so that nobody maps them by accident, and so that the refusal can say what they are.
"""

import re
from collections.abc import Iterable
from typing import Final

from wats_worker.converters import base
from wats_worker.converters.base import Refused, Source
from wats_worker.reports.model import Report

NAME: Final = "i3070-not-a-test"
TITLE: Final = "i3070 probe reports and diagnostics, which are refused"
VERSION: Final = "1.0"
#: What becomes what, for the page about formats.
MAPPING: Final = {
    "nothing": "the file is refused, with what it is",
}

Options = base.Options

_PROBES: Final = re.compile(rb"\s*Failure type\s*\|\s*Probe\s*\|\s*Usage\s*\|")
_DIAGNOSTICS: Final = re.compile(rb"\s*Test [0-9]{1,6}, Subtest -?[0-9]{1,6}[^\n]{0,80}(?:PASSED|FAILED)\.")
_DIAGNOSED: Final = re.compile(rb"\n +Result Received ?[:=]")
_EXCLUDED: Final = "leave such files out with the source's `exclude`"


def probe(head: bytes, tail: bytes, name: str) -> float:  # noqa: ARG001 - the content decides, not the name
    """0.95 for the heading of a probe report or the first results of a diagnosis."""
    return 0.95 if _what(head) else 0.0


def convert(source: Source, options: base.Options) -> Iterable[Report]:  # noqa: ARG001 - nothing to configure
    """Nothing; the refusal says what the file is."""
    what = _what(source.head) or "not a log of an i3070 either"
    raise Refused(f"this is {what}, not a test log", fix=_EXCLUDED)


def _what(head: bytes) -> str | None:
    if _PROBES.match(head):
        return "an i3070 probe report (which probes wear out)"
    if _DIAGNOSTICS.match(head) and _DIAGNOSED.search(head):
        return "an i3070 diagnostics log (a self test of the tester)"
    return None
