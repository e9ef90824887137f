"""The file of a backup: a compressed tar, so that any tool opens it.

    about.json     who made it, when and of what
    config.toml    the configuration
    secrets.age    the secrets, if a passphrase was given
    spool/… archive/… audit/…
    memory.jsonl   what the broker remembered
    SHA256SUMS     of everything before it, as ``sha256sum`` has it; without this last one it was cut off

Members with one name may come twice: the later one counts.
"""

import gzip
import hashlib
import io
import os
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Final, Self

from wats_broker.files import CHUNK
from wats_worker.backup.errors import BadBackup

ABOUT: Final = "about.json"
CONFIG: Final = "config.toml"
SECRETS: Final = "secrets.age"
MEMORY: Final = "memory.jsonl"
SUMS: Final = "SHA256SUMS"

_MTIME_NS: Final = "WATS.mtime_ns"
_DAMAGE: Final = (tarfile.TarError, EOFError, zlib.error, gzip.BadGzipFile, ValueError)


class Hashed(io.RawIOBase):
    """Reads from a file and knows the checksum of what was read."""

    def __init__(self, source: IO[bytes]) -> None:
        self._source = source
        self._hash = hashlib.sha256()

    @property
    def sha256(self) -> str:
        """Of everything read so far."""
        return self._hash.hexdigest()

    def read(self, size: int = -1, /) -> bytes:
        """The next bytes."""
        piece = self._source.read(size)
        self._hash.update(piece)
        return piece


@dataclass(frozen=True)
class Member:
    """A file or folder in a backup."""

    name: str
    mtime_ns: int
    content: IO[bytes] | None  #: None for a folder; else to be read before the next member is asked for


class Writer:
    """Packs a factory. Only a file that was left without an error is a backup.

    Args:
        out: Where the bytes go.
        made_at: Seconds since 1970, of what has no time of its own.
    """

    def __init__(self, out: IO[bytes], *, made_at: float) -> None:
        # Speed counts more than size here: what is large is compressed already.
        self._zip = gzip.GzipFile(fileobj=out, mode="wb", compresslevel=1)
        self._tar = tarfile.open(  # noqa: SIM115  closed where the writer is left
            fileobj=self._zip, mode="w|", format=tarfile.PAX_FORMAT
        )
        self._sums: list[str] = []
        self._made_at_ns = round(made_at * 1e9)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with closing(self._zip), closing(self._tar):
            if kind is None:
                self.add(SUMS, "".join(self._sums).encode())

    def add(self, name: str, data: bytes) -> None:
        """Put a few bytes in."""
        self.add_open(name, io.BytesIO(data))

    def add_file(self, name: str, file: Path) -> None:
        """Put a file in, as long as it is now."""
        with file.open("rb") as source:
            self.add_open(name, source, mtime_ns=os.fstat(source.fileno()).st_mtime_ns)

    def add_open(self, name: str, source: IO[bytes], *, mtime_ns: int | None = None) -> None:
        """The same for one that is open, from where it is read up to its end."""
        begin = source.tell()
        size = source.seek(0, io.SEEK_END) - begin
        source.seek(begin)
        hashed = Hashed(source)
        self._tar.addfile(_card(name, size, self._made_at_ns if mtime_ns is None else mtime_ns), hashed)
        self._sums.append(f"{hashed.sha256}  {name}\n")

    def add_tree(self, name: str, entry: Path) -> None:
        """Put a file or a folder in, with everything in it."""
        if not entry.is_dir():
            self.add_file(name, entry)
            return
        card = _card(name, 0, entry.stat().st_mtime_ns)
        card.type, card.mode = tarfile.DIRTYPE, 0o700
        self._tar.addfile(card)
        for inner in sorted(entry.iterdir()):
            self.add_tree(f"{name}/{inner.name}", inner)


def _card(name: str, size: int, mtime_ns: int) -> tarfile.TarInfo:
    card = tarfile.TarInfo(name)
    card.size, card.mtime, card.mode = size, mtime_ns // 10**9, 0o600
    # To the nanosecond: the spool knows by it whether somebody wrote to a file.
    card.pax_headers = {_MTIME_NS: str(mtime_ns)}
    return card


@contextmanager
def opened(file: Path) -> Iterator[Iterator[Member]]:
    """The members of a backup in their order.

    Raises:
        BadBackup: it is damaged or no backup. It may be noticed late, so look at all of it before using any.
    """
    try:
        with (
            file.open("rb") as source,
            gzip.GzipFile(fileobj=source) as unzipped,
            tarfile.open(fileobj=unzipped, mode="r|") as tar,
        ):
            yield _members(tar, unzipped)
    except _DAMAGE as problem:
        raise BadBackup(f"{file} is damaged, cut off or no backup: {problem}") from problem


def _members(tar: tarfile.TarFile, unzipped: gzip.GzipFile) -> Iterator[Member]:
    for card in tar:
        # Nothing but what we write: no links, no devices, nothing outside.
        if card.name.startswith("/") or ".." in card.name.split("/") or not (card.isreg() or card.isdir()):
            raise BadBackup(f"{card.name!r} does not belong in a backup")
        mtime_ns = int(card.pax_headers.get(_MTIME_NS, card.mtime * 10**9))
        yield Member(card.name, mtime_ns, tar.extractfile(card) if card.isreg() else None)
    while unzipped.read(CHUNK):  # to its very end, where its own checksum is
        continue


def digest(source: Any) -> str:
    """The checksum of what is left in a file."""
    hashed = hashlib.sha256()
    while piece := source.read(CHUNK):
        hashed.update(piece)
    return hashed.hexdigest()
