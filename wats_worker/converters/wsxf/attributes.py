"""Attributes of WSXF and the members of the wire they are. One that nobody knows is not lost in silence."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, cast

from lxml.etree import _Element

from wats_worker.converters.base import Refused
from wats_worker.converters.markup import local, place
from wats_worker.converters.texts import number, shown, whole, wire_number

Read = Callable[[str], Any]
#: The member of an attribute, and how its text is read; None for attributes that say nothing of their own.
Table = Mapping[str, tuple[str, Read] | None]


def text(written: str) -> str:
    """A text stays as it is."""
    return written


def real(written: str) -> float | str:
    """A number, as the wire has it."""
    return wire_number(number(written))


def flag(written: str) -> bool:
    """True or false, as XML Schema writes them."""
    return {"true": True, "1": True, "false": False, "0": False}[written.strip().lower()]


def word(words: Mapping[str, str]) -> Read:
    """A reader for one of these words."""
    return lambda written: words[written.strip()]


RESULTS: Final = {"Passed": "P", "Failed": "F", "Error": "E", "Terminated": "T"}
STATUSES: Final = {**RESULTS, "Done": "D", "Skipped": "S"}
_GROUPS: Final = {"Setup": "S", "Main": "M", "Cleanup": "C"}
_ORDER: Final[Table] = {"MeasIndex": None, "MeasOrderNumber": None}  # the order of the elements says the same
_STATUS: Final = ("status", word({"Passed": "P", "Failed": "F", "Skipped": "S"}))

REPORT: Final[Table] = {
    "type": ("type", word({"UUT": "T", "UUR": "R"})),
    "ID": ("id", str.lower),
    "SN": ("sn", text),
    "PN": ("pn", text),
    "Rev": ("rev", text),
    "Start": ("start", text),
    "Start_utc": ("startUTC", text),
    "Result": ("result", word(RESULTS)),
    "MachineName": ("machineName", text),
    "Location": ("location", text),
    "Purpose": ("purpose", text),
    "origin": None,  # the server fills these two
    "ProductName": None,
}
PROCESS: Final[Table] = {
    "Code": ("processCode", whole),
    "CodeFormat": ("processCodeFormat", text),
    "Name": ("processName", text),
}
UUT: Final[Table] = {
    "UserLoginName": ("user", text),
    "BatchSN": ("batchSN", text),
    "TestSocketIndex": ("testSocketIndex", whole),
    "TestSocketIndexFormat": ("testSocketIndexFormat", text),
    "ExecutionTime": ("execTime", real),
    "ExecutionTimeFormat": ("execTimeFormat", text),
    "FixtureId": ("fixtureId", text),
    "ErrorCode": ("errorCode", whole),
    "ErrorCodeFormat": ("errorCodeFormat", text),
    "ErrorMessage": ("errorMessage", text),
    "BatchFailCount": ("batchFailCount", whole),
    "BatchFailCountFormat": ("batchFailCountFormat", text),
    "BatchLoopIndex": ("batchLoopIndex", whole),
    "BatchLoopIndexFormat": ("batchLoopIndexFormat", text),
    "StepIdCausedUUTFailure": ("stepIdCausedUUTFailure", whole),
}
UUR: Final[Table] = {
    "UserLoginName": ("user", text),
    "ConfirmDate": ("confirmDate", text),
    "FinalizeDate": ("finalizeDate", text),
    "ExecutionTime": ("execTime", real),
    "ReferencedUUT": ("refUUT", text),
    "Parent": ("parent", text),
    "Active": None,  # the wire has no place for it
}
INFO: Final[Table] = {
    "Description": ("description", text),
    "Typedef": ("typedef", text),
    "Numeric": ("numeric", whole),
    "NumericFormat": ("numericFormat", text),
    "Id": ("id", text),
    "idx": None,
    "order_no": None,
}
UNIT: Final[Table] = {
    "PartType": ("partType", text),
    "PN": ("pn", text),
    "SN": ("sn", text),
    "Rev": ("rev", text),
    "Position": ("position", whole),
    "Idx": ("idx", whole),
    "ParentIDX": ("parentIdx", whole),
    "ReplacedIDX": ("replacedIdx", whole),
}
FAILURE: Final[Table] = {
    "Category": ("category", text),
    "Code": ("code", text),
    "CompRef": ("comRef", text),
    "StepID": ("refStepId", whole),
    "StepName": ("refStepName", text),
    "FunctionBlock": ("funcBlock", text),
    "ArticleNumber": ("artNumber", text),
    "ArticleRevision": ("artRev", text),
    "ArticleVendor": ("artVendor", text),
    "ArticleDescription": ("artDescription", text),
    "PartIdx": ("partIdx", whole),
    "Idx": ("idx", whole),
}
BINARY: Final[Table] = {
    "ContentType": ("contentType", text),
    "FileName": ("name", text),
    "BinaryDataGUID": ("id", text),
    "size": None,  # the data says the same
}
ASSET: Final[Table] = {
    "AssetSN": ("assetSN", text),
    "UsageCount": ("usageCount", whole),
    "UsageCountFormat": ("usageCountFormat", text),
}
STEP: Final[Table] = {
    "Id": ("id", whole),
    "Group": ("group", word(_GROUPS)),
    "Name": ("name", text),
    "StepType": ("stepType", text),
    "Status": ("status", word(STATUSES)),
    "Start": ("start", text),
    "total_time": ("totTime", real),
    "total_timeFormat": ("totTimeFormat", text),
    "StepErrorCode": ("errorCode", whole),
    "StepErrorCodeFormat": ("errorCodeFormat", text),
    "StepErrorMessage": ("errorMessage", text),
    "StepCausedSequenceFailure": ("causedSeqFailure", flag),
    "StepCausedUUTFailure": ("causedUUTFailure", flag),
    "TSGuid": ("tsGuid", text),
    "InteractiveExeNum": ("interactiveExeNum", whole),
    "InteractiveExeNumFormat": ("interactiveExeNumFormat", text),
    "StepIndex": None,  # the order of the elements says the same
    "Idx": None,
    "module_time": None,  # the wire has no place for it
    "module_timeFormat": None,
}
CALL: Final[Table] = {
    **_ORDER,
    "Name": ("name", text),
    "Version": ("version", text),
    "Filepath": ("path", text),
    "Filename": ("file", text),
}
NUMERIC: Final[Table] = {
    **_ORDER,
    "Name": ("name", text),
    "NumericValue": ("value", real),
    "NumericValueFormat": ("valueFormat", text),
    "Units": ("unit", text),
    "CompOperator": ("compOp", text),
    "LowLimit": ("lowLimit", real),
    "LowLimitFormat": ("lowLimitFormat", text),
    "HighLimit": ("highLimit", real),
    "HighLimitFormat": ("highLimitFormat", text),
    "Status": _STATUS,
}
STRING: Final[Table] = {
    **_ORDER,
    "Name": ("name", text),
    "StringValue": ("value", text),
    "StringLimit": ("limit", text),
    "CompOperator": ("compOp", text),
    "Status": _STATUS,
}
PASS_FAIL: Final[Table] = {**_ORDER, "Name": ("name", text), "Status": _STATUS}
POPUP: Final[Table] = {
    **_ORDER,
    "Button": ("button", whole),
    "ButtonFormat": ("buttonFormat", text),
    "Response": ("response", text),
}
EXE: Final[Table] = {**_ORDER, "ExitCode": ("exitCode", real), "ExitCodeFormat": ("exitCodeFormat", text)}
LOOP: Final[Table] = {
    "num": ("num", whole),
    "index": ("idx", whole),
    "ending_index": ("endingIndex", whole),
    "passed": ("passed", whole),
    "failed": ("failed", whole),
}
CHART: Final[Table] = {
    "ChartType": ("chartType", text),
    "Label": ("label", text),
    "XLabel": ("xLabel", text),
    "XUnit": ("xUnit", text),
    "YLabel": ("yLabel", text),
    "YUnit": ("yUnit", text),
    "idx": None,
}
SERIES: Final[Table] = {"Name": ("name", text), "DataType": ("dataType", text), "idx": None}
ATTACHMENT: Final[Table] = {"Name": ("name", text), "ContentType": ("contentType", text)}
FREE: Final[Table] = {"Name": ("name", text), "Idx": None}


_UNKNOWN: Final[tuple[str, Read]] = ("", text)


def members(element: _Element, table: Table, ignored: Iterable[str] = ()) -> dict[str, Any]:
    """An element's attributes as members of the wire; an empty attribute is an absent one.

    Raises:
        Refused: an attribute is unknown, or its text can't be read.
    """
    made: dict[str, Any] = {}
    attributes = cast("list[tuple[str, str]]", element.items())  # texts, as the document is one
    for key, written in attributes:
        if not written or written.isspace():
            continue  # the same as null
        entry = table.get(key, _UNKNOWN)
        if entry is None:
            continue
        if entry is _UNKNOWN:
            if key in ignored or key.startswith("{"):
                continue  # of XML itself, such as xsi:nil
            raise Refused(
                "WATS knows no such attribute, and would lose it",
                place=place(element),
                field=f"{local(element)} {key}",
            )
        member, read = entry
        try:
            made[member] = read(written)
        except (ValueError, KeyError):
            raise Refused(
                f"{shown(written)} can't be read", place=place(element), field=f"{local(element)} {key}"
            ) from None
    return made
