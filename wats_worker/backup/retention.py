"""Which backups go when there are enough newer ones."""

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

_NAME: Final = re.compile(r"wats-(?P<namespace>[a-z0-9-]+)-(?P<at>\d{8}T\d{6}Z)\.tar\.gz")


def name(namespace: str, made_at: float) -> str:
    """What a backup is called, so that they stand in the order of their times.

    >>> name("plant7", 1_800_000_000)
    'wats-plant7-20270115T080000Z.tar.gz'
    """
    return f"wats-{namespace}-{datetime.fromtimestamp(made_at, UTC):%Y%m%dT%H%M%SZ}.tar.gz"


def surplus(folder: Path, namespace: str, *, keep: int) -> list[Path]:
    """The backups of a factory that are older than the newest ``keep``, the oldest first."""
    ours = [
        file
        for file in folder.iterdir()
        if (found := _NAME.fullmatch(file.name)) and found["namespace"] == namespace
    ]
    return sorted(ours, key=lambda file: file.name)[: -keep or None]
