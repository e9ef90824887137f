"""How a verdict follows from a value, and a parent's status from its children's. Pure.

The server takes the statuses it is sent and compares nothing. Converters judge only where a log has no
verdict of its own; `validate` compares what was logged with what follows from here.
"""

import operator
from collections.abc import Callable, Iterable, Mapping
from typing import Final

_ONE: Final[Mapping[str, Callable[[float, float], bool]]] = {
    "EQ": operator.eq,
    "NE": operator.ne,
    "GT": operator.gt,
    "GE": operator.ge,
    "LT": operator.lt,
    "LE": operator.le,
}
_TEXT: Final[Mapping[str, Callable[[str, str], bool]]] = {
    "EQ": operator.eq,
    "NE": operator.ne,
    "GT": operator.gt,
    "GE": operator.ge,
    "LT": operator.lt,
    "LE": operator.le,
    "CASESENSIT": operator.eq,
    "IGNORECASE": lambda value, limit: value.lower() == limit.lower(),
}
#: From good to bad, as far as one step's verdict weighs more than another's.
_BAD: Final = ("F", "E", "T")


def numeric(comp_op: str, value: float, low: float | None = None, high: float | None = None) -> bool | None:
    """Whether a value passes; None when the operator lacks a limit. NaN passes NE and LOG only.

    >>> numeric("GELE", 5.0, 5.0, 6.0), numeric("GTLT", 5.0, 5.0, 6.0), numeric("LTGT", 7.0, 5.0, 6.0)
    (True, False, True)
    """
    comp_op = comp_op.upper()
    if comp_op == "LOG":
        return True
    if low is None:
        return None
    if comp_op in _ONE:
        return _ONE[comp_op](value, low)
    if high is None:
        return None
    first, second = _ONE[comp_op[:2]](value, low), _ONE[comp_op[2:]](value, high)
    outside = comp_op.startswith("L")
    return first or second if outside else first and second


def text(comp_op: str, value: str, limit: str | None = None) -> bool | None:
    """Whether a text passes; None when the limit is missing.

    >>> text("IGNORECASE", "psu-24v", "PSU-24V"), text("CASESENSIT", "psu-24v", "PSU-24V")
    (True, False)
    """
    if comp_op.upper() == "LOG":
        return True
    return None if limit is None else _TEXT[comp_op.upper()](value, limit)


def of_rows(statuses: Iterable[str]) -> str:
    """The status of a step from those of its measurements.

    >>> of_rows(["P", "F", "S"]), of_rows(["S", "S"])
    ('F', 'S')
    """
    given = set(statuses)
    return "F" if "F" in given else "P" if "P" in given or not given else "S"


def of_steps(statuses: Iterable[str]) -> str:
    """The status of a sequence from those of its steps: the worst bad one, else the best there is.

    >>> of_steps(["P", "D", "F", "P"]), of_steps(["D", "P"]), of_steps(["S"]), of_steps([])
    ('F', 'P', 'S', 'D')
    """
    given = set(statuses)
    for bad in reversed(_BAD):
        if bad in given:
            return bad
    return "P" if "P" in given else "S" if given == {"S"} else "D"
