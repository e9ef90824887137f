"""What the watcher makes of a settled file, for tests that need no watcher."""

from pathlib import Path

from wats_worker.spool.files import Stamp
from wats_worker.spool.model import Claimable
from wats_worker.spool.names import Identity


def claimable(folder: Path, name: str) -> Claimable:
    """Hash a file as source ``ict`` would."""
    path = folder / name
    identity = Identity("ict")
    identity.feed(path.read_bytes())
    return Claimable(
        source="ict",
        folder=folder,
        name=name,
        file_id=identity.file_id,
        sha256=identity.sha256,
        stamp=Stamp.of(path.lstat()),
        pool="convert",
        priority=5,
    )
