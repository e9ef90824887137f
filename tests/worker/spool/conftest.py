"""A spool beside a watch folder, and files that are ready to be claimed."""

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from worker.claimables import claimable

from wats_worker.spool.model import Claimable
from wats_worker.spool.store import DiskSpool


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[DiskSpool]:
    spool = DiskSpool(tmp_path / "spool")
    yield spool
    spool.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The watch folder."""
    folder = tmp_path / "in"
    folder.mkdir()
    return folder


@pytest.fixture
def done(tmp_path: Path) -> Path:
    """The done folder; it is not there until somebody needs it."""
    return tmp_path / "in" / "Done"


@pytest.fixture
def drop(folder: Path) -> Callable[..., Claimable]:
    """Write a file into the watch folder and hash it."""

    def write(name: str = "board.csv", content: bytes = b"PASS") -> Claimable:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return claimable(folder, name)

    return write


@pytest.fixture
def take(spool: DiskSpool, drop: Callable[..., Claimable]) -> Callable[..., str]:
    """Claim a fresh file and return its id."""

    def claim(name: str = "board.csv", content: bytes = b"PASS", *, keep: bool = False) -> str:
        file = drop(name, content)
        spool.claim([file], keep=keep)
        return file.file_id

    return claim


@pytest.fixture
def other_disk() -> Iterator[Path]:
    """A folder on another file system than the spool."""
    shared_memory = Path("/dev/shm")
    if not shared_memory.is_dir() or shared_memory.stat().st_dev == Path(tempfile.gettempdir()).stat().st_dev:
        pytest.skip("there is no second file system here")
    with tempfile.TemporaryDirectory(dir=shared_memory) as folder:
        yield Path(folder)
