"""Try a store out: does it keep what the interface promises? Some object stores ignore conditions."""

import secrets
from collections.abc import Iterator
from typing import Final

from wats_worker.store.store import Store

#: Under it everything made for a trial lies, and is removed again.
TRIAL: Final = "trial"
#: A version that no object ever has.
_NEVER: Final = '"00000000000000000000000000000000"'


def missing(store: Store) -> list[str]:
    """The promises it does not keep, in plain words; nothing if all is well.

    Raises:
        StoreUnusable: it can't be asked at all.
    """
    key = f"{TRIAL}/{secrets.token_hex(8)}"
    try:
        return list(_broken(store, key))
    finally:
        store.delete(key)


def _broken(store: Store, key: str) -> Iterator[str]:
    first = store.create(key, b"first")
    if first is None:
        yield "a new object can't be made"
        return
    if store.create(key, b"second") is not None:
        yield "an object that must be new overwrites one that is there (If-None-Match is not heeded)"
    found = store.get(key)
    if found is None or found.data != b"first":
        yield "what was written is not what is read"
    if store.replace(key, b"third", _NEVER) is not None:
        yield "an object is replaced by somebody who never saw it (If-Match is not heeded)"
    version = found.version if found else first
    second = store.replace(key, b"fourth", version)
    if second is None:
        yield "an object that was seen can't be replaced"
    elif store.replace(key, b"fifth", version) is not None:
        yield "an object is replaced by somebody who saw an older one (If-Match is not heeded)"
    if [entry.key for entry in store.list(TRIAL) if entry.key == key] != [key]:
        yield "an object that was written is not in the list"
    store.delete(key)
    if store.get(key) is not None:
        yield "an object that was removed is still there"
