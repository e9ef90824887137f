"""One source asked for a person who wants to see what it gives: nothing is taken and nothing remembered."""

from dataclasses import dataclass
from pathlib import Path

from wats_worker.logs.mask import Mask
from wats_worker.poll.finding import by_name, pollers
from wats_worker.poll.given import given
from wats_worker.poll.memory import Memory
from wats_worker.poll.names import file_name
from wats_worker.poll.round import place, seen_file
from wats_worker.poll.talk import PollFailed, Talk, TimeOver
from wats_worker.poll.wire import Offer, Order
from wats_worker.settings import ScheduledSource, WorkerSettings


@dataclass(frozen=True)
class TriedItem:
    """One item that the next poll would take."""

    name: str
    key: str
    size: int


@dataclass(frozen=True)
class Tried:
    """What a source gave."""

    items: tuple[TriedItem, ...]
    told: tuple[str, ...]  #: what a person should know
    answered: bool


def try_source(source: ScheduledSource, settings: WorkerSettings, *, folder: Path, count: int) -> Tried:
    """Ask a source as its next poll would.

    Args:
        source: The source; its configuration was checked.
        settings: The whole configuration.
        folder: Where its items go.
        count: So many of them at most.
    """
    options = given(source.poller_options)
    memory = Memory(settings.spool.folder / "polled" / source.name, source.poller)
    order = Order(
        poller=by_name(pollers(settings))[source.poller].code,
        options=dict(options.values),
        cursor=memory.cursor,
        known=tuple(memory.known),
        largest=source.largest_mb * 2**20,
        seen_file=str(seen_file(folder)),
    )
    items: list[TriedItem] = []
    told: list[str] = []
    try:
        with Talk(order, limit_s=source.limit_s) as talk:
            heard = talk.begin()
            while isinstance(heard, Offer):
                if len(items) == count:
                    told.append(f"There are more than these {count}.")
                    break
                _land(heard, talk, folder, items, told)
                heard = talk.go_on()
    except (PollFailed, TimeOver) as problem:
        why = f"nothing more within {source.limit_s:g} s" if isinstance(problem, TimeOver) else str(problem)
        return Tried(tuple(items), (*told, Mask(options.secrets)(why)), answered=False)
    if memory.known:
        told.append(f"{len(memory.known)} were taken before, and are not shown.")
    return Tried(tuple(items), tuple(told), answered=True)


def _land(offer: Offer, talk: Talk, folder: Path, items: list[TriedItem], told: list[str]) -> None:
    file = place(folder, file_name(offer.name))
    reason = talk.land(file)
    if reason is None:
        items.append(TriedItem(file.name, offer.key, file.stat().st_size))
    else:
        told.append(f"{offer.name} can't be had now{f': {reason}' if reason else ''}")
