"""How anything in this project writes to a file: whole or not at all, for its owner's eyes, and durable.

``writing`` makes, replaces and adds to files, ``locks`` lets one process at a time do so, and ``backups``
keeps what was there before and brings it back. Nothing else in the project opens a file to write to it.
"""

from wats_broker.files.backups import Backups, NoGoodBackup, Recovered
from wats_broker.files.locks import Lock, Occupied, held, open_lock
from wats_broker.files.writing import (
    CHUNK,
    FOLDER,
    PRIVATE,
    READABLE,
    append_line,
    append_whole,
    create,
    create_once,
    flags,
    flush,
    fsync_folder,
    new_file,
    open_in_place,
    open_log,
    private_folder,
    rewrite,
    write_all,
    write_atomically,
)

__all__ = [
    "CHUNK",
    "FOLDER",
    "PRIVATE",
    "READABLE",
    "Backups",
    "Lock",
    "NoGoodBackup",
    "Occupied",
    "Recovered",
    "append_line",
    "append_whole",
    "create",
    "create_once",
    "flags",
    "flush",
    "fsync_folder",
    "held",
    "new_file",
    "open_in_place",
    "open_lock",
    "open_log",
    "private_folder",
    "rewrite",
    "write_all",
    "write_atomically",
]
