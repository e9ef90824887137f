"""Ways through a report's document. None of them recurses: the depth of a log is not ours to choose."""

from collections.abc import Iterable, Iterator
from typing import Any, Final

Container = dict[str, Any] | list[Any]
#: The way to a part of a document: the way to what holds it, and its key there. None is the document itself.
_Trail = tuple[Any, str | int] | None


def steps(root: Any) -> list[dict[str, Any]]:
    """Every step, parents first, as the server numbers them.

    >>> [step["id"] for step in steps({"id": 1, "steps": [{"id": 2, "steps": [{"id": 3}]}, {"id": 4}]})]
    [1, 2, 3, 4]
    """
    found = []
    waiting = [root]
    while waiting:
        step = waiting.pop()
        if not isinstance(step, dict):
            continue
        found.append(step)
        below = step.get("steps")
        if isinstance(below, list):
            waiting.extend(reversed(below))
    return found


def places(document: Container, wanted: Iterable[object]) -> dict[int, str]:
    """Where some objects of a document stand, by their identity: for the few that have to be told of.

    >>> row = {"compOp": "LOG"}
    >>> places({"root": {"numericMeas": [row]}}, [row])[id(row)]
    'report.root.numericMeas[0]'
    """
    missing = {id(part) for part in wanted}
    found: dict[int, str] = {}
    for members in _WAYS:
        found |= _search(document, missing, members)
    return found


#: Where to look first: nearly always it is a step, or a row of one.
_WAYS: Final[tuple[tuple[str, ...] | None, ...]] = (
    ("root", "steps"),
    ("root", "steps", "numericMeas", "stringMeas", "booleanMeas"),
    None,
)


def _search(document: Container, missing: set[int], members: tuple[str, ...] | None) -> dict[int, str]:
    """Find what is missing, by way of these members; by way of all when None."""
    found = {}
    waiting: list[tuple[Container, _Trail]] = [(document, None)]
    while waiting and missing:
        part, trail = waiting.pop()
        if id(part) in missing:
            missing.discard(id(part))
            found[id(part)] = _path(trail)
        keys: Iterable[Any] = range(len(part))
        if isinstance(part, dict):
            keys = part if members is None else [key for key in members if key in part]
        waiting += [(part[key], (trail, key)) for key in keys if isinstance(part[key], (dict, list))]
    return found


def _path(trail: _Trail) -> str:
    keys: list[str | int] = []
    while trail is not None:
        trail, key = trail
        keys.append(key)
    return "report" + "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in reversed(keys))


def texts(document: Container) -> Iterator[tuple[Any, Any, str, str]]:
    """Every text: what holds it, its key there, its path, and the text. The holder may be changed there.

    >>> [(path, text) for _, _, path, text in texts({"sn": "1", "miscInfos": [{"text": "a"}]})]
    [('report.sn', '1'), ('report.miscInfos[0].text', 'a')]
    """
    waiting: list[tuple[Any, str]] = [(document, "report")]
    while waiting:
        part, path = waiting.pop()
        for key, value in list(part.items() if isinstance(part, dict) else enumerate(part)):
            at = f"{path}[{key}]" if isinstance(part, list) else f"{path}.{key}"
            if isinstance(value, (dict, list)):
                waiting.append((value, at))
            elif isinstance(value, str):
                yield part, key, at, value
