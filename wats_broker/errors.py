"""The broker's errors. Weather (full, later, known) is never one of them.

BrokerError
├── BrokerUnreachable      no answer from Redis or Valkey
├── EmbeddedServerError    the server under our own care can't run
│   └── DataDirectoryBusy  somebody else holds its data directory
├── UnreadableMessage      a message that is not ours to understand
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


class IllegalMove(BrokerError):
    """A file can't go from the state it is in to the one asked for, or nobody knows it."""
