"""Ticks come in, sources are asked: is this tick still worth a poll, and what follows from how it ended?"""

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from wats_broker.journal import Journal
from wats_broker.polls import Begun, Outcome, Polls
from wats_broker.queue import UploadQueue
from wats_worker.intake.take import Intake
from wats_worker.intake.troubles import Troubles
from wats_worker.logs.mask import Mask
from wats_worker.poll.finding import by_name, pollers
from wats_worker.poll.given import Given, NotGiven, given
from wats_worker.poll.memory import Memory
from wats_worker.poll.pace import rest_s
from wats_worker.poll.round import Interrupted, Round, seen_file
from wats_worker.poll.talk import PollFailed, Talk
from wats_worker.poll.wire import Order
from wats_worker.settings import ScheduledSource, WorkerSettings
from wats_worker.spool.errors import SpoolUnusable
from wats_worker.spool.spool import Spool

log = logging.getLogger(__name__)

#: The name of the trouble that the source as a whole has.
_WHOLE: Final = "."
_MEGABYTE: Final = 2**20


class _Lost(Exception):
    """Somebody else polls the source by now: we were silent for too long."""


@dataclass(frozen=True)
class _Ended:
    """How a poll ended."""

    outcome: Outcome
    taken: int = 0
    reason: str = ""


class Polling:
    """Polls the scheduled sources of one configuration, for one process. Its threads share it.

    Args:
        settings: The whole configuration.
        worker: Name of this process.
        polls: What is known of the sources.
        intake: Makes what takes the items of a source.
        stop: Whether the process is to end.
        term_s: How long a source is ours without a sign of life.
    """

    def __init__(
        self,
        settings: WorkerSettings,
        *,
        worker: str,
        polls: Polls,
        spool: Spool,
        queue: UploadQueue,
        journal: Journal,
        intake: Callable[[ScheduledSource], Intake],
        stop: Callable[[], bool],
        term_s: float = 15.0,
    ) -> None:
        self._settings = settings
        self._worker = worker
        self._polls = polls
        self._spool = spool
        self._queue = queue
        self._journal = journal
        self._stop = stop
        self._term_s = term_s
        self._sources = {source.name: source for source in settings.scheduled}
        self._intakes: Mapping[str, Intake] = {source.name: intake(source) for source in settings.scheduled}

    def run(self, name: str, due: int) -> None:
        """Poll a source, unless somebody does or has done so since the tick.

        Raises:
            redis.exceptions.RedisError, kombu.exceptions.OperationalError: the broker is away. What was taken
                is safe; the hold on the source ends by its term.
        """
        source = self._sources.get(name)
        if source is None:
            log.warning("source_unknown", extra={"source": name, "hint": "the configuration has changed"})
            return
        holder = f"{self._worker}-{due}"
        begun, failures = self._polls.begin(name, due=due, holder=holder, term_s=self._term_s)
        if begun is not Begun.BEGUN:
            log.info("tick_dropped", extra={"source": name, "reason": begun.value})
            return
        began = time.monotonic()
        try:
            ended, odd = self._poll(source, holder)
        except _Lost:
            log.warning("poll_lost", extra={"source": name})
            return
        self._polls.finish(
            name,
            holder=holder,
            outcome=ended.outcome,
            taken=ended.taken,
            reason=ended.reason,
            again_s=rest_s(ended.outcome, failures),
        )
        if ended.outcome is not Outcome.FULL:  # which says nothing about the source
            # Made anew: the last poll may have been another host's.
            troubles = Troubles(self._journal, name)
            troubles.update({**odd, _WHOLE: ended.reason} if ended.reason else odd)
        log.log(
            _level(ended),
            "source_polled",
            extra={
                "source": name,
                "outcome": ended.outcome.value,
                "taken": ended.taken,
                "reason": ended.reason or None,
                "seconds": round(time.monotonic() - began, 3),
            },
        )

    def _poll(self, source: ScheduledSource, holder: str) -> tuple[_Ended, dict[str, str]]:
        census = self._queue.census()
        if census.max_size and census.depth >= census.max_size:
            return _Ended(Outcome.FULL), {}  # no need to trouble the source
        try:
            code = self._code(source)
            options = given(source.poller_options)
            memory = Memory(self._spool.polled(source.name), source.poller)
        except (PollFailed, NotGiven, OSError) as problem:
            return _Ended(Outcome.FAILED, reason=str(problem)), {}
        mask = Mask(options.secrets)
        this = Round(
            source=source,
            spool=self._spool,
            intake=self._intakes[source.name],
            memory=memory,
            note=lambda file_id, key: self._journal.record(file_id, "file_polled", key=key[:200]),
        )
        try:
            outcome, reason = self._ask(this, code, options, holder), ""
        except (PollFailed, SpoolUnusable, OSError) as problem:  # of the last kind: no memory for a process
            outcome, reason = Outcome.FAILED, mask(str(problem))
        odd = {name: mask(why) for name, why in this.odd.items()}
        return _Ended(outcome, this.taken, reason), odd

    def _ask(self, this: Round, code: str, options: Given, holder: str) -> Outcome:
        source = this.source
        with self._spool.landing() as landing:
            order = Order(
                poller=code,
                options=dict(options.values),
                cursor=this.memory.cursor,
                known=tuple(this.memory.known),
                largest=source.largest_mb * _MEGABYTE,
                seen_file=str(seen_file(landing)),
            )
            hold = _Hold(self._polls, source.name, holder, term_s=self._term_s)

            def go_on() -> None:
                if self._stop():
                    raise Interrupted
                hold.keep()

            with Talk(order, limit_s=source.limit_s, while_waiting=go_on) as talk:
                return this.run(talk, landing)

    def _code(self, source: ScheduledSource) -> str:
        """Where the poller's code is. Looked for each time: it may have been changed, or opened to others."""
        poller = by_name(pollers(self._settings)).get(source.poller)
        if poller is None:
            raise PollFailed(f"there is no poller {source.poller!r}", "put it back where it was")
        if poller.absence:
            raise PollFailed(f"the poller {source.poller!r} can't be used: {poller.absence}")
        return poller.code


def _level(ended: _Ended) -> int:
    """How loud to be about a poll: most find nothing."""
    if ended.outcome is Outcome.FAILED:
        return logging.WARNING
    return logging.INFO if ended.taken or ended.outcome is not Outcome.DONE else logging.DEBUG


class _Hold:
    """Keeps the source ours while its poller thinks."""

    def __init__(self, polls: Polls, source: str, holder: str, *, term_s: float) -> None:
        self._polls = polls
        self._source = source
        self._holder = holder
        self._term_s = term_s
        self._renewed = time.monotonic()

    def keep(self) -> None:
        if time.monotonic() - self._renewed < self._term_s / 4:
            return
        if not self._polls.renew(self._source, holder=self._holder, term_s=self._term_s):
            raise _Lost
        self._renewed = time.monotonic()
