"""The states of a file and the moves between them. Pure.

    seen ──► converting ──► converted ──► delivered
     ▲ ▲      │   │   ▲         │  ▲
     │ │      │   │   └─ suspended │
     │ └──────┘   ▼         ▼  │
     └───── quarantined   buried

A file is *seen* once it is claimed into the spool, *converting* while a worker holds it, *suspended* when
its converter waits for something (a footer, a second file), *converted* while at least one of its reports
is not confirmed, *delivered* when all are. *Quarantined* and *buried* wait for a person; from both a way
leads back.
"""

from enum import StrEnum
from typing import Final


class FileState(StrEnum):
    """Where one file stands."""

    SEEN = "seen"
    CONVERTING = "converting"
    SUSPENDED = "suspended"
    CONVERTED = "converted"
    DELIVERED = "delivered"
    BURIED = "buried"
    QUARANTINED = "quarantined"


class ReportState(StrEnum):
    """Where one report stands; the upload queue knows, nobody else keeps a copy."""

    READY = "ready"
    LEASED = "leased"
    DELAYED = "delayed"
    HELD = "held"
    BURIED = "buried"
    DELIVERED = "delivered"


_MOVES: Final[dict[FileState, frozenset[FileState]]] = {
    FileState.SEEN: frozenset({FileState.CONVERTING, FileState.QUARANTINED}),
    FileState.CONVERTING: frozenset(
        {FileState.SEEN, FileState.SUSPENDED, FileState.CONVERTED, FileState.QUARANTINED}
    ),
    FileState.SUSPENDED: frozenset({FileState.CONVERTING, FileState.SEEN, FileState.QUARANTINED}),
    FileState.CONVERTED: frozenset({FileState.DELIVERED, FileState.BURIED}),
    FileState.BURIED: frozenset({FileState.CONVERTED, FileState.DELIVERED}),
    FileState.QUARANTINED: frozenset({FileState.SEEN}),
    FileState.DELIVERED: frozenset({FileState.SEEN}),
}

#: States in which nothing more happens by itself.
RESTING: Final = frozenset({FileState.DELIVERED, FileState.BURIED, FileState.QUARANTINED})


def may_move(old: FileState, new: FileState) -> bool:
    """Whether the picture above has this move. Staying where one is is always allowed: things happen twice.

    >>> may_move(FileState.SEEN, FileState.CONVERTING)
    True
    >>> may_move(FileState.DELIVERED, FileState.CONVERTING)
    False
    """
    return old == new or new in _MOVES[old]


def origins(new: FileState) -> tuple[FileState, ...]:
    """The states from which a file may come to ``new``, itself included.

    >>> [state.value for state in origins(FileState.DELIVERED)]
    ['converted', 'delivered', 'buried']
    """
    return tuple(old for old in FileState if may_move(old, new))
