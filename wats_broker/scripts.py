"""Lua files as Python callables. The comment that opens a file is its signature.

    -- Room for one file, before it is dispatched.
    -- USES:  wall clock room items admit
    -- KEYS:  ready reserved held steady
    -- READS: items leased delayed
    -- ARGV:  now file_id term_ms max_size
    -- REPLY: 1 reserved, 0 full

``KEYS``, ``READS`` and ``ARGV`` become local names inside the script, ``USES`` names the parts of
``lua/parts`` that are put in front, and a last argument written ``name...`` takes any number of values as a
table.

``READS`` are keys as well, those that the script only looks at. They travel as arguments, because a server
hands a script its ``KEYS`` only for a user who may change all of them: a role that must not lend reports
could then not even count those that are lent. What a script does with them is checked when it does it.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, TypeAlias

#: A redis-py client with ``decode_responses=True``. redis-py types every reply as "anything, perhaps
#: awaitable"; one honest Any here beats a cast at each call.
Client: TypeAlias = Any

_HEADER = re.compile(r"^-- (USES|KEYS|READS|ARGV|REPLY):\s*(.*)$", re.MULTILINE)


@dataclass(frozen=True)
class Text:
    """One Lua file, read: what it touches, what it wants, what is sent to the server."""

    keys: tuple[str, ...]
    reads: tuple[str, ...]
    arguments: tuple[str, ...]
    source: str


@dataclass(frozen=True)
class Scripts:
    """The scripts of one folder, bound to a client and a key layout.

    Calling a script means ``scripts.run("reserve", now="", file_id=…, …)``. An argument that the header
    does not name, or one that is missing, is a mistake of ours and raises ``TypeError`` at once.
    """

    redis: Client
    folder: str
    key: Callable[[str], str]  #: gives the Redis key of a structure named in a header

    def run(
        self,
        name: str,
        /,
        *rest: str | float,
        pipeline: Client = None,
        key: Callable[[str], str] | None = None,
        **given: Any,
    ) -> Any:
        """Run one script; atomic, one round trip.

        Args:
            name: The file's name without its ending.
            rest: Values of the variadic argument, if the script has one.
            pipeline: Queue the call there; the reply then comes with ``execute()``.
            key: Another key layout for this call, for scripts about one file among many.
            given: Every other argument, by its name in the header.
        """
        text = load(f"{self.folder}/{name}")
        named = [argument for argument in text.arguments if not argument.endswith("...")]
        if set(named) != set(given):
            raise TypeError(f"{name}.lua takes {' '.join(text.arguments)}; it was given {' '.join(given)}")
        layout = key or self.key
        return self.redis.register_script(text.source)(
            keys=[layout(structure) for structure in text.keys],
            args=[*map(layout, text.reads), *(given[argument] for argument in named), *rest],
            client=pipeline,
        )


@cache
def load(name: str) -> Text:
    """Read ``lua/<name>.lua``.

    >>> load("queue/release").arguments
    ('now', 'file_id', 'max_size')
    """
    body = _read(name)
    header = {word: tuple(value.split()) for word, value in _HEADER.findall(body)}
    parts = [_read(f"parts/{part}") for part in header.get("USES", ())]
    keys, reads, arguments = header["KEYS"], header.get("READS", ()), header["ARGV"]
    prologue = [_locals("KEYS", keys), _locals("ARGV", (*reads, *arguments))]
    return Text(keys, reads, arguments, "\n".join([*prologue, *parts, body]))


def _read(name: str) -> str:
    return files("wats_broker").joinpath("lua", f"{name}.lua").read_text("utf-8")


def _locals(table: str, names: Iterable[str]) -> str:
    lines = []
    for index, name in enumerate(names, start=1):
        value = f"{{unpack({table}, {index})}}" if name.endswith("...") else f"{table}[{index}]"
        lines.append(f"local {name.removesuffix('...')} = {value}")
    return "\n".join(lines)
