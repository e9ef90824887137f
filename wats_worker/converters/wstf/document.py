"""From a block to the report's document: what each header key means."""

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, Final

from wats_worker.converters.base import Options, Refused, Source
from wats_worker.converters.finish import begin, remember
from wats_worker.converters.texts import Step, fit, number, shown, whole
from wats_worker.converters.wstf.blocks import Block, Row
from wats_worker.converters.wstf.steps import RESULTS, StepReader

#: Header keys that are plain texts: the member they fill, and whether it lies under ``uut``.
_TEXTS: Final[Mapping[str, tuple[str, bool]]] = {
    "SerialNumber": ("sn", False),
    "PartNumber": ("pn", False),
    "Revision": ("rev", False),
    "OperationTypeName": ("processName", False),
    "StationName": ("machineName", False),
    "OperatorName": ("user", True),
    "FixtureId": ("fixtureId", True),
    "BatchSerialNumber": ("batchSN", True),
    "Comment": ("comment", True),
    "ErrorMessage": ("errorMessage", True),
}
_NUMBERS: Final[Mapping[str, tuple[str, bool, Callable[[str], float]]]] = {
    "OperationTypeCode": ("processCode", False, whole),
    "ErrorCode": ("errorCode", True, whole),
    "TestSocketIndex": ("testSocketIndex", True, whole),
    "ExecutionTime": ("execTime", True, number),
}
_OTHERS: Final = frozenset(
    {"UUTStatus", "StartDateTime", "UTCStartDateTime", "SoftwareName", "SoftwareVersion", "ConverterMode"}
)
_KNOWN: Final = _OTHERS | _TEXTS.keys() | _NUMBERS.keys()
_DATE: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,7})?(Z|[+-][0-9]{2}:[0-9]{2})?"
)

Facts = dict[str, Row]


def document(block: Block, source: Source, options: Options) -> dict[str, Any]:
    """Put a block into wire form.

    Raises:
        Refused: a line can't be read; the line and its field are named.
    """
    uut: dict[str, Any] = {}
    made: dict[str, Any] = {"type": "T", "uut": uut}
    facts = _facts(block.header, made, source)
    # What stands in the footer was known last, so it counts.
    facts |= _facts(block.footer, made, source)
    for key, row in facts.items():
        _put(key, row, made, uut)
    _start(facts, made, source, options)
    steps = StepReader(active=_active(facts), source=source).read(block.steps)
    _result(facts, made, steps)
    made["root"] = _root(facts, made["result"], steps)
    return made


def _root(facts: Facts, result: str, steps: list[Step]) -> Step:
    root: Step = {"group": "M", "stepType": "SequenceCall", "name": "MainSequence Callback", "status": result}
    call = {
        "name": fit(root, "Software", _text(facts, "SoftwareName") or "", 200),
        "version": fit(root, "Software version", _text(facts, "SoftwareVersion") or "", 30),
    }
    return {**root, "seqCall": {member: text for member, text in call.items() if text}, "steps": steps}


def _facts(rows: Iterable[Row], made: dict[str, Any], source: Source) -> Facts:
    """Sort the lines of a header: known keys are returned, the others become sub units and misc infos."""
    facts: Facts = {}
    for row in rows:
        key, *values = row.cells
        if key == "Subunit":
            made.setdefault("subUnits", []).append(_sub_unit(row))
        elif key in _KNOWN:
            if key in facts and facts[key].cells[1:2] != row.cells[1:2]:
                line = facts[key].line
                raise Refused(
                    f"stands here and in line {line} with another value", place=row.place, field=key
                )
            facts[key] = row
        elif not any(values):
            source.warn(f"{row.place}: {shown(key)} has no value, left out")
        elif key:
            remember(made, key, "\t".join(values).strip())
        else:
            raise Refused("a value without a key", place=row.place)
    return facts


def _sub_unit(row: Row) -> dict[str, Any]:
    part_type, pn, sn, rev = (*row.cells[1:5], "", "", "", "")[:4]
    for name, value in (("part number", pn), ("serial number", sn)):
        if not value:
            raise Refused("a sub unit without one", place=row.place, field=name)
    return {"partType": part_type or None, "pn": pn, "sn": sn, "rev": rev or None}


def _text(facts: Facts, key: str) -> str | None:
    row = facts.get(key)
    return "\t".join(row.cells[1:]).strip() or None if row else None


def _put(key: str, row: Row, made: dict[str, Any], uut: dict[str, Any]) -> None:
    text = "\t".join(row.cells[1:]).strip()
    if not text:
        return
    if key in _TEXTS:
        member, under_uut = _TEXTS[key]
        (uut if under_uut else made)[member] = text
    elif key in _NUMBERS:
        member, under_uut, read = _NUMBERS[key]
        try:
            (uut if under_uut else made)[member] = read(text)
        except ValueError as error:
            raise Refused(str(error), place=row.place, field=key) from None


def _active(facts: Facts) -> bool:
    mode = (_text(facts, "ConverterMode") or "Active").lower()
    if mode not in {"active", "import"}:
        place = facts["ConverterMode"].place
        raise Refused(f"{shown(mode)} is neither Active nor Import", place=place, field="ConverterMode")
    return mode == "active"


def _result(facts: Facts, made: dict[str, Any], steps: list[Step]) -> None:
    """The unit's result: as given, else what the steps come to."""
    given = _text(facts, "UUTStatus")
    if given is None:
        if not steps or not _active(facts):
            raise Refused("the file has none", field="result", fix="the tester must write UUTStatus")
        # Done and skipped steps failed nobody.
        made["result"] = {"D": "P", "S": "P"}.get(together := StepReader.together(steps), together)
    elif (result := RESULTS.get(given.lower())) is None:
        raise Refused(f"{shown(given)} is not a result", place=facts["UUTStatus"].place, field="result")
    else:
        made["result"] = result


def _start(facts: Facts, made: dict[str, Any], source: Source, options: Options) -> None:
    local, universal = _date(facts, "StartDateTime"), _date(facts, "UTCStartDateTime")
    if universal is not None and universal.tzinfo is None:
        universal = universal.replace(tzinfo=UTC)
    moment = local if local is not None else universal
    if local is not None and local.tzinfo is None and universal is not None:
        moment = _between(local, universal, facts["UTCStartDateTime"])
    if moment is not None:  # finish() names what is missing
        begin(made, moment, source, options)


def _date(facts: Facts, key: str) -> datetime | None:
    text = _text(facts, key)
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text) if _DATE.fullmatch(text) else None
    except ValueError:
        moment = None
    if moment is None:
        reason = f"{shown(text)} is not a date like 2026-03-17T08:14:05"
        raise Refused(reason, place=facts[key].place, field="start")
    return moment


def _between(local: datetime, universal: datetime, row: Row) -> datetime:
    """The local time with the offset that the two clock times of the file are apart."""
    offset = local.replace(tzinfo=UTC) - universal
    if abs(offset) > timedelta(hours=14) or offset % timedelta(minutes=15):
        raise Refused(f"{offset} is no time zone", place=row.place, field="start")
    return local.replace(tzinfo=timezone(offset))
