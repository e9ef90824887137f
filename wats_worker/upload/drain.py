"""A drain: takes reports from the upload queue one after the other until its time is up or there are none.

It is short on purpose. What it knows when it ends is nothing; whoever comes next asks the queue.
"""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Event
from typing import Final

from wats_broker.messages import Later
from wats_broker.queue import Idle, Lease, UploadQueue
from wats_worker.upload.verdict import Kind

#: Seconds for which a drain lingers at an empty queue: in a busy hour the next report comes sooner, and
#: hearing its bell is far cheaper than being sent anew.
_LINGER_S: Final = 1.0
#: Seconds after which a process that said it ends has ended, and its requests with it.
_GONE_S: Final = 2.0


@dataclass(frozen=True)
class DrainResult:
    """What a drain did, and why it went home."""

    delivered: int
    later: int
    buried: int
    ended: str  #: ``budget``, ``stopped``, or what the queue said: ``empty``, ``width``, ``rate`` …


class Drain:
    """Drains one lane. One per process; each drain is one call of ``run`` in a thread.

    Args:
        queue: The lane.
        deliver: Brings one lent report as far as it gets.
        wake: Sends a drain for each of these permits.
    """

    def __init__(
        self,
        *,
        queue: UploadQueue,
        deliver: Callable[[Lease], Kind],
        wake: Callable[[Sequence[str]], object],
    ) -> None:
        self._queue = queue
        self._deliver = deliver
        self._wake = wake
        self._in_hand: set[Lease] = set()

    def run(self, permit: str, *, stop: Event, budget_s: float) -> DrainResult:
        """Deliver until the budget is spent, there is nothing to do, or ``stop`` is set.

        A report that is under way is finished in any case.
        """
        did: Counter[Kind] = Counter()
        try:
            ended = self._run(permit, stop, time.monotonic() + budget_s, did)
        finally:
            self._queue.drain_ends(permit)
        if ended == "budget":
            # Others may wait for this thread. Whoever is still needed is sent anew, behind them.
            self._wake(self._queue.wake())
        return DrainResult(did[Kind.DONE], did[Kind.LATER], did[Kind.BURY], ended)

    def hand_back(self) -> None:
        """Give back what is in hand, because this process ends now; the connections end with it.

        A report may have arrived all the same. It is sent again under the same id.
        """
        for lease in list(self._in_hand):
            self._queue.settle(lease, Later(_GONE_S, "its worker went home", counts=False))

    def _run(self, permit: str, stop: Event, end: float, did: Counter[Kind]) -> str:
        while not stop.is_set():
            if time.monotonic() >= end:
                return "budget"
            lent = self._queue.lease(permit)
            if isinstance(lent, Lease):
                did[self._handle(lent)] += 1
            elif not self._waited(lent, stop, end - time.monotonic()):
                return lent.reason
        return "stopped"

    def _handle(self, lease: Lease) -> Kind:
        self._in_hand.add(lease)
        try:
            return self._deliver(lease)
        finally:
            self._in_hand.discard(lease)

    def _waited(self, idle: Idle, stop: Event, left_s: float) -> bool:
        """Wait here for work, if it is likely to come while there is time; False: go home."""
        again_s = float("inf") if idle.again_ms is None else idle.again_ms / 1000
        if idle.reason in {"gated", "rate"} and again_s <= left_s:
            # When the gate opens, or the next turn comes, nobody has to be woken.
            stop.wait(again_s)
            return True
        if idle.reason != "empty" or left_s <= 0:
            return False
        # A retry that falls due meanwhile ends the wait as a new report does.
        patience = max(0.01, min(_LINGER_S, left_s, again_s))
        return self._queue.linger(patience) or again_s <= patience
