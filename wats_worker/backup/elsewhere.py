"""What of a factory lies in an object store: a backup names it without a copy, and a restore looks there."""

import re
from typing import Final

from wats_worker.backup.errors import OutOfReach
from wats_worker.settings import WorkerSettings
from wats_worker.settings.store import StoreSettings
from wats_worker.store.errors import StoreUnusable
from wats_worker.store.opening import open_bucket

#: The spool keeps one for each file that it has.
_CARD: Final = re.compile(r"cards/([0-9a-f]{32})\.json")


def named(settings: WorkerSettings) -> dict[str, str]:
    """Which parts lie in an object store, and where."""
    return {
        part: f"{store.url} at {store.endpoint}" if store.endpoint else str(store.url)
        for part, store in _parts(settings).items()
    }


def missing(was: dict[str, str], settings: WorkerSettings) -> list[str]:
    """What a backup relied on and is not to be found there now, in words for people.

    Args:
        was: Which parts lay where when the backup was made.
        settings: The configuration of now.

    Raises:
        OutOfReach: an object store does not answer, so nobody can tell.
    """
    now = named(settings)
    found = [
        f"the {part} lay in {place}, and has to be in {now.get(part, 'its folder')}"
        for part, place in was.items()
        if now.get(part) != place
    ]
    for part, store in _parts(settings).items():
        if _is_empty(store) and part in was:
            found.append(f"the {part} was not in the backup, and {now[part]} is empty")
    return found


def spooled(settings: WorkerSettings) -> set[str]:
    """The ids of the files that a spool in an object store has; none if it is in a folder.

    Raises:
        OutOfReach: it does not answer.
    """
    if settings.spool.url is None:
        return set()
    try:
        keys = (entry.key for entry in open_bucket(settings.spool).list("cards"))
        return {card[1] for key in keys if (card := _CARD.fullmatch(key))}
    except StoreUnusable as problem:
        raise OutOfReach(f"{problem.name} can't be reached: {problem.reason}") from problem


def _parts(settings: WorkerSettings) -> dict[str, StoreSettings]:
    parts: dict[str, StoreSettings] = {"spool": settings.spool, "archive": settings.archive}
    return {part: store for part, store in parts.items() if store.url is not None}


def _is_empty(store: StoreSettings) -> bool:
    try:
        return next(iter(open_bucket(store).list()), None) is None
    except StoreUnusable as problem:
        raise OutOfReach(f"{problem.name} can't be reached: {problem.reason}") from problem
