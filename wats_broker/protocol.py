"""Who speaks which protocol at the control door, and what happens when two don't fit.

The messages between the stages have a protocol of their own, in ``messages``; the rule is the same for both.
A major version is a change of meaning, and two majors don't talk. A minor version adds what the other side
may ignore.
"""

import re
from dataclasses import dataclass
from typing import Annotated, Final, Self

from pydantic import BaseModel, ConfigDict, Field

from wats_broker.errors import VersionMismatchError

#: What the door speaks.
PROTOCOL: Final = "2.0"
#: The oldest client that is let in.
MINIMUM_CLIENT: Final = "2.0"


@dataclass(frozen=True, order=True)
class Version:
    """A protocol's version.

    >>> Version.read("2.1") > Version.read("2.0")
    True
    """

    major: int
    minor: int

    @classmethod
    def read(cls, text: str) -> Self:
        """Understand ``"2.1"``.

        Raises:
            VersionMismatchError: it is no version at all, so nobody knows what the other side means.
        """
        found = re.fullmatch(r"([0-9]{1,4})\.([0-9]{1,4})", text)
        if not found:
            raise VersionMismatchError(text[:40] or "none", PROTOCOL)
        return cls(int(found[1]), int(found[2]))


def check(theirs: str, *, ours: str = PROTOCOL, oldest: str = MINIMUM_CLIENT) -> None:
    """Let a peer in that speaks our major version and is not older than the oldest we know.

    Raises:
        VersionMismatchError: it names both versions and what to do.

    >>> check("2.7")
    >>> check("3.0")
    Traceback (most recent call last):
    ...
    wats_broker.errors.VersionMismatchError: protocol 3.0 is spoken there and 2.0 here: update this side
    """
    version, own = Version.read(theirs), Version.read(ours)
    if version.major != own.major or version < Version.read(oldest):
        raise VersionMismatchError(theirs, ours)


class Hello(BaseModel):
    """How a server introduces itself, to everybody who asks."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    protocol: str = PROTOCOL
    minimum_client: str = MINIMUM_CLIENT
    server: Annotated[str, Field(description="The release of the package.")]
    instance: Annotated[
        str, Field(description="Another one after each start: who remembers something, forgets it.")
    ]
    auth_required: bool = True
    capabilities: tuple[str, ...]
