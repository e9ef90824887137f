"""The spool as its users see it: one object, file ids in, bytes out. The layout is told in the package.

Rule of durability: what has to exist before something else may disappear is flushed (cards before the
original leaves its folder, reports before the journal says *converted*). What a power cut would only make us
do again is not (a receipt lost that way costs one repeated delivery under the same id).
"""

import json
import os
import shutil
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, Final

from wats_broker.files import create, fsync_folder, write_atomically
from wats_worker.spool import names, post_actions, recovery, reports
from wats_worker.spool.claim import Claim, store
from wats_worker.spool.draft import Draft
from wats_worker.spool.errors import NotInSpool, disk_weather
from wats_worker.spool.files import READ_SAFELY
from wats_worker.spool.incoming import Incoming
from wats_worker.spool.made import UNTOLD, Made, Making, ReportCard
from wats_worker.spool.model import Claimable, Claimed, DiskRoom, FileMeta, Place
from wats_worker.spool.post_actions import PostAction
from wats_worker.spool.removals import Removals
from wats_worker.spool.tempo import Tempo

#: What lies beside the places of files.
_OTHERS: Final = ("incoming", "kept", "grown", "polled", "removals", "zips")
#: Seconds by which two readings of one clock may differ.
_SAME_TIME: Final = 0.1


def _go_on(_step: str) -> None:
    """What happens between two steps outside of tests: nothing."""


def _nothing_is(_file_id: str) -> bool:
    """What is remembered where there is no archive."""
    return False


class DiskSpool:
    """Every claimed file and every undelivered report, on disk.

    One spool may be used by many processes and threads at once. Objects may be carried over a fork.

    Args:
        root: its folder, made if it is not there and closed to other users.
        floor_bytes: with less free space than this, ``room`` asks not to claim more.
        floor_files: the same for the number of files the disk can still hold.
        slow_bytes: with less free space than this, ``room`` asks to claim more slowly.
        patience_s: the same if the disk takes so many seconds to make a few bytes durable.
        remembered: whether a file was here and is archived; its bytes are not taken for new.
        step: told the name of each step before it is made. Only for testing.
    """

    def __init__(
        self,
        root: Path,
        *,
        floor_bytes: int = 64 * 2**20,
        floor_files: int = 1000,
        slow_bytes: int = 0,
        patience_s: float = 5.0,
        remembered: Callable[[str], bool] = _nothing_is,
        step: Callable[[str], None] = _go_on,
    ) -> None:
        self.root = root
        self._floor_bytes, self._floor_files = floor_bytes, floor_files
        self._slow_bytes = slow_bytes
        self._remembered = remembered
        self._step = step
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        root.chmod(0o700)
        for name in (*(place.value for place in Place), *_OTHERS):
            (root / name).mkdir(mode=0o700, exist_ok=True)
        self._removals = Removals(root / "removals")
        self._incoming = Incoming(root / "incoming")
        self._tempo = Tempo(root / "tempo", patience_s=patience_s)

    def close(self) -> None:
        """Leave nothing behind in ``incoming``."""
        self._incoming.close()

    # Taking files in

    def claim(
        self,
        files: Sequence[Claimable],
        *,
        keep: bool,
        give_up: Callable[[], bool] = bool,
        known: Collection[str] = (),
    ) -> list[Claimed]:
        """Take finished files out of their watch folder, or copies of them if ``keep``.

        The answers are in the order of the question. The cost of making things durable is paid once per call,
        so ask for many, but not for more than some hundred: every file is held open. ``give_up`` is asked
        between pieces of a large copy; files not copied by then are ``BUSY``. Files with ``known`` ids are
        known though they are not here.

        Raises:
            SpoolUnusable: the disk takes nothing; every file is still where it was.
        """
        with disk_weather(self.root), self._incoming.corner() as corner:
            claim = Claim(
                corner=corner,
                files=self.root / Place.WAITING.value,
                removals=self._removals,
                known=lambda file_id: file_id in known or self._has(file_id),
                keep=keep,
                give_up=give_up,
                step=self._step,
            )
            return claim.run(files)

    @contextmanager
    def landing(self) -> Iterator[Path]:
        """A private folder for bytes about to be claimed; what stays in it goes, after a crash too."""
        with disk_weather(self.root), self._incoming.corner() as corner:
            # One deeper, so that nothing in it is ever taken for a claimed file that found no place.
            landing = corner / "landing"
            landing.mkdir(mode=0o700)
            yield landing

    def dispose(self, claimed: Claimed, action: PostAction, folder: Path) -> None:
        """End a second copy of bytes the spool knows: to the done folder if files go there, else away."""
        if claimed.copy is None:
            return
        if action is PostAction.MOVE and claimed.copy.exists():
            meta = FileMeta.model_validate_json(claimed.copy.with_name("meta.json").read_bytes())
            post_actions.dispose(claimed.copy, meta, action, folder, self.root / "zips")
        shutil.rmtree(claimed.copy.parent, ignore_errors=True)

    def finish_removals(self, source: str) -> dict[str, str]:
        """Go on with what was left of units that were taken; by their names, why some of it can't go.

        Nobody may look for units in the folder of a source before this was done.
        """
        with disk_weather(self.root):
            return self._removals.finish_all(source)

    def recover(self) -> list[str]:
        """Complete or throw away what dead processes and failed claims left half-made.

        Returns:
            The ids of files that have come to their place by this.
        """
        with disk_weather(self.root):
            return recovery.recover(self._incoming.abandoned(), root=self.root, known=self._has)

    def changed(self, file_id: str) -> bool:
        """Whether somebody wrote to a file after it was claimed.

        Only where the kernel can't tell who has a file open (see ``open_files``) can this ever be so.
        """
        meta = self.meta(file_id)
        try:
            now = self.source(file_id).stat()
        except FileNotFoundError:
            return False
        # The card of another id: ``reidentify`` was interrupted.
        return (now.st_size, now.st_mtime_ns, file_id) != (meta.size, meta.mtime_ns, meta.file_id)

    def reidentify(self, file_id: str) -> str | None:
        """Give a file that was written to after its claim the id it should have.

        Reports made from the earlier content are dropped if they are not delivered yet.

        Returns:
            The new id; nothing while somebody still writes to it.
        """
        with disk_weather(self.root):
            return recovery.reidentify(self._path(file_id, Place.WAITING), root=self.root, known=self._has)

    # Reading

    def place(self, file_id: str) -> Place | None:
        """Where a file is, if it is here."""
        names.file_id(file_id)
        # In the order in which files travel, so that one on its way is not missed. It is asked several times
        # for each file, and a ``Path`` costs more than the question.
        for place in Place:
            if os.path.isdir(f"{self.root}/{place.value}/{file_id}"):  # noqa: PTH112 - as said
                return place
        return None

    def places(self, file_ids: Sequence[str]) -> list[Place | None]:
        """The same for many."""
        return [self.place(file_id) for file_id in file_ids]

    def meta(self, file_id: str) -> FileMeta:
        """The card of a file."""
        try:
            return FileMeta.model_validate_json((self._folder(file_id) / "meta.json").read_bytes())
        except FileNotFoundError:
            raise NotInSpool(f"file {file_id} has no card in the spool") from None

    def source(self, file_id: str) -> Path:
        """Where the bytes of a file are. Its post action may have taken them away."""
        return self._folder(file_id) / "source"

    @contextmanager
    def bytes_of(self, file_id: str) -> Iterator[Path]:
        """The file itself: here nothing is copied."""
        yield self.source(file_id)

    def has_bytes(self, file_id: str) -> bool:
        """Whether the bytes of a file are there."""
        return self.source(file_id).exists()

    def piece(self, file_id: str, start: int, size: int) -> tuple[bytes, int] | None:
        """So many bytes of a file from a place on, and how many it has; None if they are not there."""
        try:
            descriptor = os.open(self.source(file_id), READ_SAFELY)
        except FileNotFoundError:
            return None
        try:
            return os.pread(descriptor, size, start), os.fstat(descriptor).st_size
        finally:
            os.close(descriptor)

    def forget(self, file_id: str) -> None:
        """Remove a file that is not this spool's any more, because another one has it."""
        for place in (Place.WAITING, Place.QUARANTINED):
            home = self._path(file_id, place)
            # First: without it, what a crash leaves of the rest is known to be nothing.
            (home / "source").unlink(missing_ok=True)
            shutil.rmtree(home, ignore_errors=True)

    def waiting(self) -> Iterator[str]:
        """The ids of all files that are not finished, in no order."""
        return self._ids(Place.WAITING)

    def finished(self) -> Iterator[str]:
        """The ids of all files that are to go into the archive, in no order."""
        return self._ids(Place.FINISHED)

    def quarantined(self) -> Iterator[str]:
        """The ids of all files that a person has to look at, in no order."""
        return self._ids(Place.QUARANTINED)

    def room(self) -> DiskRoom:
        """What the disk still takes."""
        disk = os.statvfs(self.root)
        free_bytes = disk.f_bavail * disk.f_frsize
        # Some file systems have no fixed number of inodes and say 0 of 0.
        free_files = disk.f_favail if disk.f_files else self._floor_files
        return DiskRoom(
            free_bytes=free_bytes,
            free_files=free_files,
            writable=not disk.f_flag & os.ST_RDONLY and os.access(self.root, os.W_OK),
            enough=free_bytes >= self._floor_bytes and free_files >= self._floor_files,
            too_slow_s=self._tempo.too_slow_s(),
            pace=self._pace(free_bytes),
        )

    def _pace(self, free_bytes: int) -> float:
        above = free_bytes - self._floor_bytes
        # From full pace at the soft mark down to none at the floor, so that what makes room can keep up.
        return min(max(above / max(self._slow_bytes - self._floor_bytes, 1), 0.0), 1.0)

    def local_clock_device(self) -> int | None:
        """The device the spool is on, if the times of files there are told by this machine's own clock."""
        with disk_weather(self.root), self._incoming.corner() as corner:
            fresh = corner / "clock"
            os.close(create(fresh))
            status = fresh.stat()
        # Kernels round the time of a file down to their last tick, some 10 ms ago at most.
        return status.st_dev if abs(time.time() - status.st_ctime) < _SAME_TIME else None

    def keep_processes(self, copy: str) -> None:
        """Keep the server's process list for when neither server nor broker can be asked.

        Raises:
            SpoolUnusable: the disk takes nothing; the earlier copy is still there.
        """
        with disk_weather(self.root):
            write_atomically(names.process_list(self.root), copy.encode())

    def kept(self, source: str) -> Path:
        """Where the fingerprints of a source that keeps its files are written."""
        return self.root / "kept" / f"{source}.jsonl"

    def polled(self, source: str) -> Path:
        """Where it is written what was taken from a scheduled source."""
        return self.root / "polled" / source

    def grown(self, source: str) -> Path:
        """Where it is written how far the growing files of a source were taken."""
        return self.root / "grown" / source

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

    def stderr(self, file_id: str, *, most: int) -> bytes:
        """The end of what the converter of a quarantined file said, up to so many bytes."""
        try:
            with (self._folder(file_id) / "stderr.txt").open("rb") as said:
                said.seek(-min(most, said.seek(0, os.SEEK_END)), os.SEEK_END)
                return said.read(most)
        except FileNotFoundError:
            return b""

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

    def reason(self, file_id: str) -> dict[str, Any]:
        """Why a file is in quarantine."""
        try:
            found = json.loads((self._path(file_id, Place.QUARANTINED) / "reason.json").read_bytes())
        except FileNotFoundError:
            raise NotInSpool(f"file {file_id} is not in quarantine") from None
        return dict(found)

    def replay(self, file_id: str, *, converter: str = "") -> None:
        """Take a file out of quarantine, to be converted again from the beginning.

        Args:
            file_id: the file.
            converter: who is to do it, whatever the source says.
        """
        with disk_weather(self.root):
            if self._path(file_id, Place.QUARANTINED).is_dir():
                self._rewrite_card(file_id, Place.QUARANTINED, converter=converter)
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

    def _rewrite_card(self, file_id: str, place: Place, **changes: Any) -> None:
        card = self._path(file_id, place) / "meta.json"
        try:
            meta = FileMeta.model_validate_json(card.read_bytes())
        except FileNotFoundError:
            return  # somebody else has just moved it
        write_atomically(card, meta.model_copy(update=changes).model_dump_json(indent=1).encode())

    def _has(self, file_id: str) -> bool:
        return self.place(file_id) is not None or self._remembered(file_id)

    def _move(self, file_id: str, old: Place, new: Place) -> None:
        try:
            self._path(file_id, old).rename(self._path(file_id, new))
        except FileNotFoundError:
            # Somebody else made the same move.
            return

    def _path(self, file_id: str, place: Place) -> Path:
        names.file_id(file_id)
        return self.root / place.value / file_id

    def _folder(self, file_id: str) -> Path:
        place = self.place(file_id)
        if place is None:
            raise NotInSpool(f"the spool has no file {file_id}")
        return self._path(file_id, place)

    def _ids(self, place: Place) -> Iterator[str]:
        with os.scandir(self.root / place.value) as entries:
            for entry in entries:
                if names.is_file_id(entry.name):
                    yield entry.name
