"""A file to a factory. Nothing is touched before all of the file was read and found whole."""

import os
import re
import shutil
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from pydantic import SecretStr
from redis import Redis

from wats_broker import memory
from wats_broker.files import CHUNK, create_once, new_file, private_folder
from wats_broker.fleet import Fleet
from wats_broker.names import Keys
from wats_worker.backup import pack, secrets
from wats_worker.backup.check import About, check
from wats_worker.backup.elsewhere import missing, spooled
from wats_worker.backup.errors import BadBackup, NotEmpty, StillRunning
from wats_worker.backup.places import roots
from wats_worker.backup.reaching import reached
from wats_worker.settings import WorkerSettings
from wats_worker.spool.model import Place

#: A file is in one of these places, or in the archive.
_PLACES: Final = tuple(f"spool/{place.value}" for place in Place)
_FILE: Final = re.compile(r"(spool/[a-z]+)/([0-9a-f]{32})")
_ARCHIVED: Final = re.compile(r"archive/files/../([0-9a-f]{32})/")


@dataclass(frozen=True)
class Restored:
    """What became of it."""

    files: int  #: of the spool
    put_aside: tuple[Path, ...]  #: where that went which was there before
    missing: tuple[str, ...]  #: what was not in the backup and is not in its object store, for people


def prepare(
    file: Path, config: Path | None, passphrase: SecretStr | None
) -> tuple[About, Path | None, list[Path]]:
    """Look at all of a backup, and put configuration and secrets in their places if they are missing.

    Args:
        file: The backup.
        config: Where the configuration is to lie; None for where it lay.
        passphrase: For the secrets.

    Returns:
        What the backup says of itself, where the configuration is now, and which secrets were written.

    Raises:
        BadBackup: it is damaged.
        NoSecrets: it is another passphrase.
        OSError: something can't be read or written.
    """
    about = check(file)
    place = config or (Path(about.config) if about.config else None)
    written: list[Path] = []
    with pack.opened(file) as members:
        for member in members:
            name, source = member.name, member.content
            if name == pack.CONFIG and source is not None and place is not None:
                # What is there may lie where nothing can be written.
                if not place.exists():
                    place.parent.mkdir(parents=True, exist_ok=True)
                    create_once(place, source.read())
            elif name == pack.SECRETS and source is not None and passphrase is not None:
                written = secrets.put_back(secrets.unseal(source.read(), passphrase))
            elif name.partition("/")[0] in {"spool", "archive", "audit"}:
                break  # all that is small comes first
    return about, place, written


def restore(file: Path, settings: WorkerSettings, about: About, *, replace: bool) -> Restored:
    """Make the factory what it was. Then the line may be started.

    Args:
        file: A backup that was checked.
        settings: The configuration.
        about: What the backup says of itself.
        replace: Put aside what is there.

    Raises:
        StillRunning: the line runs.
        OutOfReach: part of the factory lies in an object store that does not answer.
        NotEmpty: there is a factory already, and nobody said that it is to be replaced.
        wats_broker.errors.BrokerError: the broker can't be had.
    """
    if about.namespace != settings.broker.namespace:
        raise BadBackup(
            f"it is a backup of the factory {about.namespace!r}, and this is {settings.broker.namespace!r}"
        )
    lacking = missing(about.elsewhere, settings)
    elsewhere = spooled(settings)
    with reached(settings.broker) as redis:
        keys = Keys(settings.broker.namespace)
        if alive := Fleet(redis, keys).alive():
            raise StillRunning(
                f"{alive[0].name} works here: stop the line first, and wait 15 s if it was killed"
            )
        there = roots(settings)
        full = [folder for folder in there.values() if _has_files(folder)]
        if not replace and (full or not memory.is_empty(redis, keys)):
            raise NotEmpty(f"there is a factory already, in {full[0] if full else 'the broker'}")
        aside = [_put_aside(folder) for folder in full]
        memory.clear(redis, keys)
        ids = _unpack(file, there, redis, keys, elsewhere)
    return Restored(len(ids | elsewhere), tuple(aside), tuple(lacking))


def _has_files(folder: Path) -> bool:
    return any(
        path.is_file() and not path.relative_to(folder).parts[0].startswith("before-")
        for path in folder.rglob("*")
    )


def _put_aside(folder: Path) -> Path:
    """Everything in a folder, into one in it: the folder itself may be where a disk is mounted."""
    aside = folder / f"before-{datetime.fromtimestamp(time.time(), UTC):%Y%m%dT%H%M%SZ}"
    entries = [entry for entry in folder.iterdir() if not entry.name.startswith("before-")]
    private_folder(aside)
    for entry in entries:
        entry.rename(aside / entry.name)
    return aside


def _unpack(file: Path, there: dict[str, Path], redis: Redis, keys: Keys, elsewhere: set[str]) -> set[str]:
    ids: set[str] = set()
    archived: set[str] = set()
    with pack.opened(file) as members:
        for member in members:
            name = member.name
            root, _, rest = name.partition("/")
            if root in there:
                if found := _FILE.match(name):
                    _take_from_elsewhere(there["spool"], found[1], found[2])
                    ids.add(found[2])
                elif found := _ARCHIVED.match(name):
                    archived.add(found[1])
                _put(there[root] / rest, member)
            elif name == pack.MEMORY and member.content is not None:
                os.sync()  # the bytes before what is said of them
                memory.read(redis, keys, member.content, is_here=(ids | archived | elsewhere).__contains__)
    return ids


def _take_from_elsewhere(spool: Path, place: str, file_id: str) -> None:
    """A file that moved on while it was copied is in the backup twice. The later place is the right one."""
    for other in _PLACES:
        if other != place:
            with suppress(FileNotFoundError):
                shutil.rmtree(spool / other.removeprefix("spool/") / file_id)


def _put(path: Path, member: pack.Member) -> None:
    if member.content is None:
        private_folder(path)
        return
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with new_file(path, anew=True) as target:
        shutil.copyfileobj(member.content, target, CHUNK)
    os.utime(path, ns=(member.mtime_ns, member.mtime_ns))
