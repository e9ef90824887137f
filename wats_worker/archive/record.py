"""The record of one file: everything that is to be known of it later, in one document.

It holds no bytes but names them by their checksums. The fields only grow: what an older release wrote is read
by a newer one, and what a newer release added is left alone by an older one.
"""

from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict

from wats_worker.spool.made import UNTOLD, Making, ReportCard
from wats_worker.spool.model import FileMeta

VERSION: Final = 1


class Blob(BaseModel):
    """Bytes by content."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    sha256: str
    size: int


class Happening(BaseModel):
    """One line of a file's story, as the journal had it."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    at: float  #: seconds since 1970
    event: str
    facts: dict[str, Any] = {}


class KeptReport(BaseModel):
    """One report: what it is found by, where its bytes are, and what the server said."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    card: ReportCard
    #: The checksum of its body, and where that lies in the bodies of all reports. Empty: the bytes were lost.
    sha256: str = ""
    offset: int = 0
    size: int = 0
    #: The server's answers, and the words of whoever gave it up, in their order.
    receipts: tuple[dict[str, Any], ...] = ()

    @property
    def stored_as(self) -> str:
        """The id under which the server has it; empty if it never said."""
        said = (receipt.get("stored_as") for receipt in self.receipts)
        return next((str(one) for one in said if one), "")


class KeptFile(BaseModel):
    """One file from its claim until its last report was confirmed."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    version: Literal[1] = VERSION
    edition: int  #: 1, and one more after each replay
    archived_at: float  #: seconds since 1970, by the clock of the journal
    card: FileMeta
    original: Blob | None  #: None: nobody wanted the bytes to be kept
    how: Making = UNTOLD
    reports: tuple[KeptReport, ...] = ()
    bodies: Blob | None = None  #: of all reports, one behind the other
    post_action: str = ""
    post_folder: str = ""
    #: Every attempt, as far as the journal remembered; it tells of the last hundred events.
    story: tuple[Happening, ...] = ()

    @property
    def file_id(self) -> str:
        """Which file."""
        return self.card.file_id

    def is_of(self, card: FileMeta) -> bool:
        """Whether it tells of this very stay in the spool, and not of one before a replay."""
        return (self.card.claimed_at, self.card.replayed_at) == (card.claimed_at, card.replayed_at)

    def report(self, report_id: str) -> KeptReport | None:
        """One of its reports, by any of the ids it goes by."""
        for one in self.reports:
            if report_id in {one.card.report_id, one.card.sent_as, one.stored_as}:
                return one
        return None
