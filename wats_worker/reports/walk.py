"""Ways through a report's document. None of them recurses: the depth of a log is not ours to choose."""

from collections.abc import Iterator
from typing import Any

Container = dict[str, Any] | list[Any]


def steps(root: Any, path: str = "report.root") -> Iterator[tuple[dict[str, Any], str]]:
    """Every step with its path, parents first, as the server numbers them."""
    waiting = [(root, path)]
    while waiting:
        step, at = waiting.pop()
        if not isinstance(step, dict):
            continue
        yield step, at
        below = step.get("steps")
        if isinstance(below, list):
            waiting.extend((below[i], f"{at}.steps[{i}]") for i in reversed(range(len(below))))


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
