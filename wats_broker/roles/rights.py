"""What a user of the broker may do: which commands, on which keys and channels."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import Final

from wats_broker.scripts import load

_CALL: Final = re.compile(r"redis\.call\('(\w+)'")
#: How redis-py runs a script, one that the server has forgotten included.
_RUNNING_SCRIPTS: Final = frozenset({"evalsha", "script|load", "script|exists"})


@dataclass(frozen=True)
class Rights:
    """Commands, key patterns and channel patterns. None of them means anything without the others.

    >>> (Rights(frozenset({"get"}), looks=frozenset({"a:*"})) | Rights(changes=frozenset({"b"}))).rules()
    ['resetchannels', '-@all', '+get', '~b', '%R~a:*']
    """

    commands: frozenset[str] = frozenset()
    changes: frozenset[str] = frozenset()  #: keys that may be read and written
    looks: frozenset[str] = frozenset()  #: keys that may only be read
    channels: frozenset[str] = frozenset()

    def __or__(self, other: "Rights") -> "Rights":
        return Rights(
            self.commands | other.commands,
            self.changes | other.changes,
            self.looks | other.looks,
            self.channels | other.channels,
        )

    def rules(self) -> list[str]:
        """The words of a line in the server's file of users."""
        return [
            "resetchannels",
            *(f"&{channel}" for channel in sorted(self.channels)),
            "-@all",
            *(f"+{command}" for command in sorted(self.commands)),
            *(f"~{key}" for key in sorted(self.changes)),
            *(f"%R~{key}" for key in sorted(self.looks - self.changes)),
        ]


def all_of(rights: Iterable[Rights]) -> Rights:
    """The rights of somebody who may do all of this."""
    return reduce(or_, rights, Rights())


def of_commands(commands: str, *, changes: Iterable[str] = (), looks: Iterable[str] = ()) -> Rights:
    """The right to use these commands, named in one text, on these keys."""
    return Rights(frozenset(commands.split()), frozenset(changes), frozenset(looks))


def of_channel(channel: str) -> Rights:
    """The right to this channel; what may be done with it, the commands say."""
    return Rights(channels=frozenset({channel}))


def of_scripts(folder: str, names: str, key: Callable[[str], str]) -> Rights:
    """The right to run these scripts of a folder, and to do what they do: the server asks for that too.

    Args:
        folder: Below ``lua/``.
        names: The scripts, in one text.
        key: The key, or the pattern of keys, of a structure that their headers name.
    """
    texts = [load(f"{folder}/{name}") for name in names.split()]
    return Rights(
        commands=_RUNNING_SCRIPTS | {call.lower() for text in texts for call in _CALL.findall(text.source)},
        changes=frozenset(key(structure) for text in texts for structure in text.keys),
        looks=frozenset(key(structure) for text in texts for structure in text.reads),
    )
