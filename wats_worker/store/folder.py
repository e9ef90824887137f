"""A store in a directory: one file per key."""

import hashlib
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

from wats_broker.files import (
    CHUNK,
    Lock,
    create_once,
    fsync_folder,
    new_file,
    private_folder,
    write_atomically,
)
from wats_worker.store.errors import BadKey, StoreUnusable
from wats_worker.store.keys import checked, checked_prefix
from wats_worker.store.store import Content, Entry

#: Names that begin with a dot are no keys: drafts, and these.
_LOCKS = ".locks"


class FolderStore:
    """Blobs as files below a directory, which is made and closed to other users.

    ``create`` needs a file system with links and ``replace`` one with working locks. A disk of this machine
    has both.

    Args:
        root: The directory.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.name = str(root)
        with self._weather():
            private_folder(root)
            private_folder(root / _LOCKS)

    def create(self, key: str, data: bytes) -> str | None:
        """Make a blob that must not be there yet."""
        with self._weather():
            # The folder may be new: its own name has to be durable before the blob's.
            made = create_once(self._home(key), data)
        return _version(data) if made else None

    def replace(self, key: str, data: bytes, version: str) -> str | None:
        """Put these bytes in the place of those of a version."""
        path = self._path(key)
        with self._weather(), self._locked(key):
            try:
                if _version(path.read_bytes()) != version:
                    return None
            except FileNotFoundError:
                return None
            write_atomically(path, data)
        return _version(data)

    def put(self, key: str, source: bytes | Path) -> None:
        """Make or overwrite a blob."""
        with BytesIO(source) if isinstance(source, bytes) else source.open("rb") as content, self._weather():
            path = self._home(key)
            draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
            try:
                with new_file(draft) as copy:
                    shutil.copyfileobj(content, copy, CHUNK)
                    copy.flush()
                    os.fsync(copy.fileno())
                with self._locked(key):
                    draft.replace(path)
            finally:
                draft.unlink(missing_ok=True)
            fsync_folder(path.parent)

    def get(self, key: str) -> Content | None:
        """A blob that fits into memory."""
        path = self._path(key)
        with self._weather():
            try:
                data = path.read_bytes()
            except FileNotFoundError:
                return None
        return Content(data, _version(data))

    def part(self, key: str, start: int, size: int) -> bytes | None:
        """So many bytes from a place on."""
        path = self._path(key)
        with self._weather():
            try:
                with path.open("rb") as content:
                    content.seek(start)
                    return content.read(size)
            except FileNotFoundError:
                return None

    def fetch(self, key: str, target: Path) -> bool:
        """Copy a blob into a new file."""
        path = self._path(key)
        with self._weather():
            try:
                content = path.open("rb")
            except FileNotFoundError:
                return False
        with content, new_file(target) as copy:
            shutil.copyfileobj(content, copy, CHUNK)
        return True

    def size(self, key: str) -> int | None:
        """How many bytes a blob has."""
        path = self._path(key)
        with self._weather():
            try:
                return path.stat().st_size
            except FileNotFoundError:
                return None

    def delete(self, *keys: str) -> None:
        """Remove blobs."""
        paths = [self._path(key) for key in keys]
        with self._weather():
            for path in paths:
                path.unlink(missing_ok=True)

    def list(self, prefix: str = "", *, after: str = "") -> Iterator[Entry]:
        """Every blob below a prefix, in the order of their keys."""
        with self._weather():
            yield from self._below(checked_prefix(prefix), after)

    def _below(self, name: str, after: str) -> Iterator[Entry]:
        try:
            with os.scandir(self.root / name) as entries:
                found = [entry for entry in entries if not entry.name.startswith(".")]
        except FileNotFoundError:
            return
        for entry in sorted(found, key=_sorted_by):
            key = f"{name}/{entry.name}" if name else entry.name
            if entry.is_dir():
                if f"{key}/" > after or after.startswith(f"{key}/"):
                    yield from self._below(key, after)
            elif key > after:
                try:
                    status = entry.stat()
                except FileNotFoundError:
                    continue  # somebody has just removed it
                yield Entry(key, status.st_size, datetime.fromtimestamp(status.st_mtime, UTC))

    def _path(self, key: str) -> Path:
        return self.root / checked(key)

    def _home(self, key: str) -> Path:
        """The path of a key, with the folders above it made, and durable."""
        path = self._path(key)
        missing = [folder for folder in path.parents if not folder.exists()]
        for folder in reversed(missing):
            folder.mkdir(mode=0o700, exist_ok=True)
            fsync_folder(folder.parent)
        return path

    def _locked(self, key: str) -> Lock:
        """One at a time replaces a blob; a few locks are shared by all keys."""
        return Lock(self.root / _LOCKS / hashlib.sha256(key.encode()).hexdigest()[:2])

    @contextmanager
    def _weather(self) -> Iterator[None]:
        try:
            yield
        except (NotADirectoryError, IsADirectoryError) as problem:
            raise BadKey("a key can't be the beginning of another one") from problem
        except OSError as problem:
            raise StoreUnusable(self.name, problem.strerror or str(problem)) from problem


def _version(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _sorted_by(entry: os.DirEntry[str]) -> str:
    # As the whole keys sort: "a-b/x" comes before "a/x".
    return f"{entry.name}/" if entry.is_dir() else entry.name
