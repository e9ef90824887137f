"""From the facts a converter read to a report: defaults, identity, corrections by rule, and the model.

Converters hand over a WSJF document as plain values. Everything that must be equal for all formats (what may
be defaulted, what may never be, what a refusal says) happens here.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final, cast

from wats_worker.converters.base import Options, Refused, Source
from wats_worker.converters.clock import assume_zone, plausible, read_iso, wire_date
from wats_worker.converters.process import is_foreign, listed_code
from wats_worker.reports import wsjf
from wats_worker.reports.dates import Instant
from wats_worker.reports.model import Report
from wats_worker.reports.tidy import CONTROL, tidied

#: What people call the members that a refusal is most often about.
FIELDS: Final[Mapping[str, str]] = {
    "sn": "serial number",
    "pn": "part number",
    "rev": "revision",
    "start": "start",
    "processCode": "process code",
    "result": "result",
}
#: A date with tenths of a microsecond.
_SEVENTH: Final = re.compile(r"[0-9-]{10}[T ][0-9:]{8}[.,][0-9]{6}[1-9](?![0-9])")
#: Characters that make a serial number look like another one.
_BIDI: Final = re.compile("[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")


def finish(
    document: dict[str, Any],
    source: Source,
    options: Options,
    *,
    place: str | None = None,
    is_report: bool = False,
) -> Report:
    """Make the report, or refuse.

    Args:
        document: The facts, in wire form. It is changed.
        source: The file, for warnings.
        options: What may stand in for facts the file lacks.
        place: Where in the file this report stands, for messages.
        is_report: The document is one already, as ``wsjf.load`` gives it. It is not looked through again.

    Raises:
        Refused: an identity is missing or unusable, or the facts don't make a report.
    """
    try:
        _defaults(document, options)
        _identity(document)
        plausible(document["start"])
        document, notes = tidied(document)
        report = cast("Report", document) if is_report else wsjf.of(document, draft=True)
    except wsjf.InvalidReport as error:
        first = error.faults[0]
        field = FIELDS.get(str(first.at[0])) if len(first.at) == 1 else None
        raise Refused(str(error), place=place, field=field) from None
    except Refused as refused:
        raise Refused(
            refused.reason, place=place or refused.place, field=refused.field, fix=refused.fix
        ) from None
    for note in notes:
        source.warn(note)
    return report


def once(reports: Iterable[Report]) -> Iterator[Report]:
    """Pass reports on as long as no two of them are the same run.

    The same run twice in one file means that the file was joined or written twice. Which copy is right, and
    whether a third is missing, nobody can tell from here.

    Raises:
        Refused: two reports have one id, or one unit, process and start.
    """
    seen: set[bytes] = set()
    for number, report in enumerate(reports, start=1):
        run = (report["pn"], report["sn"], report["processCode"], Instant.read(report["start"]))
        keys = [_digest(run)]
        if (given := report.get("id")) is not None:
            keys.append(_digest(given.lower()))
        if not seen.isdisjoint(keys):
            raise Refused(
                f"the run of {report['sn']} that started {report['start']} stands in the file twice",
                place=f"report {number}",
                fix="split the file or remove the copy",
            )
        seen.update(keys)
        yield report


def _digest(key: object) -> bytes:
    """As good as the key itself, and small: a file may have a hundred thousand runs."""
    return hashlib.blake2b(repr(key).encode(), digest_size=16).digest()


def _defaults(document: dict[str, Any], options: Options) -> None:
    """Fill what may be filled: configured product facts, which are recorded, and station fallbacks."""
    _processes(document, options)
    configured: dict[str, Any] = {
        "pn": options.part_number,
        "rev": options.revision,
        "processCode": options.process_code,
    }
    for member, value in configured.items():
        if value is not None and _absent(document, member):
            document[member] = value
            remember(document, FIELDS[member].capitalize(), f"{value} (from configuration)")
    fallbacks = {"machineName": options.station, "location": options.location, "purpose": options.purpose}
    for member, text in fallbacks.items():
        if _absent(document, member):
            document[member] = text
    for member in ("uut", "uur"):
        if isinstance(part := document.get(member), dict) and _absent(part, "user"):
            part["user"] = options.operator


def _processes(document: dict[str, Any], options: Options) -> None:
    """Find the code of a process that the file has only the name of: the report's, and a repaired test's."""
    kind = "R" if document.get("type") == "R" else "T"
    for part, of, default in ((document, kind, options.process_code), (document.get("uur"), "T", None)):
        if not isinstance(part, dict) or not _absent(part, "processCode") or _absent(part, "processName"):
            continue
        name = str(part["processName"]).strip()
        code = options.process_codes.get(name, default)
        if code is None:
            part["processCode"] = listed_code(name, of, options)
            continue
        if name in options.process_codes:
            part["processCode"] = code
        if is_foreign(name, code, of, options):
            # Beside the code the server would refuse a name that is the tester's own, and the code is enough.
            del part["processName"]
            remember(document, "Process", name)


def begin(document: dict[str, Any], moment: datetime, source: Source, options: Options) -> None:
    """Put the start into a document. One without a zone gets the assumed one, and the document says which."""
    if moment.tzinfo is None:
        moment, zone = assume_zone(moment, source, options)
        remember(document, "Assumed time zone", zone)
    document["start"] = wire_date(moment)


def begin_iso(
    document: dict[str, Any], text: str, source: Source, options: Options, *, place: str | None = None
) -> None:
    """Put a start into a document that is written as ISO 8601 has it; an empty text is none.

    Raises:
        Refused: it is no such date.
    """
    if not text.strip():
        return  # finish() names what is missing
    try:
        begin(document, read_iso(text), source, options)
    except ValueError as error:
        raise Refused(str(error), place=place, field="start") from None
    if finer := _SEVENTH.match(text.strip()):
        # .NET writes a digit more than Python keeps.
        document["start"] = f"{finer[0].replace(' ', 'T').replace(',', '.')}{document['start'][-6:]}"


def remember(document: dict[str, Any], description: str, text: str) -> None:
    """Add a misc info. A text that doesn't fit into one goes on in ``description (2)`` and so on."""
    infos = document.get("miscInfos")
    if not isinstance(infos, list):
        infos = document["miscInfos"] = []
    for number, at in enumerate(range(0, max(1, len(text)), 100), start=1):
        suffix = f" ({number})" if number > 1 else ""
        infos.append({"description": description[: 100 - len(suffix)] + suffix, "text": text[at : at + 100]})


def _absent(part: dict[str, Any], member: str) -> bool:
    value = part.get(member)
    return value is None or (isinstance(value, str) and not value.strip())


def _identity(document: dict[str, Any]) -> None:
    for member in ("sn", "pn", "start", "processCode"):
        if _absent(document, member):
            fix = (
                None
                if member in {"sn", "start"}
                else f"set {FIELDS[member].replace(' ', '_')} for the source"
            )
            raise Refused("the file has none", field=FIELDS[member], fix=fix)
    if _absent(document, "rev"):
        document["rev"] = "-"
    for member in ("sn", "pn"):
        value = document[member]
        if not isinstance(value, str):
            raise Refused(f"{value!r} is not a text", field=FIELDS[member])
        if len(value.strip()) > 100:
            raise Refused(f"{len(value)} characters, and WATS takes 100", field=FIELDS[member])
        if CONTROL.search(value) or _BIDI.search(value) or not value.strip().isprintable():
            raise Refused(f"{value!a} has characters that can't be seen", field=FIELDS[member])
    code = document["processCode"]
    if isinstance(code, (int, float)) and code < 0:
        raise Refused(f"{code} is not the code of a process", field=FIELDS["processCode"])
    if not isinstance(document["start"], str):
        raise Refused(f"{document['start']!r} is not a date", field="start")
