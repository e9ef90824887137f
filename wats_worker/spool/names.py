"""Names and ids: what may become a path, what a person can read, what a file is called for ever. Pure.

Ids are checked before a path is made of them, because they come back from Redis and from Celery messages.
"""

import hashlib
import os
import re
from pathlib import Path, PurePosixPath
from typing import Final
from urllib.parse import quote_from_bytes, unquote_to_bytes

from wats_worker.spool.errors import BadId

_FILE_ID: Final = re.compile(r"[0-9a-f]{32}")
#: Usually a UUID, but a log may carry an id of its own. No leading dot, no separator, no room for a trick.
_REPORT_ID: Final = re.compile(r"[0-9A-Za-z][0-9A-Za-z_.-]{0,127}")


def is_file_id(text: str) -> bool:
    """Whether ``text`` looks like a file id."""
    return _FILE_ID.fullmatch(text) is not None


def file_id(text: str) -> str:
    """Give ``text`` back if it is a file id.

    >>> file_id("9f2c" * 8)[:8]
    '9f2c9f2c'
    >>> file_id("../../etc/passwd")
    Traceback (most recent call last):
    wats_worker.spool.errors.BadId: '../../etc/passwd' is no file id
    """
    if not is_file_id(text):
        raise BadId(f"{text[:100]!r} is no file id")
    return text


def report_id(text: str) -> str:
    """Give ``text`` back if it is a report id.

    >>> report_id("5b1c0f7e-8d0e-4a39-9d1c-0e3f5a3f7a11")[:8]
    '5b1c0f7e'
    """
    if not _REPORT_ID.fullmatch(text):
        raise BadId(f"{text[:100]!r} is no report id")
    return text


def process_list(root: Path) -> Path:
    """Where the copy of the server's process list lies in a spool."""
    return root / "processes.json"


class Identity:
    """The two hashes of one file, fed piece by piece.

    The source's name is part of the id: the same bytes from two sources are two files, since they may be
    converted differently. So is the salt, where there is one: the same line at two places of a file that
    grows was written twice.

    >>> identity = Identity("ict")
    >>> identity.feed(b"PASS")
    >>> identity.file_id
    'e36462c4b1e11d0e676e4acab8665634'
    """

    def __init__(self, source: str, salt: str = "") -> None:
        self._named = hashlib.sha256(source.encode() + b"\0" + (salt.encode() + b"\0" if salt else b""))
        self._plain = hashlib.sha256()

    def feed(self, piece: bytes) -> None:
        """Take the next piece of the content."""
        self._named.update(piece)
        self._plain.update(piece)

    @property
    def file_id(self) -> str:
        """The id of the file with everything fed so far."""
        return self._named.hexdigest()[:32]

    @property
    def sha256(self) -> str:
        """The plain SHA-256 of everything fed so far."""
        return self._plain.hexdigest()


def is_printable(name: str) -> bool:
    r"""Whether a file name can stand in logs, JSON and on screens as it is.

    >>> is_printable("Prüfling 7.csv"), is_printable("caf\udce9.csv"), is_printable("two\nlines")
    (True, False, False)
    """
    return name.isprintable()


def printable(name: str, *, always: bool = False) -> str:
    r"""A form of any file name that is plain text, in the manner of a URL where the name itself is not.

    Args:
        name: the name, undecodable bytes as surrogate escapes.
        always: quote it even if it is plain text.

    >>> printable("Prüfling 7.csv")
    'Prüfling 7.csv'
    >>> printable("caf\udce9 7.csv")
    'caf%E9 7.csv'
    """
    if is_printable(name) and not always:
        return name
    return quote_from_bytes(os.fsencode(name), safe="/ !#$&'()+,;=@[]{}^`~")


def unquoted(text: str) -> str:
    r"""The file name behind a quoted form.

    >>> unquoted("caf%E9 7.csv")
    'caf\udce9 7.csv'
    """
    return os.fsdecode(unquote_to_bytes(text))


def numbered(name: str, number: int) -> str:
    """The name a file gets where its own is taken.

    >>> numbered("board.7.csv", 1), numbered("board.7.csv", 2), numbered("README", 3)
    ('board.7.csv', 'board.7 (2).csv', 'README (3)')
    """
    if number == 1:
        return name
    path = PurePosixPath(name)
    return str(path.with_name(f"{path.stem} ({number}){path.suffix}"))
