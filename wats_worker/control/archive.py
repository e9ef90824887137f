"""``/archive``: what is kept of delivered files, to the byte."""

from typing import Annotated, Final

from fastapi import APIRouter, Path, Query, Response

from wats_worker.archive.record import KeptFile
from wats_worker.control import problems
from wats_worker.control.bytes import MOST_BYTES, as_download
from wats_worker.control.desk import Desk
from wats_worker.control.door import Reads
from wats_worker.control.models.asking import FileBeginning

#: Usually a UUID, but a log may bring an id of its own.
_REPORT: Final = r"^[0-9A-Za-z][0-9A-Za-z_.-]{0,127}$"

Edition = Annotated[
    int | None, Query(ge=1, le=1_000_000, description="Before which replay; else after the last.")
]


def router(desk: Desk) -> APIRouter:
    """The routes."""
    rooms = APIRouter(prefix="/archive", tags=["archive"])

    @rooms.get("/{file}")
    def record(file: FileBeginning, _: Reads, edition: Edition = None) -> KeptFile:
        """Tell everything that is kept of a delivered file but its bytes."""
        return kept(desk, desk.whole(file), edition)

    @rooms.get(
        "/{file}/original",
        response_class=Response,
        responses={200: {"content": {"application/octet-stream": {}}, "description": "The bytes."}},
    )
    def original(
        file: FileBeginning,
        _: Reads,
        offset: Annotated[int, Query(ge=0, le=1 << 50)] = 0,
        length: Annotated[int, Query(ge=1, le=MOST_BYTES)] = MOST_BYTES,
    ) -> Response:
        """Give the bytes that a tester wrote, a piece at a time; each is proved by its checksum."""
        found = kept(desk, desk.whole(file))
        return as_download(found.file_id, *original_part(desk, found, offset, length))

    @rooms.get(
        "/{file}/reports/{report}",
        response_class=Response,
        responses={200: {"content": {"application/octet-stream": {}}, "description": "The report."}},
    )
    def report(
        file: FileBeginning,
        report: Annotated[str, Path(description="By any of the ids it goes by.", pattern=_REPORT)],
        _: Reads,
        edition: Edition = None,
    ) -> Response:
        """Give one report as it was sent, proved by its checksum."""
        found = kept(desk, desk.whole(file), edition)
        body = desk.archive().report(found, report)
        return as_download(report, body, len(body))

    return rooms


def kept(desk: Desk, file_id: str, edition: int | None = None) -> KeptFile:
    """The record of a file.

    Raises:
        Problem: the archive has none.
    """
    found = desk.archive().record(file_id, edition)
    if found is None:
        what = f"file {file_id}" if edition is None else f"edition {edition} of file {file_id}"
        raise problems.not_found(
            f"the archive does not have {what}", fix="a file comes to it when all of it is delivered"
        )
    return found


def original_part(desk: Desk, found: KeptFile, offset: int, length: int) -> tuple[bytes, int]:
    """Some of the bytes of an archived file, and how many there are.

    Raises:
        Problem: they are not kept.
    """
    if found.original is None or not desk.archive().has_bytes(found.original):
        raise problems.not_found(
            f"the bytes of {found.file_id} are not kept", fix="its source's post action is to delete them"
        )
    return desk.archive().part(found.original, offset, length), found.original.size
