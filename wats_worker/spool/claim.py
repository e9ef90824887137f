"""Take finished files out of a watch folder, many at once. A crash at any step loses and doubles nothing.

    1. a folder with the card (meta.json) per file, in a corner of incoming/
    2. one flush for all cards and all bytes
    3. per file: make sure it is still the file that was hashed, rename it to its folder as ``source``
    4. rename each folder to files/<file_id>
    5. one flush for all the names that changed

Until step 3 the file is in the watch folder; from then on it lies beside its card, where ``recover`` finds
it. Across file systems, and from folders that keep their files, step 3 copies and compares the hash; the
original is removed after step 5. So it is with bytes that a recipe makes: of several files that belong
together, or of what is new in one that grows.
"""

import errno
import os
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from wats_broker.files import create, flush, fsync_folder, write_all
from wats_worker.spool import names, open_files, originals
from wats_worker.spool.errors import UNUSABLE, SpoolUnusable, disk_weather
from wats_worker.spool.files import (
    GONE,
    READ_SAFELY,
    SHARED_WITH_NOBODY,
    Stamp,
    Unreadable,
    may_take_away,
    open_folder,
    pieces,
)
from wats_worker.spool.model import Claimable, Claimed, FileMeta, Outcome
from wats_worker.spool.open_files import Use
from wats_worker.spool.recipe import Changed
from wats_worker.spool.removals import Removals


@dataclass
class _Draft:
    """One file on its way through the steps."""

    file: Claimable
    folder: Path  # beside others in the corner
    parent: int = -1  # descriptor of the folder the file lies in
    bytes: int = -1  # descriptor of the file; there is none where a recipe makes it
    base: str = ""
    fetched: bool = False
    copied: bool = False
    outcome: Outcome | None = None
    reason: str = ""
    copy: Path | None = None

    def end(self, outcome: Outcome, reason: str = "") -> None:
        self.outcome, self.reason = outcome, reason

    @property
    def alive(self) -> bool:
        return self.outcome is None


@dataclass(frozen=True, kw_only=True)
class Claim:
    """One batch of claims.

    Args:
        corner: a private folder on the spool's file system.
        files: the tree that claimed folders go to.
        removals: what is to go of units of several files.
        known: whether the spool has a file with this id already.
        give_up: asked between pieces of a large copy; True leaves the file where it is.
        keep: the files stay in the watch folder; the spool gets copies.
        step: told the name of each step before it is made. Only for testing.
    """

    corner: Path
    files: Path
    removals: Removals
    known: Callable[[str], bool]
    keep: bool
    give_up: Callable[[], bool]
    step: Callable[[str], None]
    _held: ExitStack = field(default_factory=ExitStack)

    def run(self, wanted: Sequence[Claimable]) -> list[Claimed]:
        """Claim what can be claimed.

        Raises:
            SpoolUnusable: the disk takes nothing; all files are still in the watch folder.
        """
        with self._held:
            drafts = [_Draft(file, self.corner / str(number)) for number, file in enumerate(wanted)]
            with disk_weather(self.files.parent):
                self._prepare(drafts)
            weather = self._fetch_all(drafts)
            fetched = [draft for draft in drafts if draft.fetched]
            if weather is not None and not fetched:
                raise weather
            self._place_all(fetched)
        return [
            Claimed(draft.file, draft.outcome or Outcome.BUSY, draft.copy, draft.reason) for draft in drafts
        ]

    def _prepare(self, drafts: Sequence[_Draft]) -> None:
        self.step("prepare")
        parents: dict[tuple[Path, tuple[str, ...]], int] = {}
        dirty = []
        device = self.files.stat().st_dev
        for draft in drafts:
            self._open(draft, parents)
            if draft.alive:
                draft.folder.mkdir(mode=0o700)
                card = create(draft.folder / "meta.json", self._card(draft.file))
                self._held.callback(os.close, card)
                dirty.append(card)
                if not self.keep and not draft.file.recipe and draft.file.stamp.device == device:
                    dirty.append(draft.bytes)  # else it is copied
        self.step("flush-cards")
        flush(dirty)

    def _open(self, draft: _Draft, parents: dict[tuple[Path, tuple[str, ...]], int]) -> None:
        if draft.file.recipe is not None:
            if not self.keep and (reason := draft.file.recipe.stuck()):
                draft.end(Outcome.REFUSED, reason)
            return
        *above, draft.base = draft.file.name.split("/")
        where = (draft.file.folder, tuple(above))
        try:
            if where not in parents:
                parents[where] = open_folder(draft.file.folder, above)
                self._held.callback(os.close, parents[where])
            draft.parent = parents[where]
            draft.bytes = os.open(draft.base, READ_SAFELY, dir_fd=draft.parent)
        except OSError as problem:
            draft.end(*_why_not(problem))
            return
        self._held.callback(os.close, draft.bytes)
        status = os.fstat(draft.bytes)
        if Stamp.of(status) != draft.file.stamp:
            draft.end(Outcome.BUSY)
        elif not self.keep and not may_take_away(draft.parent, status.st_uid):
            draft.end(Outcome.REFUSED, "files can't be taken away from this folder; use mode 'keep' for it")

    def _card(self, file: Claimable) -> bytes:
        path = os.path.join(file.folder, file.name)  # noqa: PTH118 - the name may not be UTF-8
        quoted = not names.is_printable(path)
        meta = FileMeta(
            file_id=file.file_id,
            source=file.source,
            name=names.printable(file.name, always=quoted),
            quoted=quoted,
            path=names.printable(path, always=quoted),
            size=file.size,
            sha256=file.sha256,
            mtime_ns=file.stamp.mtime_ns,
            claimed_at=datetime.now(UTC).isoformat(timespec="milliseconds"),
            pool=file.pool,
            priority=file.priority,
            kept=self.keep,
            bundle=bool(file.members),
            salt=file.salt,
        )
        return meta.model_dump_json(indent=1).encode()

    def _fetch_all(self, drafts: Sequence[_Draft]) -> SpoolUnusable | None:
        try:
            for draft in drafts:
                if draft.alive:
                    with disk_weather(self.files.parent):
                        self.step("fetch")
                        self._fetch(draft)
        except SpoolUnusable as weather:
            # What was fetched so far goes on; the rest is still where it was.
            return weather
        return None

    def _fetch(self, draft: _Draft) -> None:
        source = draft.folder / "source"
        if draft.file.recipe is not None:
            self._store(draft, draft.file.recipe.make(), source)
            return
        if self.keep:
            self._copy(draft, source)
            return
        try:
            with open_files.guard(draft.bytes) as use:
                if use is Use.WRITTEN or Stamp.of(os.fstat(draft.bytes)) != draft.file.stamp:
                    draft.end(Outcome.BUSY)
                    return
                self.step("take")
                os.rename(draft.base, source, src_dir_fd=draft.parent)
        except OSError as problem:
            if problem.errno == errno.EXDEV:
                self._copy(draft, source)
            elif problem.errno in UNUSABLE - {errno.EROFS}:
                raise
            else:
                draft.end(*_why_not(problem))
            return
        # The name may have been given to another file between our look at the descriptor and the rename.
        if Stamp.of(os.lstat(source)).same_bytes(draft.file.stamp):
            draft.fetched = True
        else:
            self._put_back(draft)
            draft.end(Outcome.BUSY)

    def _copy(self, draft: _Draft, source: Path) -> None:
        if open_files.look(draft.bytes) is Use.WRITTEN:
            draft.end(Outcome.BUSY)
            return
        self._store(draft, pieces(draft.bytes, size=draft.file.stamp.size), source)

    def _store(self, draft: _Draft, content: Iterable[bytes], source: Path) -> None:
        part = source.with_name("source.part")
        try:
            digest = store(content, part, give_up=self.give_up)
        except Unreadable as problem:
            part.unlink()
            draft.end(Outcome.REFUSED, str(problem))
            return
        except Changed:
            part.unlink()
            draft.end(Outcome.BUSY)
            return
        moved_on = draft.bytes >= 0 and Stamp.of(os.fstat(draft.bytes)) != draft.file.stamp
        if digest != draft.file.sha256 or moved_on:
            part.unlink()
            draft.end(Outcome.BUSY)
            return
        os.utime(part, ns=(draft.file.stamp.mtime_ns, draft.file.stamp.mtime_ns))
        part.rename(source)
        draft.fetched = draft.copied = True

    def _place_all(self, drafts: Sequence[_Draft]) -> None:
        for draft in drafts:
            self.step("place")
            self._place(draft)
        self.step("flush-names")
        # Journaling file systems keep renames in order: when the last is durable, so are those before it.
        if any(draft.outcome is Outcome.CLAIMED for draft in drafts):
            fsync_folder(self.files)
        if not self.keep:
            flush(sorted({draft.parent for draft in drafts if not draft.copied}))
            for draft in drafts:
                if draft.copied and draft.outcome in {Outcome.CLAIMED, Outcome.KNOWN}:
                    self.step("remove-original")
                    self._remove_original(draft)

    def _place(self, draft: _Draft) -> None:
        try:
            if not self.known(draft.file.file_id):
                draft.folder.rename(self.files / draft.file.file_id)
                draft.end(Outcome.CLAIMED)
                return
        except OSError as problem:
            # Another process may have placed the same bytes just now. Anything else is the disk's weather.
            if problem.errno not in {errno.ENOTEMPTY, errno.EEXIST}:
                self._put_back(draft)
                draft.end(Outcome.BUSY)
                return
        draft.end(Outcome.KNOWN)
        if self.keep:
            (draft.folder / "source").unlink()
        else:
            draft.copy = draft.folder / "source"

    def _put_back(self, draft: _Draft) -> None:
        """Give a file its old name again, unless another file has it by now: then ``recover`` takes care."""
        source = draft.folder / "source"
        if draft.copied:
            source.unlink()
            return
        try:
            os.link(source, draft.base, dst_dir_fd=draft.parent, follow_symlinks=False)
        except OSError:
            return
        source.unlink()

    def _remove_original(self, draft: _Draft) -> None:
        file = draft.file
        if file.members:
            self.removals.note(file)
            self.step("remove-members")
            draft.reason = self.removals.finish(file.file_id)
            return
        try:
            originals.remove(draft.bytes, draft.base, file.stamp, parent=draft.parent, file_id=file.file_id)
        except OSError as problem:
            draft.reason = f"taken, but it can't be removed from its folder: {problem.strerror}"


def store(content: Iterable[bytes], target: Path, *, give_up: Callable[[], bool]) -> str:
    """Write bytes to a new durable file and return the SHA-256 of what was written."""
    identity = names.Identity("")
    written = create(target, b"")
    try:
        for piece in content:
            if give_up():
                break
            identity.feed(piece)
            write_all(written, piece)
        os.fsync(written)
    finally:
        os.close(written)
    return identity.sha256


def _why_not(problem: OSError) -> tuple[Outcome, str]:
    if problem.errno in GONE:
        return Outcome.GONE, ""
    if problem.errno in SHARED_WITH_NOBODY:
        return Outcome.BUSY, ""
    if problem.errno == errno.ELOOP:
        return Outcome.REFUSED, "a link; links are not followed"
    return Outcome.REFUSED, problem.strerror or str(problem)
