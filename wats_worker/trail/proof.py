"""Is the trail what it was, and the archive with it? Names what was changed, is missing, or was added.

What can't be told: whoever has the key can write another past, and whoever brings back an older copy of
everything, head included, takes away what came after it. Against both helps a manifest's hash that was kept
elsewhere (``expected``): it is in the log each day.
"""

import hashlib
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from wats_broker.files import CHUNK
from wats_worker.trail.book import Head, Layout, lines, read_head
from wats_worker.trail.entry import Entry, Event, hash_of
from wats_worker.trail.manifests import SEALED, Manifest, Record, list_path, listed, path, sealed
from wats_worker.trail.seal import Witness

#: How the trail says that a rule took the bytes of files out of the archive; it names the files.
PURGED: Final = "files purged"


class Kind(StrEnum):
    """What is wrong."""

    CHANGED = "changed"
    MISSING = "missing"
    ADDED = "added"


@dataclass(frozen=True)
class Finding:
    """One thing that is not as it was."""

    kind: Kind
    what: str
    why: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.what}: {self.why}"


@dataclass(frozen=True)
class Proof:
    """What a check has looked at, and found."""

    findings: tuple[Finding, ...]
    lines: int
    days: int  #: sealed ones
    records: int
    last: str  #: hash of the newest manifest; keep it elsewhere
    key: str  #: what the signatures were checked with
    purged: frozenset[str]  #: files whose bytes a rule took away


#: The hash of a record of the archive as it is now, from its bytes; None if it is gone.
HashNow = Callable[[str], str | None]


class Check:
    """One check of one trail.

    Args:
        layout: Where it is.
        witness: Who knows the signatures.
    """

    def __init__(self, layout: Layout, witness: Witness) -> None:
        self._layout = layout
        self._witness = witness
        self._lines = 0
        self._last = Head()
        self._sealed: dict[str, str] = {}  #: by day, the hash that the trail has of its manifest
        self._purged: set[str] = set()

    def run(
        self,
        *,
        hash_now: HashNow | None = None,
        expected: Collection[str] = (),
        progress: Callable[[int], object] = lambda _: None,
    ) -> Proof:
        """Look at everything.

        Args:
            hash_now: Reads a record of the archive. None: only the trail is checked.
            expected: Hashes of manifests that were kept elsewhere.
            progress: Told after each record how many were read.
        """
        findings = [*self._trail(), *self._head()]
        hashes: dict[str, str] = {}
        records = 0
        days = sealed(self._layout)
        findings += self._manifests(days, hashes)
        for day in days if hash_now else ():
            for record in listed(self._layout, day):
                findings += self._record(record, day, hash_now)
                records += 1
                progress(records)
        findings += [
            Finding(Kind.MISSING, f"the manifest with hash {one}", "it was kept elsewhere, and is not here")
            for one in expected
            if one not in hashes.values()
        ]
        last = hashes.get(days[-1], "") if days else ""
        purged = frozenset(self._purged)
        return Proof(tuple(findings), self._lines, len(days), records, last, self._witness.name, purged)

    def _trail(self) -> Iterator[Finding]:
        """Every line stands where it was written."""
        for day in self._layout.days():
            file = self._layout.lines(day)
            for place, line in enumerate(lines(file), start=1):
                where = f"{file.name} line {place}"
                try:
                    entry = Entry.read(line)
                except ValueError:
                    yield Finding(Kind.CHANGED, where, "it can't be read")
                    self._last = Head(self._last.number + 1, hash_of(line), day)
                    continue
                yield from self._line(entry, where, day)
                self._lines += 1
                self._last = Head(entry.number, hash_of(line), day)

    def _line(self, entry: Entry, where: str, day: str) -> Iterator[Finding]:
        follows = self._last.number + 1
        if entry.number > follows:
            gone = (
                f"line {follows}" if entry.number == follows + 1 else f"lines {follows} to {entry.number - 1}"
            )
            yield Finding(Kind.MISSING, f"{gone} of the trail", f"{where} is number {entry.number}")
        elif entry.number < follows:
            yield Finding(Kind.ADDED, where, f"number {entry.number} is out of order")
        elif entry.before != self._last.hash:
            yield Finding(Kind.CHANGED, f"what stands before {where}", "the line has another hash of it")
        if entry.gap:
            yield Finding(Kind.MISSING, f"what stood before {where}", entry.gap)
        if entry.at[:10] > day:
            yield Finding(Kind.CHANGED, where, f"it was written on {entry.at[:10]}, and stands at {day}")
        if entry.told.event is Event.DONE and entry.told.action == SEALED:
            self._sealed[entry.told.target] = str(entry.told.facts.get("hash", ""))
        if entry.told.event is Event.DONE and entry.told.action == PURGED:
            self._purged.update(map(str, entry.told.facts.get("files", ())))

    def _head(self) -> Iterator[Finding]:
        """The trail goes as far as it was signed."""
        head = read_head(self._layout, self._witness)
        if isinstance(head, str):
            yield Finding(Kind.CHANGED, "the end of the trail", head)
        elif head is None:
            if self._lines > 1:  # a crash may leave one line without
                yield Finding(Kind.MISSING, "head.json", "nobody can tell whether the trail was cut off")
        elif self._last.number < head.number:
            gone = f"lines {self._last.number + 1} to {head.number} of the trail"
            yield Finding(Kind.MISSING, gone, "it was signed up to there, and ends before")
        elif self._last.number > head.number + 1:
            added = f"lines {head.number + 1} to {self._last.number} of the trail"
            yield Finding(Kind.ADDED, added, "they were never signed")
        elif self._last.number == head.number and self._last.hash != head.hash:
            yield Finding(Kind.CHANGED, f"line {head.number} of the trail", "it was signed with another hash")

    def _manifests(self, days: list[str], hashes: dict[str, str]) -> Iterator[Finding]:
        """Every sealed day is sealed still."""
        before, number = "", 0
        for day in days:
            name = f"manifests/{day}.json"
            hashes[day] = hash_of(path(self._layout, day).read_bytes())
            try:
                manifest = Manifest.read(self._layout, day, self._witness)
            except (ValueError, TypeError) as wrong:
                yield Finding(Kind.CHANGED, name, str(wrong))
            else:
                yield from self._manifest(manifest, day, before, number)
            before, number = hashes[day], number + 1
        for day, found in self._sealed.items():
            if day not in hashes:
                yield Finding(Kind.MISSING, f"manifests/{day}.json", "the trail says that the day was sealed")
            elif hashes[day] != found:
                yield Finding(Kind.CHANGED, f"manifests/{day}.json", "the trail has another hash of it")

    def _manifest(self, manifest: Manifest, day: str, before: str, number: int) -> Iterator[Finding]:
        name = f"manifests/{day}.json"
        if manifest.day != day:
            yield Finding(Kind.CHANGED, name, f"it is the manifest of {manifest.day}")
            return
        if manifest.number != number + 1:
            yield Finding(Kind.MISSING, f"a manifest before {day}", f"{name} is number {manifest.number}")
        elif manifest.before != before:
            yield Finding(Kind.CHANGED, f"the manifest before {day}", f"{name} has another hash of it")
        if (found := _digest(self._layout.lines(day))) != (manifest.lines_hash, manifest.lines):
            how = f"it had {manifest.lines} lines when it was sealed, and has {found[1]}"
            yield Finding(_kind(manifest.lines, found[1]), f"{day}.jsonl", how)
        if (found := _digest(list_path(self._layout, day))) != (manifest.records_hash, manifest.records):
            how = f"it had {manifest.records} records when it was sealed, and has {found[1]}"
            yield Finding(_kind(manifest.records, found[1]), f"manifests/{day}.list", how)

    def _record(self, record: Record, day: str, hash_now: HashNow | None) -> Iterator[Finding]:
        assert hash_now is not None  # noqa: S101  the caller's loop is empty without
        now = hash_now(record.name)
        if now is None:
            yield Finding(Kind.MISSING, record.name, f"it was archived on {day}")
        elif now != record.hash:
            yield Finding(Kind.CHANGED, record.name, f"it was archived on {day} with another content")


def _kind(before: int, now: int) -> Kind:
    """What it means that something of so many parts has so many now."""
    if before == now:
        return Kind.CHANGED
    return Kind.ADDED if now > before else Kind.MISSING


def _digest(file: Path) -> tuple[str, int]:
    """The hash of a file, and how many lines it has."""
    digest, count = hashlib.sha256(), 0
    try:
        with file.open("rb") as content:
            while piece := content.read(CHUNK):
                digest.update(piece)
                count += piece.count(b"\n")
    except FileNotFoundError:
        pass  # as if it was empty: a day may have nothing to tell
    return digest.hexdigest(), count
