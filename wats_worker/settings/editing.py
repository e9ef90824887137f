"""One key of a configuration's text, set or taken out; comments and order stay. Pure.

A key is written as in the file, ``server.url`` or ``pools."convert.heavy".memory_mb``; a source is called by
its name, ``sources.ict.station``.
"""

import tomllib
from typing import Any


class NoSuchPlace(Exception):
    """The key leads nowhere in this text."""


def with_value(text: str, key: str, value: Any) -> str:
    r"""The text with a key set to a value.

    Raises:
        NoSuchPlace: the key can't be read, or leads through something that is no table.
        ValueError: the text is not TOML.

    >>> with_value('[[sources]]\nname = "ict"\n', "sources.ict.station", "ICT-1")
    '[[sources]]\nname = "ict"\nstation = "ICT-1"\n'
    """
    import tomlkit  # noqa: PLC0415  takes its time to load

    document = tomlkit.parse(text)
    *way, last = _parts(key)
    here: Any = document
    for part in way:
        below = _below(here, part, key)
        if below is None:
            here[part] = tomlkit.table()
            below = here[part]
        here = below
    if not hasattr(here, "keys"):
        raise NoSuchPlace(f"{key!r} leads through what is no table")
    here[last] = value
    return tomlkit.dumps(document)


def without(text: str, key: str) -> str:
    r"""The text with a key, or a whole table, taken out.

    Raises:
        NoSuchPlace: there is nothing there.
        ValueError: the text is not TOML.

    >>> without('[log]\nlevel = "debug"  # for now\nformat = "json"\n', "log.level")
    '[log]\nformat = "json"\n'
    """
    import tomlkit  # noqa: PLC0415  as above

    document = tomlkit.parse(text)
    *way, last = _parts(key)
    here: Any = document
    for part in way:
        here = _below(here, part, key)
        if here is None:
            raise NoSuchPlace(f"{key!r} is not set")
    if isinstance(here, list):
        here.remove(_below(here, last, key))
    elif hasattr(here, "keys") and last in here:
        del here[last]
    else:
        raise NoSuchPlace(f"{key!r} is not set")
    return tomlkit.dumps(document)


def value_of(text: str) -> Any:
    """A value as a person types it; what is no TOML is a text.

    >>> value_of("5"), value_of('["a", "b"]'), value_of("https://plant.example")
    (5, ['a', 'b'], 'https://plant.example')
    """
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _parts(key: str) -> list[str]:
    try:
        here: Any = tomllib.loads(f"{key} = 0")
    except tomllib.TOMLDecodeError:
        here = {}
    parts = []
    while isinstance(here, dict) and len(here) == 1:
        ((part, here),) = here.items()
        parts.append(part)
    if not parts or here != 0:
        raise NoSuchPlace(f"{key!r} is no key; write it like server.url or sources.ict.station")
    return parts


def _below(here: Any, part: str, key: str) -> Any:
    """What stands under a name; None if nothing does."""
    if isinstance(here, list):
        found = next((one for one in here if one.get("name") == part), None)
        if found is None:
            raise NoSuchPlace(f"there is none called {part!r}, as {key!r} says")
        return found
    return here.get(part) if hasattr(here, "keys") else None
