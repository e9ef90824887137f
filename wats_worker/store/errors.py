"""What can go wrong with a store.

StoreError
├── StoreUnusable   it does not answer, is full, or lets nobody write; it may end by itself
└── BadKey          a text that is no key; nothing was asked of the store
"""


class StoreError(Exception):
    """Something about a store that its caller has to decide about."""


class StoreUnusable(StoreError):
    """The store takes or gives nothing for now.

    Whether the act was done is not known. Doing it again is safe.

    Args:
        name: The store, for people.
        reason: What it said.
    """

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"{name} can't be used: {reason}. Work goes on by itself as soon as it can be.")
        self.name = name
        self.reason = reason


class BadKey(StoreError, ValueError):
    """A key that does not look like one, so neither a path nor an object is made of it."""
