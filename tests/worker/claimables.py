"""What the watcher makes of a settled file, for tests that need no watcher."""

import os
from pathlib import Path

from wats_broker.files import FOLDER
from wats_worker.spool.bundle import Bundle
from wats_worker.spool.files import Stamp
from wats_worker.spool.model import Claimable
from wats_worker.spool.names import Identity
from wats_worker.watch.units import gather, together


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


def unit(folder: Path, *names: str) -> Claimable:
    """Make one of these files and folders, as source ``ict`` would; the first names the unit."""
    root = os.open(folder, FOLDER)
    members = gather(root, names)
    os.close(root)
    bundle = Bundle(folder, members)
    identity = Identity("ict")
    for piece in bundle.make():
        identity.feed(piece)
    return Claimable(
        source="ict",
        folder=folder,
        name=names[0].removesuffix(".txt"),
        file_id=identity.file_id,
        sha256=identity.sha256,
        stamp=together(members),
        pool="convert",
        priority=5,
        recipe=bundle,
        members=members,
    )
