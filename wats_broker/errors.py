"""The broker's errors. Weather (full, later, known) is never one of them.

BrokerError
├── BrokerUnreachable      no answer from Redis or Valkey
├── UnfitBroker            an answer, but too old, or it does not let us in
├── EmbeddedServerError    the server under our own care can't run
│   └── DataDirectoryBusy  somebody else holds its data directory
├── UnreadableMessage      a message that is not ours to understand
│   └── VersionMismatchError  spoken by a release that is too old or too new
└── IllegalMove            a state change that the picture in states.py does not have
"""


class BrokerError(Exception):
    """Something about the broker that the caller can't mend by trying again."""


class BrokerUnreachable(BrokerError):
    """Redis or Valkey does not answer."""

    def __init__(self, url: str, reason: str) -> None:
        self.url = url
        self.reason = reason
        super().__init__(
            f"no answer from the broker at {url}: {reason}. "
            "Check that the server runs and that [broker] url in the configuration points at it."
        )


class UnfitBroker(BrokerError):
    """Redis or Valkey answers, but can't be our broker: it is too old, or does not let us in."""


class EmbeddedServerError(BrokerError):
    """The embedded server could not be started, adopted or stopped."""


class DataDirectoryBusy(EmbeddedServerError):
    """Another process already cares for the server on this data directory."""


class UnreadableMessage(BrokerError):
    """A message of another protocol or of no protocol at all; it is parked, never dropped."""


class VersionMismatchError(UnreadableMessage):
    """The other side speaks a protocol that this side does not."""

    def __init__(self, theirs: str, ours: str) -> None:
        self.theirs = theirs
        self.ours = ours
        # As texts "10.0" would come before "9.0".
        self.newer = [int(part) for part in theirs.split(".") if part.isdigit()] > [
            int(part) for part in ours.split(".")
        ]  #: theirs than ours
        behind = "this" if self.newer else "that"
        super().__init__(f"protocol {theirs} is spoken there and {ours} here: update {behind} side")


class IllegalMove(BrokerError):
    """A file can't go from the state it is in to the one asked for, or nobody knows it."""
