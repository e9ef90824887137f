"""A factory to a file, while it works."""

import json
import os
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import SecretStr
from redis import Redis

from wats_broker import memory
from wats_broker.files import fsync_folder, new_file
from wats_broker.names import Keys
from wats_worker.backup import pack, secrets
from wats_worker.backup.elsewhere import named
from wats_worker.backup.errors import Restless
from wats_worker.backup.places import Tree, secret_files, trees
from wats_worker.backup.still import still
from wats_worker.settings import WorkerSettings
from wats_worker.spool.names import process_list
from wats_worker.spool.store import DiskSpool
from wats_worker.version import RELEASE

#: Looks at the trees from which entries may have come back. A person replays that often, a line doesn't.
_ROUNDS: Final = 10


@dataclass(frozen=True)
class Made:
    """What became of it."""

    file: Path
    entries: int  #: files of the spool and the archive, and notes
    size: int  #: bytes


def make(
    file: Path,
    settings: WorkerSettings,
    *,
    redis: Redis,
    config: Path | None = None,
    passphrase: SecretStr | None = None,
) -> Made:
    """Write a backup. The file has its name when it is whole and on the disk, and not before.

    Args:
        file: Where to.
        settings: The configuration.
        redis: The broker.
        config: The configuration's file.
        passphrase: For the secrets; without one they are left out.

    Raises:
        FileExistsError: there is such a file.
        Restless: something changes faster than it can be copied.
        NoSecrets: the secrets can't be written.
    """
    if file.exists():
        raise FileExistsError(f"{file} is there already")
    draft = file.with_name(f".{file.name}.part")
    made_at = time.time()
    about = {
        "namespace": settings.broker.namespace,
        "release": RELEASE,
        "made_at": made_at,
        "config": str(config) if config else "",
        "elsewhere": named(settings),
    }
    try:
        with new_file(draft, anew=True) as out:
            with pack.Writer(out, made_at=made_at) as writer:
                writer.add(pack.ABOUT, json.dumps(about).encode())
                if config is not None:
                    writer.add_file(pack.CONFIG, config)
                if passphrase is not None:
                    writer.add(pack.SECRETS, secrets.seal(secret_files(settings), passphrase))
                entries = _copy(settings, writer)
                _remember(redis, Keys(settings.broker.namespace), writer)
            out.flush()
            os.fsync(out.fileno())
            size = out.tell()
        draft.rename(file)
    finally:
        draft.unlink(missing_ok=True)
    fsync_folder(file.parent)
    return Made(file, entries, size)


def _copy(settings: WorkerSettings, writer: pack.Writer) -> int:
    """All trees, and those again to which entries may have come meanwhile."""
    spool = DiskSpool(settings.spool.folder)
    copied: set[str] = set()
    try:
        with spool.landing() as corner:
            wanted = trees(settings)
            for _ in range(_ROUNDS):
                found = sum(_copy_tree(tree, corner, writer, copied) for tree in wanted)
                wanted = [tree for tree in wanted if tree.moves]
                if not found:
                    break
        list_ = process_list(settings.spool.folder)
        if list_.exists():
            writer.add_file("spool/processes.json", list_)
    finally:
        spool.close()
    return len(copied)


def _copy_tree(tree: Tree, corner: Path, writer: pack.Writer, copied: set[str]) -> int:
    """What is in a tree and not copied yet; how many entries that were."""
    found = 0
    for name, entry in _entries(tree):
        if name in copied or entry.is_relative_to(corner) or corner.is_relative_to(entry):
            continue
        held = corner / "held"
        try:
            if not still(entry, held):
                continue
        except Restless:
            if tree.may_fail:
                continue
            raise
        writer.add_tree(name, held)
        copied.add(name)
        found += 1
    return found


def _entries(tree: Tree) -> Iterator[tuple[str, Path]]:
    found = [(tree.name, tree.folder)] if tree.folder.exists() else []
    for _ in range(tree.depth):
        found = [(f"{name}/{inner.name}", inner) for name, folder in found for inner in _inside(folder)]
    yield from found


def _inside(folder: Path) -> list[Path]:
    try:
        return sorted(inner for inner in folder.iterdir() if not inner.is_symlink())
    except (FileNotFoundError, NotADirectoryError):
        return []


def _remember(redis: Redis, keys: Keys, writer: pack.Writer) -> None:
    # How long it gets is known at its end only, and a tar wants to know before.
    with tempfile.TemporaryFile() as lines:
        lines.writelines(memory.write(redis, keys))
        lines.seek(0)
        writer.add_open(pack.MEMORY, lines)
