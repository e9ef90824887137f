"""Checks of all texts at once, and of the whole body: lengths as the server counts them, characters, size."""

import re
from typing import Any, Final, cast

from wats_worker.reports import walk, wsjf
from wats_worker.reports.model import Report
from wats_worker.reports.tidy import CONTROL
from wats_worker.reports.validate.finding import Findings, Limits

#: What a body has where a text may hold a forbidden character, once every backslash that stands for itself is
#: gone. Most bodies have none of it, and many have nothing but ASCII.
_ESCAPED: Final = re.compile(rb"\\[bfu]")
_SUSPECT: Final = re.compile(rb"\xef\xbf[\xbe\xbf]|\xe2\x80[\xaa-\xae]|\xe2\x81[\xa6-\xa9]")
_ASTRAL_BYTE: Final = re.compile(rb"[\xf0-\xf4]")
_ASTRAL: Final = re.compile("[\U00010000-\U0010ffff]")
_OVERRIDES: Final = re.compile("[\u202a-\u202e\u2066-\u2069]")


def check_texts(report: Report, body: bytes, findings: Findings, limits: Limits) -> None:
    """Checks 8, 15 and 16, as far as they are about texts and the body.

    Args:
        report: The report.
        body: The same as it would be sent: looking for a byte in it beats looking at every text.
        findings: Where to put them.
        limits: How large a body may be.
    """
    if len(body) > limits.body_bytes:
        text = f"the body has {len(body)} bytes, and {limits.body_bytes} is the most"
        findings.reject(15, report, "", text, "make its attachments smaller")
    plain = body.isascii()
    if _ESCAPED.search(body.replace(rb"\\", b"")) or (not plain and _SUSPECT.search(body)):
        _check_characters(report, findings)
    if not plain and _ASTRAL_BYTE.search(body):
        _check_lengths(report, findings)


def _check_characters(report: Report, findings: Findings) -> None:
    for part, key, _, text in walk.texts(cast("dict[str, Any]", report)):
        if CONTROL.search(text):
            said = f"{text[:40]!a} has control characters"
            findings.reject(16, part, str(key), said, "replace them by U+FFFD")
        elif key in {"pn", "sn"} and _OVERRIDES.search(text):
            said = f"{text!a} reads as another text than it is"
            findings.reject(16, part, str(key), said, "correct it at the tester")


def _check_lengths(report: Report, findings: Findings) -> None:
    """Count each character outside the basic plane as two, as .NET does, and let the model judge."""
    document = wsjf.document(report)
    for part, key, _, text in walk.texts(document):
        part[key] = _ASTRAL.sub("\ufffd\ufffd", text)
    try:
        wsjf.of(document, draft=True)
    except wsjf.InvalidReport as error:
        for fault in error.faults:
            if fault.kind == "string_too_long":
                part = _part(report, fault.at)
                said = f"{fault.text}, as the server counts"
                findings.reject(8, part, str(fault.at[-1]), said, "shorten it")


def _part(report: Report, at: tuple[str | int, ...]) -> Any:
    """What holds the member that a path leads to."""
    part: Any = report
    for key in at[:-1]:
        part = part[key]
    return part
