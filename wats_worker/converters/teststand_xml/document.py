"""From one report element to the report's document: the header, the result, the root."""

from typing import Any, Final

from wats_worker.converters import markup
from wats_worker.converters.base import NotReady, Refused, Source
from wats_worker.converters.finish import begin, remember
from wats_worker.converters.teststand_xml.dates import clock
from wats_worker.converters.teststand_xml.options import UNDER_WAY, Options
from wats_worker.converters.teststand_xml.props import Props
from wats_worker.converters.teststand_xml.results import Results
from wats_worker.converters.teststand_xml.trees import trees
from wats_worker.converters.texts import shown, whole

_NO_ID: Final = "00000000-0000-0000-0000-000000000000"

Document = dict[str, Any]


def document(report: Props, source: Source, options: Options) -> Document:
    """Put one report into wire form.

    Raises:
        Refused: something can't be read, or contradicts something else; its line is named.
    """
    report.comma = bool(report.flag("ReportOptions.UseLocalizedDecimalPoint"))
    made: Document = {"type": "T", "uut": {}}
    _product(report, made, options)
    _station(report, made)
    _start(report, made, source, options)
    _unit(report, made)
    _lists(report, made)
    main = _main(report)
    made["result"] = _result(report, main, source, options)
    made["root"] = Results(report, source, options).root(main, made["result"])
    _outcome(report, main, made["uut"])
    return made


def serial_number(report: Props) -> str | None:
    """Whose report this is; None when it doesn't say."""
    return _agreed(report, "serial number", report.text("UUT.SerialNumber"), _info(report, "SN"))


def _info(report: Props, key: str) -> str | None:
    """A line of a dump: <ReportInfo key='Start' value='…'/>."""
    values = {
        info.get("value", "").strip()
        for info in report.element.iterchildren("ReportInfo")
        if info.get("key") == key
    }
    if len(values) > 1:
        raise Refused("ReportInfo has two values", place=report.place, field=key)
    return values.pop() or None if values else None


def _agreed(report: Props, field: str, *facts: str | None) -> str | None:
    """The one value that several places give; they must not differ."""
    given = {fact for fact in facts if fact}
    if len(given) > 1:
        raise Refused(
            f"the file has {' and '.join(sorted(map(shown, given)))}", place=report.place, field=field
        )
    return given.pop() if given else None


def _product(report: Props, made: Document, options: Options) -> None:
    uut_part = report.text(f"UUT.{options.part_number_property}") if options.part_number_property else None
    part = (
        uut_part or report.text("UUT.UUTPartNumber") or report.text("UUT.PartNumber") or _info(report, "PN")
    )
    facts = {
        "id": _info(report, "ID"),
        "sn": serial_number(report),
        "pn": part,
        "rev": report.text("UUT.UUTPartRevisionNumber") or _info(report, "Rev"),
    }
    if facts["id"] == _NO_ID:
        facts["id"] = None
    made.update({member: fact for member, fact in facts.items() if fact})
    _process(report, made)


def _process(report: Props, made: Document) -> None:
    text = report.text("UUT.UUTOperationType") or _info(report, "PCode")
    if text:
        try:
            made["processCode"] = whole(text)
        except ValueError:  # some sites write the name there
            made["processName"] = text
    elif code := report.whole("UUT.UUTOperationTypeDetails.OpTypeCodeInt", 16):
        made["processCode"] = code
    elif name := report.text("UUT.UUTOperationTypeDetails.OpTypeName"):
        made["processName"] = name


def _station(report: Props, made: Document) -> None:
    facts = {
        "machineName": report.text("StationInfo.StationID") or report.text("StationInfo.StationComputerName"),
        "location": report.text("StationInfo.Location"),
        "purpose": report.text("StationInfo.Purpose"),
    }
    made.update({member: fact for member, fact in facts.items() if fact})
    if user := report.text("StationInfo.LoginName"):
        made["uut"]["user"] = user


def _start(report: Props, made: Document, source: Source, options: Options) -> None:
    if start := _info(report, "Start"):  # a dump has it with its offset
        made["start"] = start
    elif (local := clock(report, source, options)) is not None:
        begin(made, local, source, options)


def _unit(report: Props, made: Document) -> None:
    batch, lot = report.text("UUT.BatchSerialNumber"), report.text("UUT.LotNumber")
    if batch and lot and lot != batch:
        remember(made, "Lot number", lot)
    uut = made["uut"]
    uut |= {
        "batchSN": batch or lot,
        "fixtureId": report.text("UUT.UUT_Fixture_ID"),
        "comment": report.text("UUT.Comment"),
        "batchLoopIndex": report.whole("UUT.UUTLoopIndex"),
        "batchFailCount": report.whole("UUT.BatchFailCount"),
    }
    socket = report.whole("UUT.TestSocketIndex", 16)
    if socket is not None and socket >= 0:  # -1 is the sequential model: there are no sockets
        uut["testSocketIndex"] = socket


def _lists(report: Props, made: Document) -> None:
    """Misc infos, sub units and assets that the WATS step types collect, and free additional data."""
    for info in report.items("UUT.MiscUUTResult.Misc_UUT_Info"):
        if description := info.text("Description"):
            remember(made, description, info.text("Data_String") or _plain(info.number("Data_Numeric")))
    parts = [
        {
            "partType": part.text("Part_Type"),
            "pn": part.text("Part_Number"),
            "sn": part.text("Part_Serial_Number") or "",
            "rev": part.text("Part_Revision_Number"),
        }
        for part in report.items("UUT.MiscUUTResult.UUT_Part_Info")
        if part.text("Part_Number")
    ]
    assets = [
        {"assetSN": serial, "usageCount": asset.whole("UsageCount")}
        for asset in report.items("UUT.MiscUUTResult.Asset_Info")
        if (serial := asset.text("AssetSerialNumber"))
    ]
    free = [*trees(report.get("UUT.AdditionalData")), *trees(report.get("StationInfo.AdditionalData"))]
    made.update(
        {
            member: rows
            for member, rows in (("subUnits", parts), ("assets", assets), ("additionalData", free))
            if rows
        }
    )


def _plain(value: float | None) -> str:
    return "" if value is None else f"{value:.15g}"


def _main(report: Props) -> Props | None:
    """The result of the main sequence."""
    dumped = report.get("MainSequenceResults")
    if dumped is not None:
        if dumped.element.get("Type") == "TEResult":
            return dumped
        return next(iter(report.items("MainSequenceResults")), None)
    nested = report.element.find("Report")
    found = list(report.results()) or (
        list(Props(nested, comma=report.comma).results()) if nested is not None else []
    )
    if len(found) > 1:
        raise Refused("two main sequences in one report", place=found[1].place)
    return found[0] if found else None


def _result(report: Props, main: Props | None, source: Source, options: Options) -> str:
    """The unit's result: what the report's own attribute says, else the status of the main sequence."""
    letters = options.letters()
    status = main.text("Status") if main is not None else None
    word = report.element.get("UUTResult", "").strip() or status
    if not word:
        raise Refused("the file has none", place=report.place, field="result")
    letter = letters.get(word.lower())
    if letter is None and word.lower() in UNDER_WAY:
        raise NotReady(f"{report.place}: the unit's result is {shown(word)}")
    if letter is None:
        raise Refused(f"{shown(word)} is not a result", place=report.place, field="result")
    result = {"D": "P", "S": "P"}.get(letter, letter)  # ran, or had nothing to run: failed nobody
    if result == "P" and letters.get((status or "").lower()) in {"F", "E", "T"}:
        source.warn(f"{report.place}: the unit is {word}, but its main sequence {status}")
    return result


def _outcome(report: Props, main: Props | None, uut: Document) -> None:
    """How long it took and what went wrong, in the main sequence or, failing that, in making the report."""
    if main is not None:
        seconds = main.number("TS.TotalTime")
        if seconds is not None and 0 <= seconds < float("inf"):
            uut["execTime"] = seconds
        code, text = main.whole("Error.Code"), main.text("Error.Msg")
        if code or text or main.flag("Error.Occurred"):
            uut["errorCode"] = code
            if text:
                uut["errorMessage"] = text[:500]
    told = markup.text(report.element.find("ErrorText"))
    if told and "errorMessage" not in uut:
        uut["errorMessage"] = told[:500]
