"""The spool as its users see it: one object, file ids in, bytes out. The layout is told in the package.

Rule of durability: what has to exist before something else may disappear is flushed (cards before the
original leaves its folder, reports before the journal says *converted*). What a power cut would only make us
do again is not (a receipt lost that way costs one repeated delivery under the same id).
"""

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

from wats_broker.files import create, fsync_folder, write_atomically
from wats_worker.spool import post_actions, reports
from wats_worker.spool.claim import store
from wats_worker.spool.draft import Draft
from wats_worker.spool.errors import NotInSpool, disk_weather
from wats_worker.spool.landing import Landing
from wats_worker.spool.made import UNTOLD, Made, Making, ReportCard
from wats_worker.spool.model import FileMeta, Place
from wats_worker.spool.post_actions import PostAction


class DiskSpool(Landing):
    """Every claimed file and every undelivered report, on disk.

    One spool may be used by many processes and threads at once. Objects may be carried over a fork.
    """

    # Reports

    @contextmanager
    def draft(self, file_id: str) -> Iterator[Draft]:
        """A place for the reports of a file while they are made. What is not kept by then is gone at the end.

        Raises:
            NotInSpool: the file is not waiting here.
            SpoolUnusable: the disk takes nothing.
        """
        home = self._path(file_id, Place.WAITING)
        if not home.is_dir():
            raise NotInSpool(f"file {file_id} is not waiting in the spool")
        with ExitStack() as held:
            with disk_weather(self.root):
                corner = held.enter_context(self._incoming.corner())
            draft = Draft(root=self.root, corner=corner, home=home, step=self._step)
            held.callback(draft.close)
            yield draft

    def save_reports(self, file_id: str, made: Mapping[str, bytes], how: Making = UNTOLD) -> None:
        """Keep the reports of a file, in their order, in place of those of an earlier attempt.

        They are all there or none is, and they are durable when this returns. Reports that a receipt says are
        delivered do not become pending again.

        Raises:
            NotInSpool: the file is not waiting here.
            SpoolUnusable: the disk takes nothing; what was there before is still there.
        """
        with self.draft(file_id) as draft:
            for report_id, body in made.items():
                draft.add(ReportCard(report_id=report_id), body)
            draft.keep(how)

    def converted(self, file_id: str) -> bool:
        """Whether the reports of a file are here, be it that all of them are delivered already."""
        return reports.are_made(self._folder(file_id))

    def pending(self, file_id: str) -> list[str]:
        """The reports of a file that are not confirmed yet, in their order."""
        return reports.pending(self._folder(file_id))

    def report(self, file_id: str, report_id: str) -> bytes:
        """The JSON of a report that is not confirmed yet."""
        try:
            return reports.path(self._folder(file_id), report_id).read_bytes()
        except FileNotFoundError:
            raise NotInSpool(f"file {file_id} has no pending report {report_id}") from None

    def body(self, file_id: str, report_id: str) -> bytes | None:
        """The JSON of a report of a finished file; None if it was lost before it was given up."""
        try:
            return reports.body_path(self._folder(file_id), report_id).read_bytes()
        except FileNotFoundError:
            return None

    def receipt(self, file_id: str, report_id: str) -> dict[str, Any] | None:
        """What the server said to a report, if it is delivered."""
        return next((one for one in self.receipts(file_id) if one["report_id"] == report_id), None)

    def delivered(self, file_id: str, report_id: str, receipt: Mapping[str, Any]) -> int:
        """Note that the server has confirmed a report and return how many of the file are still pending.

        Where they are very many the answer is a hundred.
        """
        home = self._folder(file_id)
        if reports.path(home, report_id).exists():
            with disk_weather(self.root):
                reports.note_receipt(home, report_id, receipt)
                self._step("move-report")
                reports.move_to_sent(home, report_id)
        return reports.left(home)

    def made(self, file_id: str) -> Made:
        """How the reports of a file were made, and of what they tell."""
        return reports.made(self._folder(file_id))

    def receipts(self, file_id: str) -> list[dict[str, Any]]:
        """What the server said to the delivered reports of a file. After a crash one may be there twice."""
        return reports.receipts(self._folder(file_id))

    # Moving files on

    def quarantine(self, file_id: str, reason: Mapping[str, Any], stderr: bytes) -> None:
        """Lay a file aside for a person, with the reason and what its converter said."""
        home = self._path(file_id, Place.WAITING)
        if not home.is_dir():
            return
        with disk_weather(self.root):
            write_atomically(home / "stderr.txt", stderr)
            write_atomically(home / "reason.json", json.dumps(reason, ensure_ascii=False, indent=1).encode())
            self._step("quarantine")
            self._move(file_id, Place.WAITING, Place.QUARANTINED)

    def replay(self, file_id: str, *, converter: str = "") -> None:
        """Take a file out of quarantine, to be converted again from the beginning.

        Args:
            file_id: the file.
            converter: who is to do it, whatever the source says.
        """
        with disk_weather(self.root):
            if self._path(file_id, Place.QUARANTINED).is_dir():
                self._rewrite_card(file_id, Place.QUARANTINED, converter=converter, options=None)
                self._move(file_id, Place.QUARANTINED, Place.WAITING)
            home = self._path(file_id, Place.WAITING)
            reports.drop(home)
            for leftover in ("reason.json", "stderr.txt"):
                (home / leftover).unlink(missing_ok=True)

    def restore(self, card: FileMeta, content: Iterable[bytes]) -> bool:
        """Put a file back that was archived, to be converted and sent again under the same ids.

        Whoever asks for it has told queue and journal before: from here on all reports count as not sent.

        Args:
            card: what its card says from now on.
            content: its bytes.

        Returns:
            Whether it is here now by this. It is not if it was before, or if the bytes are others.
        """
        with disk_weather(self.root), self._incoming.corner() as corner:
            home = corner / "restored"
            home.mkdir(mode=0o700)
            os.close(create(home / "meta.json", card.model_dump_json(indent=1).encode()))
            # Under its own name the bytes would be taken for a claim that was cut short.
            part = home / "source.part"
            if store(content, part, give_up=bool) != card.sha256 or self.place(card.file_id) is not None:
                return False
            os.utime(part, ns=(card.mtime_ns, card.mtime_ns))
            part.rename(home / "source")
            self._step("restore")
            home.rename(self._path(card.file_id, Place.WAITING))
            fsync_folder(self.root / Place.WAITING.value)
        return True

    def discard(self, file_id: str, report_id: str, receipt: Mapping[str, Any]) -> int:
        """A person gave up a report: it stays among those sent, with a receipt that says so.

        Its bytes may be missing; that may be why it was given up.

        Returns:
            How many reports of the file are still pending.
        """
        home = self._folder(file_id)
        with disk_weather(self.root):
            reports.note_receipt(home, report_id, receipt)
            self._step("move-report")
            reports.move_to_sent(home, report_id)
        return len(self.pending(file_id))

    def finish(self, file_id: str) -> bool:
        """Lay a file whose reports are all delivered where it waits for the archive.

        Returns:
            Whether it is there. It is not while reports are pending, nor if it was changed after its claim:
            then it has to go on under its new identity.
        """
        if self.place(file_id) is not Place.WAITING:
            return self.place(file_id) is Place.FINISHED
        if not self.converted(file_id) or self.pending(file_id) or self.changed(file_id):
            return self.place(file_id) is Place.FINISHED  # somebody else may have finished it while we looked
        self._step("finish")
        self._move(file_id, Place.WAITING, Place.FINISHED)
        return True

    def act(self, file_id: str, action: PostAction, folder: Path) -> None:
        """Do the post action of a finished file. It may be repeated.

        Args:
            file_id: the file.
            action: what becomes of its bytes.
            folder: the done folder.

        Raises:
            PostActionFailed: the bytes could not be put where they should go; try again later.
        """
        home = self._path(file_id, Place.FINISHED)
        if (home / "source").exists():
            self._step("post-action")
            post_actions.dispose(home / "source", self.meta(file_id), action, folder, self.root / "zips")

    def leave(self, file_id: str) -> None:
        """Forget a finished file. Whoever says so has seen all of it in the archive."""
        home = self._path(file_id, Place.FINISHED)
        # First: with its bytes, what is half removed would be taken for a claim that was cut short.
        (home / "source").unlink(missing_ok=True)
        self._step("leave")
        with disk_weather(self.root), self._incoming.corner() as corner, suppress(FileNotFoundError):
            home.rename(corner / "left")
