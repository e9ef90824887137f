"""The options of a header query: the part of OData that a WATS server takes.

$filter   see ``filters.py``
$orderby  start, uuid, serialNumber, timestamp; newest start first when absent
$top      10 when absent, at most 10000
$skip $select
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from wats_worker.simulator.fields import FIELDS, BadQuery, column
from wats_worker.simulator.filters import condition

_SORTABLE: Final = {
    "start": "ticks",
    "uuid": "uuid",
    "serialnumber": "serialNumber",
    "timestamp": "timeStamp",
}
_OPTIONS: Final = frozenset({"$filter", "$top", "$skip", "$orderby", "$select"})


@dataclass(frozen=True, slots=True)
class Query:
    """A header query, ready to be run."""

    where: str = "1"
    values: tuple[Any, ...] = ()
    order: str = "ticks DESC"
    top: int = 10
    skip: int = 0
    fields: tuple[str, ...] = tuple(FIELDS)


def query(options: Mapping[str, str]) -> Query:
    """Read the options of a request.

    Raises:
        BadQuery: says which option and why.
    """
    for name in options:
        if name.startswith("$") and name not in _OPTIONS:
            raise BadQuery(f"{name} is not supported")
    where, values = "1", ()
    if options.get("$filter"):
        where, values = condition(options["$filter"])
    return Query(
        where=where,
        values=values,
        order=_order(options.get("$orderby", "")),
        top=_count(options.get("$top", "10"), "$top", 10_000),
        skip=_count(options.get("$skip", "0"), "$skip", 2**31),
        fields=_fields(options.get("$select", "")),
    )


def _order(text: str) -> str:
    columns = []
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, _, direction = part.partition(" ")
        if name.lower() not in _SORTABLE or direction.strip().lower() not in {"", "asc", "desc"}:
            raise BadQuery(f"$orderby: '{part}' is not supported")
        columns.append(f"{_SORTABLE[name.lower()]} {direction.strip().upper() or 'ASC'}")
    return ", ".join(columns) or "ticks DESC"


def _count(text: str, option: str, most: int) -> int:
    if not text.isascii() or not text.isdigit() or int(text) > most:
        raise BadQuery(f"{option}: '{text}' is not a number between 0 and {most}")
    return int(text)


def _fields(text: str) -> tuple[str, ...]:
    if not text.strip():
        return tuple(FIELDS)
    return tuple(column(name.strip()) for name in text.split(","))
