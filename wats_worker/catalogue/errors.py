"""What can go wrong with the catalogue.

CatalogueError
├── CatalogueUnusable   the database can't be reached or written; it may end by itself
├── CatalogueTooNew     a newer release has changed it
└── BadCursor           a place in a list that no page of this question named
"""


class CatalogueError(Exception):
    """Something about the catalogue that its caller has to decide about."""


class CatalogueUnusable(CatalogueError):
    """The database does not answer, or takes nothing. What was asked for was not done.

    Args:
        name: The database, for people.
        reason: What it said.
    """

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(
            f"the catalogue in {name} can't be used: {reason}. Work goes on by itself as soon as it can be."
        )


class CatalogueTooNew(CatalogueError):
    """The database was changed by a release that is newer than this one.

    Args:
        name: The database, for people.
        revision: What it says it is.
    """

    def __init__(self, name: str, revision: str) -> None:
        super().__init__(
            f"the catalogue in {name} has the schema {revision!r} of a newer release. Use that release, or "
            "name an empty database in [catalogue] url and run 'wats-worker archive rebuild'."
        )


class BadCursor(CatalogueError, ValueError):
    """A place in a list that no page of this question named."""

    def __init__(self) -> None:
        super().__init__("that is no place in this list")
