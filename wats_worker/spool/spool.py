"""The interface: what the stages ask of a spool, whether its files lie on a disk or in an object store.

It has two sides. What is about to come in always lands on the disk of the host that takes it in, because only
there a file can be moved out of a watch folder in one step. What has come in belongs to everybody.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol

from wats_worker.spool.made import UNTOLD, Made, Making, ReportCard
from wats_worker.spool.model import Claimable, Claimed, DiskRoom, FileMeta, Place
from wats_worker.spool.post_actions import PostAction


class Draft(Protocol):
    """The reports of a file while they are made: all of them count from ``keep`` on, or none does."""

    def add(self, card: ReportCard, body: bytes) -> None:
        """Take the next report."""

    def clear(self) -> None:
        """Forget all reports so far."""

    def keep(self, how: Making) -> None:
        """Make these the reports of the file, in place of those of an earlier attempt, and durable.

        Raises:
            NotInSpool: the file does not wait any more.
            SpoolUnusable: what was there before is still there.
        """


class Spool(Protocol):
    """Every claimed file and every undelivered report. Many processes and threads may use one at once.

    Every method may raise ``SpoolUnusable``: nothing was lost, and it is tried again later. A method that
    takes a file id raises ``BadId`` for what is none, and ``NotInSpool`` where it needs a file that is not
    there.
    """

    @property
    def root(self) -> Path:
        """The folder of this host: of the whole spool, or of what has not come to the store yet."""

    # Taking files in, on the host that has them

    def claim(
        self, files: Sequence[Claimable], *, keep: bool, give_up: Callable[[], bool] = bool
    ) -> list[Claimed]:
        """Take finished files out of their watch folder, or copies; answers in the order of the question."""

    def landing(self) -> AbstractContextManager[Path]:
        """A private folder for bytes about to be claimed; what stays in it goes, after a crash too."""

    def dispose(self, claimed: Claimed, action: PostAction, folder: Path) -> None:
        """End a second copy of bytes the spool knows: to the done folder if files go there, else away."""

    def finish_removals(self, source: str) -> dict[str, str]:
        """Go on with what was left of units that were taken; by their names, why some of it can't go."""

    def recover(self) -> list[str]:
        """Complete or throw away what dead processes left half-made; the files that came in by it."""

    def changed(self, file_id: str) -> bool:
        """Whether somebody wrote to a file after it was claimed."""

    def reidentify(self, file_id: str) -> str | None:
        """Give such a file the id it should have; nothing while somebody still writes to it."""

    def local_clock_device(self) -> int | None:
        """The device files land on, if the times of files there are told by this machine's own clock."""

    def kept(self, source: str) -> Path:
        """Where this host writes down what it took from a source that keeps its files."""

    def polled(self, source: str) -> Path:
        """Where this host writes down what it took from a scheduled source."""

    def grown(self, source: str) -> Path:
        """Where this host writes down how far it took the growing files of a source."""

    def keep_processes(self, copy: str) -> None:
        """Keep the server's process list for when neither server nor broker can be asked."""

    # Looking

    def room(self) -> DiskRoom:
        """Whether it takes anything just now, and what is wrong if not."""

    def place(self, file_id: str) -> Place | None:
        """Where a file is, if it is here."""

    def places(self, file_ids: Sequence[str]) -> list[Place | None]:
        """The same for many."""

    def meta(self, file_id: str) -> FileMeta:
        """The card of a file."""

    def bytes_of(self, file_id: str) -> AbstractContextManager[Path]:
        """A file with its bytes, for as long as the block lasts. Where they are gone it is not there."""

    def has_bytes(self, file_id: str) -> bool:
        """Whether the bytes of a file are there. Its post action may have taken them away."""

    def piece(self, file_id: str, start: int, size: int) -> tuple[bytes, int] | None:
        """So many bytes of a file from a place on, and how many it has; None if they are not there."""

    def waiting(self) -> Iterator[str]:
        """The ids of all files that are not finished, in no order. Seldom one has just been."""

    def quarantined(self) -> Iterator[str]:
        """The ids of all files that a person has to look at, in no order. Seldom one has just moved on."""

    def finished(self) -> Iterator[str]:
        """The ids of all files that are to go into the archive, in no order."""

    # Reports

    def draft(self, file_id: str) -> AbstractContextManager[Draft]:
        """A place for the reports of a waiting file while they are made."""

    def save_reports(self, file_id: str, made: Mapping[str, bytes], how: Making = UNTOLD) -> None:
        """A draft of these reports, kept."""

    def converted(self, file_id: str) -> bool:
        """Whether the reports of a file are here, be it that all of them are delivered already."""

    def made(self, file_id: str) -> Made:
        """How the reports of a file were made, and of what they tell."""

    def pending(self, file_id: str) -> list[str]:
        """The reports of a file that are not confirmed yet, in their order."""

    def report(self, file_id: str, report_id: str) -> bytes:
        """The JSON of a report that is not confirmed yet."""

    def delivered(self, file_id: str, report_id: str, receipt: Mapping[str, Any]) -> int:
        """Note that the server has confirmed a report; how many are left, or a hundred of many."""

    def receipt(self, file_id: str, report_id: str) -> dict[str, Any] | None:
        """What the server said to a report, if it is delivered."""

    def receipts(self, file_id: str) -> list[dict[str, Any]]:
        """What the server said to the delivered reports of a file. After a crash one may be there twice."""

    def body(self, file_id: str, report_id: str) -> bytes | None:
        """The JSON of a report of a finished file; None if it was lost before it was given up."""

    def discard(self, file_id: str, report_id: str, receipt: Mapping[str, Any]) -> int:
        """A person gave up a report, whose bytes may be missing; how many of the file are still pending."""

    # Moving files on: each is one step, and a second time it is boring

    def quarantine(self, file_id: str, reason: Mapping[str, Any], stderr: bytes) -> None:
        """Lay a waiting file aside for a person, with the reason and what its converter said."""

    def reason(self, file_id: str) -> dict[str, Any]:
        """Why a file is in quarantine."""

    def stderr(self, file_id: str, *, most: int) -> bytes:
        """The end of what the converter of a quarantined file said, up to so many bytes."""

    def replay(self, file_id: str, *, converter: str = "") -> None:
        """Take a file out of quarantine, to be converted again from the beginning."""

    def restore(self, card: FileMeta, content: Iterable[bytes]) -> bool:
        """Put a file back that was archived; whether it is here now by this."""

    def finish(self, file_id: str) -> bool:
        """Lay a file whose reports are all delivered where it waits for the archive; whether it is there."""

    def act(self, file_id: str, action: PostAction, folder: Path) -> None:
        """Do the post action of a finished file. It may be repeated.

        Raises:
            PostActionFailed: the bytes could not be put where they should go; try again later.
        """

    def leave(self, file_id: str) -> None:
        """Forget a finished file. Whoever says so has seen all of it in the archive."""

    def close(self) -> None:
        """Leave nothing half-made behind."""
