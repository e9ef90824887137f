"""What is different between two reports, field by field, as a person reads it. Pure.

Steps, measurements and everything else that stands in a list are put side by side by their names, so that one
more step is one difference and not a hundred.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any, Final

#: What tells the entries of a list apart, the first that there is.
_NAMES: Final = ("name", "id", "sn", "title", "idx")
#: What stands in the place of nothing.
_NOTHING: Final = object()
#: Entries that are put side by side by their names; of longer lists by their places.
_MOST: Final = 2000
#: Letters of one value that are shown.
_SHOWN: Final = 60


@dataclass(frozen=True)
class Difference:
    """One field that is not the same."""

    place: str  #: such as ``root.steps['Rail 5V'].numericMeas[0].value``
    before: str  #: as JSON, shortened; empty if it was not there
    after: str

    def __str__(self) -> str:
        if not self.before:
            return f"{self.place}: + {self.after}"
        if not self.after:
            return f"{self.place}: - {self.before}"
        return f"{self.place}: {self.before} → {self.after}"


def differences(before: Any, after: Any, place: str = "") -> Iterator[Difference]:
    """Every field in which two documents are not the same, in their order.

    >>> old = {"sn": "A", "root": {"steps": [{"name": "5V", "status": "P"}]}}
    >>> new = {"sn": "A", "root": {"steps": [{"name": "3V"}, {"name": "5V", "status": "F"}]}}
    >>> for one in differences(old, new):
    ...     print(one)
    root.steps['3V']: + {"name": "3V"}
    root.steps['5V'].status: "P" → "F"
    """
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for name in dict.fromkeys([*before, *after]):
            inner = f"{place}.{name}" if place else str(name)
            yield from differences(before.get(name, _NOTHING), after.get(name, _NOTHING), inner)
    elif _is_list(before) and _is_list(after):
        yield from _of_lists(before, after, place)
    elif not _same(before, after):
        yield Difference(place, _shown(before), _shown(after))


def _of_lists(before: Sequence[Any], after: Sequence[Any], place: str) -> Iterator[Difference]:
    for kind, old, old_end, new, new_end in _alignment(before, after):
        pairs = min(old_end - old, new_end - new) if kind in {"equal", "replace"} else 0
        for n in range(pairs):
            label = _label(after[new + n], new + n)
            yield from differences(before[old + n], after[new + n], f"{place}[{label}]")
        for n in range(old + pairs, old_end):
            yield Difference(f"{place}[{_label(before[n], n)}]", _shown(before[n]), "")
        for n in range(new + pairs, new_end):
            yield Difference(f"{place}[{_label(after[n], n)}]", "", _shown(after[n]))


def _alignment(before: Sequence[Any], after: Sequence[Any]) -> Sequence[tuple[str, int, int, int, int]]:
    """Which entries stand side by side, as ``SequenceMatcher`` tells it."""
    old, new = [_name(one) for one in before], [_name(one) for one in after]
    # Looking for the best takes time by the square of their number; by their places takes none.
    if old == new or max(len(old), len(new)) > _MOST:
        return [("replace", 0, len(old), 0, len(new))]
    return SequenceMatcher(None, old, new, autojunk=False).get_opcodes()


def _is_list(value: object) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str | bytes)


def _same(before: object, after: object) -> bool:
    # In Python True is 1; in a report it is not.
    return before == after and isinstance(before, bool) == isinstance(after, bool)


def _name(entry: object) -> str:
    """What an entry is known by; one without a name is like every other one."""
    if isinstance(entry, Mapping):
        return next((f"{key} {entry[key]}" for key in _NAMES if key in entry), "")
    return ""


def _label(entry: object, number: int) -> str:
    name = next((entry[key] for key in _NAMES if key in entry), None) if isinstance(entry, Mapping) else None
    return str(number) if name is None else repr(name)


def _shown(value: object) -> str:
    if value is _NOTHING:
        return ""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"
