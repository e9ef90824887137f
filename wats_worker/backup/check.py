"""Whether a backup is whole: every byte is read, and compared with what was written."""

import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from wats_worker.backup import pack
from wats_worker.backup.errors import BadBackup


@dataclass(frozen=True)
class About:
    """What a backup says of itself, and what was found in it."""

    namespace: str
    release: str  #: that made it
    made_at: float  #: seconds since 1970
    config: str  #: where the configuration lay; empty if there was none
    files: int  #: members with bytes
    has_secrets: bool
    elsewhere: dict[str, str]  #: what is not in it, but in an object store, and where that is


def check(file: Path) -> About:
    """Read all of a backup.

    Raises:
        BadBackup: something is missing, more than it should be, or not what was written.
        OSError: the file can't be read.
    """
    found: dict[str, str] = {}
    told: dict[str, str] = {}
    about: dict[str, Any] = {}
    with pack.opened(file) as members:
        for member in members:
            name, source = member.name, member.content
            if source is None:
                continue
            if name == pack.SUMS:
                told = _sums(source)
            elif name == pack.ABOUT:
                text = source.read()
                about = _read_about(text)
                found[name] = pack.digest(io.BytesIO(text))
            else:
                found[name] = pack.digest(source)
    if not told or not about:
        raise BadBackup(f"{file} is cut off: its checksums are missing")
    wrong = sorted(name for name in found.keys() | told.keys() if found.get(name) != told.get(name))
    if wrong:
        raise BadBackup(f"{file} is damaged: {', '.join(wrong[:3])} is not what was written")
    return About(
        namespace=about["namespace"],
        release=about["release"],
        made_at=float(about["made_at"]),
        config=about["config"],
        files=len(found),
        has_secrets=pack.SECRETS in found,
        elsewhere=about["elsewhere"],
    )


def _read_about(text: bytes) -> dict[str, Any]:
    try:
        return dict(json.loads(text))
    except ValueError as problem:
        raise BadBackup(f"what the backup says of itself can't be read: {problem}") from problem


def _sums(source: IO[bytes]) -> dict[str, str]:
    # Of members that come twice the later one counts.
    lines = source.read().decode().splitlines()
    return {name: sha256 for sha256, _, name in (line.partition("  ") for line in lines)}
