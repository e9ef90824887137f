"""The fields of a header query, and where they come from."""

from collections.abc import Mapping
from typing import Final

#: The fields of a header row and the columns they come from.
FIELDS: Final[Mapping[str, str]] = {
    "uuid": "uuid",
    "serialNumber": "serialNumber",
    "partNumber": "partNumber",
    "reportType": "reportType",
    "start": "start",
    "revision": "revision",
    "result": "result",
    "batchNumber": "batchNumber",
    "userName": "userName",
    "stationName": "stationName",
    "location": "location",
    "purpose": "purpose",
    "measuresDeleted": "0",
    "timeStamp": "timeStamp",
    "processCode": "processCode",
    "processName": "processName",
    "comment": "comment",
    "executionTime": "executionTime",
    "swFilename": "swFilename",
    "swVersion": "swVersion",
    "testSocketIndex": "testSocketIndex",
    "fixtureId": "fixtureId",
    "errorCode": "errorCode",
    "errorMessage": "errorMessage",
    "run": "NULL",  # the statistics behind these two are not simulated
    "passedInRun": "NULL",
    "receiveCount": "receiveCount",
    "reportSize": "reportSize",
    "causedUutFailure": "causedUutFailure",
    "causedUutFailurePath": "causedUutFailurePath",
    "referencedUut": "referencedUut",
}
_BY_LOWER: Final = {name.lower(): name for name in FIELDS}


class BadQuery(ValueError):
    """The query is not in the part of OData that is taken."""


def column(name: str) -> str:
    """Find a field without regard to case.

    Raises:
        BadQuery: there is none of that name.
    """
    try:
        return _BY_LOWER[name.lower()]
    except KeyError:
        raise BadQuery(f"there is no field '{name}'") from None
