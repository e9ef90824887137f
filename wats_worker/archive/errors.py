"""What can go wrong with the archive, beside its store.

ArchiveError
├── Damaged   what is read is not what was written
└── Purged    it is not kept
"""


class ArchiveError(Exception):
    """Something about the archive that its caller has to decide about."""


class Damaged(ArchiveError):
    """What is read from the archive is not what was written, or part of it is missing.

    Args:
        what: Which of it.
    """

    def __init__(self, what: str) -> None:
        super().__init__(
            f"{what} is damaged or missing in the archive. Bring it back from a backup of the archive; "
            "'wats-worker archive verify' finds what else is."
        )


class Purged(ArchiveError):
    """These bytes are not kept: nobody wanted them to be, or their time was over."""
