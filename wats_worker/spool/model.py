"""What the spool takes and gives: the shape of a claim, of a file's card, of a place and of the room left."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from wats_worker.spool import names
from wats_worker.spool.files import Stamp
from wats_worker.spool.recipe import Recipe


class FileMeta(BaseModel):
    """The card of one file, ``meta.json``: all that is needed to go on with it when other memory is lost."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    file_id: str = Field(pattern=r"^[0-9a-f]{32}$")
    source: str
    name: str  #: relative to the watch folder; quoted if the name itself is no clean text
    quoted: bool = False  #: whether ``name`` and ``path`` are quoted forms
    path: str  #: where the file lay
    size: int
    sha256: str
    mtime_ns: int
    claimed_at: str  #: UTC, ISO 8601
    pool: str
    priority: int  #: 0 to 9, lower is sooner
    kept: bool = False  #: the source keeps its files; the spool holds a copy
    bundle: bool = False  #: several files that belong together, see ``bundle``
    converter: str = ""  #: who is to convert it, whatever its source says: a person named one
    options: dict[str, Any] | None = None  #: with which; else with those that its source says
    replayed_at: str = ""  #: when it was taken out of the archive to be converted again
    salt: str = ""  #: what else than source and content the id was made from, see ``Identity``

    @property
    def native_name(self) -> str:
        """The name as the file system knows it, undecodable bytes as surrogate escapes."""
        return names.unquoted(self.name) if self.quoted else self.name


@dataclass(frozen=True)
class Member:
    """One file, or one folder, of a unit of several, as it was sighted."""

    name: str  #: relative to the watch folder; that of a folder ends in a slash
    stamp: Stamp

    @property
    def is_folder(self) -> bool:
        """Whether it is a folder."""
        return self.name.endswith("/")


@dataclass(frozen=True)
class Claimable:
    """A finished file in a watch folder, as it was when it was hashed.

    With a ``recipe`` no file in the folder has these bytes, and they are made when they are claimed.
    """

    source: str
    folder: Path  #: the watch folder
    name: str  #: relative to it, undecodable bytes as surrogate escapes
    file_id: str
    sha256: str
    stamp: Stamp  #: of what was sighted
    pool: str
    priority: int
    recipe: Recipe | None = None
    members: Sequence[Member] = ()  #: of a unit of several files: what the recipe makes one of
    salt: str = ""
    #: Steady time since when it has been finished, where somebody knows.
    ready_at: float | None = field(default=None, compare=False)

    @property
    def size(self) -> int:
        """How many bytes the spool gets."""
        return self.recipe.size if self.recipe else self.stamp.size


class Outcome(Enum):
    """What became of the attempt to claim one file."""

    CLAIMED = "claimed"
    KNOWN = "known"  #: the spool has these bytes from this source already
    BUSY = "busy"  #: somebody changed it or writes to it: look again
    GONE = "gone"  #: somebody else took it
    REFUSED = "refused"  #: the file system does not let us have it


@dataclass(frozen=True)
class Claimed:
    """The result of one attempt to claim.

    ``copy`` is a second copy of bytes the spool knows, taken out of the watch folder; ``dispose`` ends it.
    ``reason`` says why a file was refused, or why a claimed one could not be removed from its folder.
    """

    file: Claimable
    outcome: Outcome
    copy: Path | None = None
    reason: str = ""


class Place(Enum):
    """Which of the three trees a file is in."""

    WAITING = "files"
    QUARANTINED = "quarantine"
    FINISHED = "finished"  #: everything is delivered; it is about to go into the archive


@dataclass(frozen=True)
class DiskRoom:
    """What the spool's disk still takes."""

    free_bytes: int
    free_files: int
    writable: bool
    enough: bool  #: whether it has room for new files
    too_slow_s: float = 0.0  #: what a little write takes, if that is too long
    trouble: str = ""  #: what is wrong with the store that the spool lies in, if it lies in one
    #: The part of the usual pace at which files may be taken: less and less between soft mark and floor.
    pace: float = 1.0

    @property
    def concern(self) -> str:
        """One line for a person who can still prevent the worst; empty while there is room enough."""
        if self.problem or self.pace >= 1:
            return ""
        return f"only {self.free_bytes // 2**20} MiB are left, so files are taken more slowly"

    @property
    def problem(self) -> str:
        """One line for a person who has to mend it; empty when there is nothing to mend."""
        if self.trouble:
            return self.trouble
        if not self.writable:
            return "the disk is read-only"
        if not self.enough:
            return f"only {self.free_bytes // 2**20} MiB and room for {self.free_files} files are left"
        if self.too_slow_s:
            return f"the disk is too slow: it takes {self.too_slow_s:.1f} s to write a few bytes"
        return ""
