"""Asking a poller as its process would, without the process."""

from collections.abc import Mapping
from types import ModuleType
from typing import Any

from wats_worker.pollers.base import Item, NotYet


class Asked:
    """One poll: the items, and what it returned; what it raised is the caller's to expect."""

    def __init__(self, poller: ModuleType, options: Mapping[str, Any], cursor: Any = None) -> None:
        self.items: list[Item] = []
        self.not_yet: list[str] = []
        self.files: dict[str, bytes] = {}
        asked = poller.poll(poller.Options.model_validate(options), cursor)
        while True:
            try:
                item = next(asked)
            except StopIteration as end:
                self.end = end.value
                return
            self.items.append(item)
            try:
                self.files[item.name] = content(item)
            except NotYet as reason:
                self.not_yet.append(str(reason))

    @property
    def names(self) -> list[str]:
        return [item.name for item in self.items]

    @property
    def keys(self) -> list[str]:
        return [item.key for item in self.items]

    @property
    def cursors(self) -> list[Any]:
        return [item.cursor for item in self.items]


def content(item: Item) -> bytes:
    if isinstance(item.content, bytes):
        return item.content
    with item.content() as opened:
        return opened.read()
