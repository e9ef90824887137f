"""Which folders and files make a factory. Whoever adds one names it here."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel

from wats_worker.settings import WorkerSettings
from wats_worker.spool.model import Place


@dataclass(frozen=True)
class Tree:
    """A folder of which every entry is copied by itself, as it is at one moment.

    ``spool/files`` is one, and ``spool/files/<file_id>`` an entry. An entry that is nowhere any more when its
    turn comes has moved on, and is found where it went, or in a later round.
    """

    name: str  #: in the backup
    folder: Path
    depth: int = 1  #: so many levels below lie the entries
    moves: bool = False  #: entries come here from trees that are copied later, so it is looked at again
    may_fail: bool = False  #: what can't be held still is half-made, and will be found elsewhere


def roots(settings: WorkerSettings) -> dict[str, Path]:
    """The folders that are brought back, by their names in a backup."""
    return {
        "spool": settings.spool.folder,
        "archive": settings.archive_folder(),
        "audit": settings.audit_folder(),
    }


def trees(settings: WorkerSettings) -> list[Tree]:
    """What is copied, in the order in which files travel, so that none is missed on its way."""
    spool = settings.spool.folder
    places = [
        Tree(f"spool/{place.value}", spool / place.value, moves=place is not Place.FINISHED)
        for place in Place
    ]
    notes = [Tree(f"spool/{name}", spool / name) for name in _NOTES]
    archive = settings.archive_folder()
    return [
        Tree("spool/incoming", spool / "incoming", depth=2, may_fail=True),
        *places,
        # Records before the bytes they name, which were written first.
        Tree("archive/files", archive / "files", depth=2),
        Tree("archive/blobs", archive / "blobs", depth=2),
        *(Tree(f"archive/{name}", archive / name) for name in _besides(archive)),
        *notes,
        Tree("audit", settings.audit_folder(), depth=0),
    ]


#: What the spool knows beside files: what was taken and how far, and what is still to be done.
_NOTES: Final = ("kept", "polled", "grown", "removals", "zips")


def _besides(archive: Path) -> list[str]:
    """What else an archive keeps: labels that hold files, say. Names with a dot are locks and drafts."""
    if not archive.is_dir():
        return []
    found = {folder.name for folder in archive.iterdir() if folder.is_dir()} - {"files", "blobs"}
    return sorted(name for name in found if not name.startswith((".", "before-")))


def secret_files(settings: WorkerSettings) -> Iterator[Path]:
    """The files with secrets that the configuration names, and those that the line has made for itself."""
    yield from sorted({path for path in _named(settings) if path.is_file()})
    for made in (settings.control_folder() / "token", settings.audit_folder() / "key"):
        if made.is_file():
            yield made


def _named(settings: Any) -> Iterator[Path]:
    if isinstance(settings, BaseModel):
        for name, value in settings:
            if name.endswith("_file") and isinstance(value, Path):
                yield value.expanduser().absolute()
            else:
                yield from _named(value)
    elif isinstance(settings, tuple | list):
        for one in settings:
            yield from _named(one)
    elif isinstance(settings, dict):
        for one in settings.values():
            yield from _named(one)
