"""What must not go: files and units under a label, for as long as somebody needs them.

holds/<label>   in the archive's own store, so that whoever can purge it sees it
"""

from collections.abc import Sequence
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, StringConstraints

from wats_worker.archive.record import KeptFile
from wats_worker.store.store import Store

Label = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,59}$")]
_HOLDS: Final = "holds"


class Hold(BaseModel):
    """One label, and what it holds."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    label: Label
    file_ids: tuple[str, ...] = ()
    serials: tuple[str, ...] = ()  #: every file with a unit of such a serial number, later ones too
    who: str
    reason: str
    at: float  #: seconds since 1970

    def holds(self, record: KeptFile) -> bool:
        """Whether a file must stay."""
        if record.file_id in self.file_ids:
            return True
        return any(one.card.serial in self.serials for one in record.reports if one.card.serial)


class Holds:
    """The labels of one archive.

    Args:
        store: Where it lies.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def add(self, hold: Hold) -> Hold:
        """Hold something. What the label holds already stays held; the result is all of it."""
        key = _key(hold.label)
        while True:
            there = self._store.get(key)
            if there is None:
                if self._store.create(key, hold.model_dump_json().encode()) is not None:
                    return hold
                continue  # somebody else was quicker: look again
            whole = _joined(Hold.model_validate_json(there.data), hold)
            if self._store.replace(key, whole.model_dump_json().encode(), there.version) is not None:
                return whole

    def release(self, label: str) -> bool:
        """Hold nothing under this label any more. False: there is no such label."""
        key = _key(label)
        if self._store.size(key) is None:
            return False
        self._store.delete(key)
        return True

    def all(self) -> list[Hold]:
        """Every label."""
        found = [self._store.get(entry.key) for entry in self._store.list(_HOLDS)]
        return [Hold.model_validate_json(one.data) for one in found if one is not None]


def _key(label: str) -> str:
    return f"{_HOLDS}/{label}"


def _joined(there: Hold, more: Hold) -> Hold:
    return more.model_copy(
        update={
            "file_ids": _union(there.file_ids, more.file_ids),
            "serials": _union(there.serials, more.serials),
        }
    )


def _union(one: Sequence[str], other: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys([*one, *other]))
