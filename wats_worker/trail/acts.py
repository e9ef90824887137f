"""The trail as people read it: each question with its answer, as one act; JSON lines and CSV. Pure."""

import csv
import io
import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Final

from wats_worker.cells import shown
from wats_worker.trail.entry import Entry, Event

#: Questions that are remembered until their answer comes. They come seconds later, whatever is asked.
_OPEN: Final = 10_000


@dataclass(frozen=True)
class Act:
    """Something that was done, or asked for in vain."""

    number: int  #: of its first line in the trail
    at: str
    who: str
    peer: str
    action: str
    target: str
    reason: str
    #: "done", "refused", "failed", or "unknown": the process ended before it could say.
    outcome: str
    status: int
    request: str
    facts: dict[str, Any]


def acts(entries: Iterable[Entry]) -> Iterator[Act]:
    """Put questions and answers together, in the order of the answers; those without one come last."""
    asked: dict[str, Act] = {}
    for entry in entries:
        told = entry.told
        match told.event:
            case Event.ASKED:
                asked[told.request] = _act(entry, "unknown")
                if len(asked) > _OPEN:
                    yield asked.pop(next(iter(asked)))
            case Event.ANSWERED if told.request in asked:
                act = asked.pop(told.request)
                yield replace(act, status=told.status, outcome=_outcome(told.status))
            case Event.REFUSED:
                yield _act(entry, "refused")
            case Event.DONE:
                yield _act(entry, "done")
            case Event.ANSWERED:
                yield _act(entry, _outcome(told.status))
    yield from asked.values()


def json_lines(found: Iterable[Act]) -> Iterator[bytes]:
    """One JSON object for each act."""
    for act in found:
        yield json.dumps(asdict(act), ensure_ascii=False).encode() + b"\n"


def as_csv(found: Iterable[Act]) -> Iterator[bytes]:
    """A table with a heading, as RFC 4180 has it."""
    yield _row([one.name for one in fields(Act)])
    for act in found:
        values = asdict(act)
        values["facts"] = json.dumps(act.facts, ensure_ascii=False) if act.facts else ""
        yield _row([shown(value) for value in values.values()])


def _row(cells: list[Any]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerow(cells)
    return text.getvalue().encode()


def _outcome(status: int) -> str:
    """What an HTTP status says.

    >>> _outcome(204), _outcome(409), _outcome(503)
    ('done', 'refused', 'failed')
    """
    if status >= 500:
        return "failed"
    return "refused" if status >= 400 else "done"


def _act(entry: Entry, outcome: str) -> Act:
    told = entry.told
    return Act(
        number=entry.number,
        at=entry.at,
        who=told.who,
        peer=told.peer,
        action=told.action,
        target=told.target,
        reason=told.reason,
        outcome=outcome,
        status=told.status,
        request=told.request,
        facts=dict(told.facts),
    )
