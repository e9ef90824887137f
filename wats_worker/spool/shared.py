"""A spool in an object store: any host converts and uploads, and none shares a disk with another.

    host that watches          store                        any host
    landing ── ship ──►  bytes, card, mark  ── fetch ──►  convert ──► pack, card
                                            ── read  ──►  upload  ──► receipt, card

What is where is told in ``shelf``; that one card decides, in ``cards``; how a file comes here, in
``shipping``. On the host's own disk lie only files that are on their way in, and scratch.
"""

import secrets
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from wats_worker.spool import moves, names, post_actions
from wats_worker.spool.cards import Card
from wats_worker.spool.claim import store
from wats_worker.spool.errors import NotInSpool, SpoolUnusable, disk_weather
from wats_worker.spool.landing import Landing
from wats_worker.spool.model import Claimable, Claimed, DiskRoom, FileMeta, Outcome, Place
from wats_worker.spool.post_actions import PostAction
from wats_worker.spool.shipping import Shipped, Shipping
from wats_worker.spool.stored_reports import StoredReports
from wats_worker.spool.weather import SpoolStore
from wats_worker.store.store import Store

#: What needs the bytes in a folder of this host.
_HERE: Final = frozenset({PostAction.MOVE, PostAction.ZIP})


def _go_on(_step: str) -> None:
    """What happens between two steps outside of tests: nothing."""


class SharedSpool(StoredReports):
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
        landing: Landing,
        *,
        patience_s: float = 5.0,
        step: Callable[[str], None] = _go_on,
    ) -> None:
        mark = f"tempo/{secrets.token_hex(4)}"
        super().__init__(SpoolStore(store, mark=mark, patience_s=patience_s), landing, step)
        self.name = store.name
        self._shipping = Shipping(landing, self._store, self._cards, step)
        self._guard = threading.Lock()
        #: Second copies that somebody was given and has not disposed of.
        self._copies: set[str] = set()

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
        self._cards.change(there, lambda now: moves.aside(now, there, reason, token))

    def replay(self, file_id: str, *, converter: str = "") -> None:
        """Take a file out of quarantine, to be converted again from the beginning."""
        there = self._cards.find(file_id)
        if there is not None:
            self._cards.change(there, lambda now: moves.again(now, converter))

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
        return self._cards.change(card, lambda now: moves.finished(now, card)).place is Place.FINISHED

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
            self._cards.change(card, lambda now: moves.left(now, card))
