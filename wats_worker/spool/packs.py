"""All reports of one attempt in one object: report after report, then an index that tells where each begins.

Ten thousand reports are one object to write and one index to read; each report is a part of it. A pack never
changes: another attempt makes another one, and the card of the file says which counts.
"""

import hashlib
import json
import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from wats_broker.files import new_file
from wats_worker.spool import names, shelf
from wats_worker.spool.cards import Card, Cards, Pack
from wats_worker.spool.errors import NotInSpool, disk_weather
from wats_worker.spool.made import Made, Making, ReportCard, plain
from wats_worker.spool.model import Place
from wats_worker.spool.weather import SpoolStore

#: A pack no longer than this is fetched as a whole.
_SMALL: Final = 256 * 1024
#: Packs that a process remembers something of.
_REMEMBERED: Final = 16


@dataclass(frozen=True)
class Index:
    """What is in a pack."""

    made: Made
    places: dict[str, tuple[int, int]]  #: by report, where it begins and how long it is
    whole: bytes | None = None  #: the pack, if it is small


class Packs:
    """Reads packs, and remembers a few; threads share it.

    Args:
        store: Where they lie.
    """

    def __init__(self, store: SpoolStore) -> None:
        self._store = store
        self._guard = threading.Lock()
        self._known: OrderedDict[str, Index] = OrderedDict()

    def index(self, key: str) -> Index:
        """What is in a pack.

        Raises:
            NotInSpool: it is not there.
        """
        with self._guard:
            if (known := self._known.get(key)) is not None:
                self._known.move_to_end(key)
                return known
        found = self._read(key)
        with self._guard:
            self._known[key] = found
            while len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)
        return found

    def report(self, key: str, report_id: str) -> bytes:
        """A report of a pack.

        Raises:
            NotInSpool: the pack is not there, or has no such report.
        """
        index = self.index(key)
        if report_id not in index.places:
            raise NotInSpool(f"{key} has no report {report_id}")
        start, size = index.places[report_id]
        if index.whole is not None:
            return index.whole[start : start + size]
        if not size:
            return b""
        found = self._store.part(key, start, size)
        if found is None:
            raise NotInSpool(f"the store has no {key}")
        return found

    def _read(self, key: str) -> Index:
        _, index_at, size = _measures(key)
        whole = None
        if size <= _SMALL:
            found = self._store.get(key)
            whole = found.data if found else None
            index = whole[index_at:] if whole is not None else None
        else:
            index = self._store.part(key, index_at, size - index_at)
        if index is None:
            raise NotInSpool(f"the store has no {key}")
        written = json.loads(index)
        made = Made.model_validate(written["made"])
        places, at = {}, 0
        for card, length in zip(made.reports, written["sizes"], strict=True):
            places[card.report_id] = (at, length)
            at += length
        return Index(made, places, whole)


def pack_key(card: Card) -> str:
    """The key of the pack that counts; empty if there is none."""
    return f"{card.home}/packs/{card.pack.token}" if card.pack else ""


def _measures(key: str) -> tuple[str, int, int]:
    """What the name of a pack tells: where its index begins, and its size.

    >>> _measures("files/x/y/packs/5b1c.200.340")
    ('5b1c', 200, 340)
    """
    token, index_at, size = shelf.last_name(key).split(".")
    return token, int(index_at), int(size)


class StoreDraft:
    """Reports on their way to becoming those of a file in a store. They are gathered in a file of this host.

    Args:
        root: The host's own folder, for messages.
        corner: A private folder in it, which is swept by whoever made it.
        file_id: Whose reports.
        store: Where they go.
        cards: Where it is decided that they count.
        step: Told the name of each step before it is made. Only for testing.
    """

    def __init__(
        self,
        *,
        root: Path,
        corner: Path,
        file_id: str,
        store: SpoolStore,
        cards: Cards,
        step: Callable[[str], None],
    ) -> None:
        self._root = root
        self._file = corner / "pack"
        self._file_id = file_id
        self._store = store
        self._all_cards = cards
        self._step = step
        self._open: IO[bytes] | None = None
        self.clear()

    def add(self, card: ReportCard, body: bytes) -> None:
        """Take the next report.

        Raises:
            SpoolUnusable: the host's disk takes nothing.
        """
        names.report_id(card.report_id)
        self._write(body)
        self._digest.update(f"{card.report_id} {len(body)} ".encode() + body)
        self._cards.append(card)
        self._sizes.append(len(body))

    def clear(self) -> None:
        """Forget all reports so far."""
        self.close()
        self._cards: list[ReportCard] = []
        self._sizes: list[int] = []
        self._digest = hashlib.sha256()

    def keep(self, how: Making) -> None:
        """Make these the reports of the file, in place of those of an earlier attempt.

        Raises:
            NotInSpool: the file does not wait here any more.
            SpoolUnusable: disk or store take nothing; what was there before is still there.
        """
        card = self._all_cards.read(self._file_id)
        digest = self._digest.hexdigest()
        if card.pack is not None and card.pack.digest == digest:
            # Converted twice. Changing packs would take the reports from under an uploader's feet.
            return
        pack = Pack(token=self._finish(Made(how=how, reports=tuple(self._cards))), digest=digest)
        self._step("put-pack")
        # Packs of earlier attempts stay until the file leaves: some of their reports may be delivered.
        self._store.put(f"{card.home}/packs/{pack.token}", self._file)
        self._all_cards.change(card, lambda now: self._with(now, card.life, pack))

    def close(self) -> None:
        """Let go of what is still open."""
        if self._open is not None:
            self._open.close()
            self._open = None

    def _with(self, card: Card, life: str, pack: Pack) -> Card:
        if card.place is not Place.WAITING or card.life != life:
            raise NotInSpool(f"file {self._file_id} is not waiting in the spool any more")
        return card.model_copy(update={"pack": pack})

    def _finish(self, made: Made) -> str:
        """Write the index, and return the name of the pack."""
        index_at = sum(self._sizes)
        # ASCII: what a converter says may be no text that UTF-8 has.
        index = json.dumps({"sizes": self._sizes, "made": made}, default=plain).encode()
        self._write(index)
        self.close()
        return f"{secrets.token_hex(8)}.{index_at}.{index_at + len(index)}"

    def _write(self, data: bytes) -> None:
        with disk_weather(self._root):
            if self._open is None:
                self._open = new_file(self._file, anew=True)
            self._open.write(data)
