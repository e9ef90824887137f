"""A spool in an object store: any host converts and uploads, and none shares a disk with another.

    host that watches          store                        any host
    landing ── ship ──►  bytes, card, mark  ── fetch ──►  convert ──► pack, card
                                            ── read  ──►  upload  ──► receipt, card

What is where is told in ``shelf``; that one card decides, in ``cards``; how a file comes here, in
``shipping``. On the host's own disk lie only files that are on their way in, and scratch.
"""

import os
import secrets
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from wats_worker.spool import names, post_actions
from wats_worker.spool.cards import Card, Cards
from wats_worker.spool.claim import store
from wats_worker.spool.errors import NotInSpool, SpoolUnusable, disk_weather
from wats_worker.spool.made import UNTOLD, Made, Making, ReportCard
from wats_worker.spool.model import Claimable, Claimed, DiskRoom, FileMeta, Outcome, Place
from wats_worker.spool.packs import Packs, StoreDraft, pack_key
from wats_worker.spool.post_actions import PostAction
from wats_worker.spool.receipts import Receipts
from wats_worker.spool.shipping import Shipped, Shipping
from wats_worker.spool.store import DiskSpool
from wats_worker.spool.weather import SpoolStore
from wats_worker.store.store import Store

#: Questions to the store at once, where there are many.
_AT_ONCE: Final = 8
#: A mark that stands for so long is looked at, and then no more for as long.
_OLD_S: Final = 600.0
#: What needs the bytes in a folder of this host.
_HERE: Final = frozenset({PostAction.MOVE, PostAction.ZIP})


def _go_on(_step: str) -> None:
    """What happens between two steps outside of tests: nothing."""


class SharedSpool:
    """A spool whose files lie in a store. Open it in the process that uses it, after every fork.

    Args:
        store: Where.
        landing: The spool on this host's own disk that files come in by.
        patience_s: From so many seconds on the store is too slow.
        step: Told the name of each step before it is made. Only for testing.
    """

    def __init__(
        self,
        store: Store,
        landing: DiskSpool,
        *,
        patience_s: float = 5.0,
        step: Callable[[str], None] = _go_on,
    ) -> None:
        self.root = landing.root
        self.name = store.name
        self._landing = landing
        self._step = step
        self._store = SpoolStore(store, mark=f"tempo/{secrets.token_hex(4)}", patience_s=patience_s)
        self._cards = Cards(self._store, step)
        self._packs = Packs(self._store)
        self._receipts = Receipts(self._store)
        self._shipping = Shipping(landing, self._store, self._cards, step)
        self._guard = threading.Lock()
        #: Second copies that somebody was given and has not disposed of.
        self._copies: set[str] = set()
        #: When a mark was looked at.
        self._looked: dict[tuple[str, int], float] = {}

    def close(self) -> None:
        """Leave nothing half-made behind."""
        self._landing.close()
        try:
            self._store.close()
        except SpoolUnusable:
            return  # a few bytes that say nothing stay there

    # Taking files in, on the host that has them

    def claim(
        self, files: Sequence[Claimable], *, keep: bool, give_up: Callable[[], bool] = bool
    ) -> list[Claimed]:
        """Take finished files out of their watch folder, and bring them to the store.

        One that the store did not take any more is ``BUSY``: it is safe in the landing, and comes with the
        next ``recover``.
        """
        ids = [file.file_id for file in files]
        known = {file_id for file_id, place in zip(ids, self.places(ids), strict=True) if place}
        claimed = self._landing.claim(files, keep=keep, give_up=give_up, known=known)
        return self._for_each(self._shipped, claimed)

    def _shipped(self, claimed: Claimed) -> Claimed:
        if claimed.outcome is not Outcome.CLAIMED:
            return claimed
        file_id = claimed.file.file_id
        try:
            match self._shipping.ship(file_id):
                case Shipped.YES:
                    return claimed
                case Shipped.LATER:
                    return replace(claimed, outcome=Outcome.BUSY)
        except SpoolUnusable:
            return replace(claimed, outcome=Outcome.BUSY)
        with self._guard:
            self._copies.add(file_id)
        return replace(claimed, outcome=Outcome.KNOWN, copy=self._landing.source(file_id))

    def landing(self) -> AbstractContextManager[Path]:
        """A private folder for bytes about to be claimed."""
        return self._landing.landing()

    def dispose(self, claimed: Claimed, action: PostAction, folder: Path) -> None:
        """End a second copy of bytes the spool knows."""
        self._landing.dispose(claimed, action, folder)
        with self._guard:
            self._copies.discard(claimed.file.file_id)

    def finish_removals(self, source: str) -> dict[str, str]:
        """Go on with what was left of units that were taken."""
        return self._landing.finish_removals(source)

    def recover(self) -> list[str]:
        """Complete what dead processes left half-made, and bring to the store what has not come there yet."""
        self._landing.recover()
        for file_id in list(self._landing.waiting()):
            with suppress(NotInSpool):  # another process of this host was quicker
                if self._landing.changed(file_id):
                    self._landing.reidentify(file_id)
        with self._guard:
            copies = set(self._copies)
        ids = [one for one in [*self._landing.waiting(), *self._landing.quarantined()] if one not in copies]
        came = []
        for file_id, shipped in self._shipping.ship_all(ids).items():
            if shipped is Shipped.KNOWN:
                self._landing.forget(file_id)  # a second copy whose claim was never ended
            elif shipped is Shipped.YES:
                came.append(file_id)
        return came

    def changed(self, file_id: str) -> bool:
        """Never: what is in the store is a copy that nobody else has open. The landing looked before."""
        names.file_id(file_id)
        return False

    def reidentify(self, file_id: str) -> str | None:
        """There is no need to."""
        names.file_id(file_id)
        return None

    def local_clock_device(self) -> int | None:
        """The device files land on, if the times of files there are told by this machine's own clock."""
        return self._landing.local_clock_device()

    def kept(self, source: str) -> Path:
        """Where this host writes down what it took from a source that keeps its files."""
        return self._landing.kept(source)

    def polled(self, source: str) -> Path:
        """Where this host writes down what it took from a scheduled source."""
        return self._landing.polled(source)

    def grown(self, source: str) -> Path:
        """Where this host writes down how far it took the growing files of a source."""
        return self._landing.grown(source)

    def keep_processes(self, copy: str) -> None:
        """Keep the server's process list on this host."""
        self._landing.keep_processes(copy)

    # Looking

    def room(self) -> DiskRoom:
        """What this host's disk takes, and what is wrong with the store."""
        room = self._landing.room()
        trouble = self._store.trouble()
        return replace(room, writable=room.writable and not trouble, trouble=trouble)

    def place(self, file_id: str) -> Place | None:
        """Where a file is, if it is here."""
        card = self._cards.find(file_id)
        return card.place if card else None

    def places(self, file_ids: Sequence[str]) -> list[Place | None]:
        """The same for many."""
        return self._for_each(self.place, file_ids)

    def meta(self, file_id: str) -> FileMeta:
        """The card of a file."""
        return self._cards.read(file_id).meta

    @contextmanager
    def bytes_of(self, file_id: str) -> Iterator[Path]:
        """A copy of a file's bytes on this host, for as long as the block lasts."""
        card = self._cards.read(file_id)
        with self._landing.landing() as folder:
            path = folder / "bytes"
            with disk_weather(self.root):
                if self._store.fetch(f"{card.home}/source", path):
                    os.utime(path, ns=(card.meta.mtime_ns, card.meta.mtime_ns))
            yield path

    def has_bytes(self, file_id: str) -> bool:
        """Whether the bytes of a file are there."""
        return self._store.size(f"{self._cards.read(file_id).home}/source") is not None

    def piece(self, file_id: str, start: int, size: int) -> tuple[bytes, int] | None:
        """So many bytes of a file from a place on, and how many it has; None if they are not there."""
        key = f"{self._cards.read(file_id).home}/source"
        total = self._store.size(key)
        if total is None:
            return None
        some = min(size, max(0, total - start))
        found = self._store.part(key, start, some) if some else b""
        return None if found is None else (found, total)

    def waiting(self) -> Iterator[str]:
        """The ids of all files that are not finished."""
        return self._listed(Place.WAITING)

    def quarantined(self) -> Iterator[str]:
        """The ids of all files that a person has to look at."""
        return self._listed(Place.QUARANTINED)

    def finished(self) -> Iterator[str]:
        """The ids of all files that are to go into the archive."""
        return self._listed(Place.FINISHED)

    def _listed(self, place: Place) -> Iterator[str]:
        told: set[str] = set()
        for file_id, turn, made_at in self._cards.listed(place):
            old = abs(time.time() - made_at) > _OLD_S
            if file_id in told or (old and not self._is_true(file_id, place, turn)):
                continue
            told.add(file_id)
            yield file_id

    def _is_true(self, file_id: str, place: Place, turn: int) -> bool:
        """Whether an old mark tells of what is. Hardly ever it does not, so it is not asked each time."""
        now = time.monotonic()
        with self._guard:
            if now - self._looked.get((file_id, turn), float("-inf")) < _OLD_S:
                return True
            self._looked = {mark: at for mark, at in self._looked.items() if now - at < _OLD_S}
        if not self._cards.tidy(file_id, place, turn):
            return False
        with self._guard:
            self._looked[file_id, turn] = now
        return True

    # Reports

    @contextmanager
    def draft(self, file_id: str) -> Iterator[StoreDraft]:
        """A place for the reports of a file while they are made."""
        if self._cards.read(file_id).place is not Place.WAITING:
            raise NotInSpool(f"file {file_id} is not waiting in the spool")
        with ExitStack() as held:
            draft = StoreDraft(
                root=self.root,
                corner=held.enter_context(self._landing.landing()),
                file_id=file_id,
                store=self._store,
                cards=self._cards,
                step=self._step,
            )
            held.callback(draft.close)
            yield draft

    def save_reports(self, file_id: str, made: Mapping[str, bytes], how: Making = UNTOLD) -> None:
        """A draft of these reports, kept."""
        with self.draft(file_id) as draft:
            for report_id, body in made.items():
                draft.add(ReportCard(report_id=report_id), body)
            draft.keep(how)

    def converted(self, file_id: str) -> bool:
        """Whether the reports of a file are here, be it that all of them are delivered already."""
        return self._cards.read(file_id).pack is not None

    def made(self, file_id: str) -> Made:
        """How the reports of a file were made, and of what they tell."""
        return self._made(self._cards.read(file_id))

    def _made(self, card: Card) -> Made:
        return self._packs.index(pack_key(card)).made if card.pack else Made()

    def pending(self, file_id: str) -> list[str]:
        """The reports of a file that are not confirmed yet, in their order."""
        return self._pending(self._cards.read(file_id))

    def _pending(self, card: Card) -> list[str]:
        confirmed = self._receipts.ids(card) if card.pack else ()
        return [one.report_id for one in self._made(card).reports if one.report_id not in confirmed]

    def report(self, file_id: str, report_id: str) -> bytes:
        """The JSON of a report that is not confirmed yet."""
        names.report_id(report_id)
        card = self._cards.read(file_id)
        if card.pack is None or self._receipts.has(card, report_id):
            raise NotInSpool(f"file {file_id} has no pending report {report_id}")
        return self._packs.report(pack_key(card), report_id)

    def body(self, file_id: str, report_id: str) -> bytes | None:
        """The JSON of a report of a finished file; of an earlier attempt, if the last one did not give it."""
        names.report_id(report_id)
        card = self._cards.read(file_id)
        ours = pack_key(card)
        others = [entry.key for entry in self._store.list(f"{card.home}/packs") if entry.key != ours]
        for key in [ours, *others] if ours else others:
            with suppress(NotInSpool):
                return self._packs.report(key, report_id)
        return None

    def delivered(self, file_id: str, report_id: str, receipt: Mapping[str, Any]) -> int:
        """Note that the server has confirmed a report; how many are left, or a hundred of many."""
        card = self._cards.read(file_id)
        reports = {one.report_id for one in self._made(card).reports}
        if report_id in reports:
            self._step("note-receipt")
            self._receipts.note(card, report_id, receipt)
        return self._receipts.left(card, reports)

    def receipt(self, file_id: str, report_id: str) -> dict[str, Any] | None:
        """What the server said to a report, if it is delivered."""
        return self._receipts.find(self._cards.read(file_id), names.report_id(report_id))

    def receipts(self, file_id: str) -> list[dict[str, Any]]:
        """What the server said to the delivered reports of a file."""
        return self._receipts.read(self._cards.read(file_id))

    def discard(self, file_id: str, report_id: str, receipt: Mapping[str, Any]) -> int:
        """A person gave up a report; how many of the file are still pending."""
        card = self._cards.read(file_id)
        self._receipts.note(card, report_id, receipt)
        return len(self._pending(card))

    # Moving files on

    def quarantine(self, file_id: str, reason: Mapping[str, Any], stderr: bytes) -> None:
        """Lay a waiting file aside for a person, with the reason and what its converter said."""
        there = self._cards.find(file_id)
        if there is None or there.place is not Place.WAITING:
            return
        token = secrets.token_hex(8) if stderr else ""
        if token:
            self._step("put-stderr")
            self._store.put(f"{there.home}/stderr/{token}", stderr)

        def aside(card: Card) -> Card:
            if card.place is not Place.WAITING or card.life != there.life:
                return card
            told = {"place": Place.QUARANTINED, "reason": dict(reason), "stderr": token}
            return card.model_copy(update=told)

        self._cards.change(there, aside)

    def reason(self, file_id: str) -> dict[str, Any]:
        """Why a file is in quarantine."""
        card = self._cards.find(file_id)
        if card is None or card.place is not Place.QUARANTINED:
            raise NotInSpool(f"file {file_id} is not in quarantine")
        return card.reason

    def stderr(self, file_id: str, *, most: int) -> bytes:
        """The end of what the converter of a quarantined file said, up to so many bytes."""
        card = self._cards.read(file_id)
        found = self._store.get(f"{card.home}/stderr/{card.stderr}") if card.stderr else None
        return found.data[-most:] if found else b""

    def replay(self, file_id: str, *, converter: str = "") -> None:
        """Take a file out of quarantine, to be converted again from the beginning."""

        def again(card: Card) -> Card:
            if card.place is Place.FINISHED:
                return card
            fresh: dict[str, Any] = {"place": Place.WAITING, "pack": None, "reason": {}, "stderr": ""}
            if card.place is Place.QUARANTINED:
                fresh["meta"] = card.meta.model_copy(update={"converter": converter})
            return card.model_copy(update=fresh)

        there = self._cards.find(file_id)
        if there is not None:
            self._cards.change(there, again)

    def restore(self, card: FileMeta, content: Iterable[bytes]) -> bool:
        """Put a file back that was archived, under a new life; whether it is here now by this."""
        fresh = Card(meta=card)
        if self._cards.find(card.file_id) is not None:
            return False
        with self._landing.landing() as folder, disk_weather(self.root):
            path = folder / "bytes"
            if store(content, path, give_up=bool) != card.sha256:
                return False
            self._step("put-source")
            self._store.put(f"{fresh.home}/source", path)
        return self._cards.enter(fresh)

    def finish(self, file_id: str) -> bool:
        """Lay a file whose reports are all delivered where it waits for the archive; whether it is there."""
        card = self._cards.find(file_id)
        if card is None or card.place is not Place.WAITING:
            return card is not None and card.place is Place.FINISHED
        if card.pack is None or self._pending(card):
            return False
        self._step("finish")
        return self._cards.change(card, lambda now: _finished(now, card)).place is Place.FINISHED

    def act(self, file_id: str, action: PostAction, folder: Path) -> None:
        """Do the post action of a finished file. Who does it has to reach the done folder."""
        card = self._cards.find(file_id)
        if card is None or card.place is not Place.FINISHED:
            return
        self._step("post-action")
        if action in _HERE:
            with self.bytes_of(file_id) as path:
                post_actions.dispose(path, card.meta, action, folder, self.root / "zips")
        if action in _HERE | {PostAction.DELETE} or (action is PostAction.KEEP and card.meta.kept):
            self._step("drop-source")
            self._store.delete(f"{card.home}/source")

    def leave(self, file_id: str) -> None:
        """Forget a finished file. Whoever says so has seen all of it in the archive.

        Its card stays, and says that it has left. It is the last to be changed, since it is what is looked
        for.
        """
        card = self._cards.find(file_id)
        if card is None or card.place is not Place.FINISHED:
            return
        self._step("leave")
        self._store.delete(*(entry.key for entry in self._store.list(card.home)))
        with suppress(NotInSpool):  # another one has just done so
            self._cards.change(card, lambda now: _left(now, card))

    def _for_each(self, act: Callable[[Any], Any], things: Sequence[Any]) -> list[Any]:
        if len(things) < 2:
            return [act(thing) for thing in things]
        with ThreadPoolExecutor(_AT_ONCE) as hands:
            return list(hands.map(act, things))


def _finished(card: Card, seen: Card) -> Card:
    """The card of a file whose every report is delivered; unless other reports have come in their place."""
    same = card.place is Place.WAITING and card.pack == seen.pack and card.life == seen.life
    return card.model_copy(update={"place": Place.FINISHED}) if same else card


def _left(card: Card, seen: Card) -> Card:
    """The card of a file that is here no more, if that is the stay that is over."""
    return card.model_copy(update={"left": True}) if card.life == seen.life else card
