"""``/polls``: the sources that are asked on a schedule, and a poll besides it."""

from fastapi import APIRouter

from wats_broker.polls import Ticked
from wats_worker.control import problems
from wats_worker.control.desk import Desk
from wats_worker.control.door import Operates, Reads
from wats_worker.control.models.asking import SourceName
from wats_worker.control.models.status import PollAsked, Polls, Scheduled


def router(desk: Desk) -> APIRouter:
    """The routes."""
    rooms = APIRouter(prefix="/polls", tags=["polls"])

    @rooms.get("")
    def polls(_: Reads) -> Polls:
        """List the scheduled sources: who is asked when, how the last poll went, when the next one is."""
        now = desk.journal.time()
        return Polls(polls=tell(desk, now), at=now)

    @rooms.post("/{name}/now", status_code=202)
    def now(name: SourceName, who: Operates) -> PollAsked:
        """Poll one source now, whatever its schedule."""
        known = [source.name for source in desk.settings.scheduled]
        if name not in known:
            there = ", ".join(known) or "none at all"
            raise problems.not_found(f"there is no scheduled source {name!r}", fix=f"there is {there}")
        verdict, due = desk.polls.tick(name, asked=True)
        if verdict is not Ticked.DUE:
            raise problems.conflict(
                f"{name} is not polled now: it is {verdict.value}",
                fix="'wats-worker polls' shows how it stands",
            )
        desk.dispatch().poll(name, due)
        desk.did("poll_asked", who.name, name)
        return PollAsked(source=name, due=due)

    return rooms


def tell(desk: Desk, now: float) -> list[Scheduled]:
    """Where every scheduled source stands."""
    scheduled = desk.settings.scheduled
    states = desk.polls.states([source.name for source in scheduled])
    return [Scheduled.of(source, state, now) for source, state in zip(scheduled, states, strict=True)]
