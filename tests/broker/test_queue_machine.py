"""The upload queue against a plain model of it, through thousands of random histories."""

from dataclasses import dataclass

import fakeredis
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from support import Clock

from wats_broker.messages import Bury, Done, Later, Offer
from wats_broker.names import Keys
from wats_broker.queue import Lease, QueueLimits, UploadQueue
from wats_broker.states import ReportState

BOUND, WIDTH, TERM_S = 5, 2, 60.0
WORKERS = 3


@dataclass(eq=False)
class Request:
    """A report on its way to the server. Its sender breaks off when it can't renew in time."""

    lease: Lease
    worker: int
    until: float


class QueueMachine(RuleBasedStateMachine):
    """Whatever happens in whatever order: within the bound, within the width, nothing lost, nothing twice."""

    def __init__(self):
        super().__init__()
        self.clock = Clock()
        self.redis = fakeredis.FakeRedis(decode_responses=True)
        limits = QueueLimits(max_size=BOUND, width=WIDTH, term_s=TERM_S, max_lost=1000)
        self.workers = [
            UploadQueue(self.redis, Keys(), limits=limits, clock=self.clock) for _ in range(WORKERS)
        ]
        self.queue = self.workers[0]
        self.files = 0
        self.offered = set()
        self.delivered = set()
        self.forgotten = set()  #: delivered ids that the server knew before it lost its memory
        self.requests = []

    def under_way(self):
        return [request for request in self.requests if self.clock.now < request.until]

    @rule()
    def a_file_is_reserved(self):
        self.queue.reserve(f"file{self.files}")

    @rule(count=st.integers(1, 6))
    def many_files_are_reserved(self, count):
        self.queue.reserve_all([f"batch{self.files}-{n}" for n in range(count)])

    @rule()
    def a_room_is_given_back(self):
        self.queue.release(f"file{self.files}")

    @rule(count=st.integers(1, 8), reserve=st.booleans(), priority=st.integers(0, 9))
    def a_file_offers_reports(self, count, reserve, priority):
        file_id = f"file{self.files}"
        self.files += 1
        if reserve:
            self.queue.reserve(file_id)
        reports = [f"{file_id}-{n}" for n in range(count)]
        self.offered.update(reports)
        self.queue.offer(file_id, [Offer(report, priority=priority) for report in reports])

    @rule()
    def the_last_file_is_offered_again(self):
        if self.files:
            self.offer_again(f"file{self.files - 1}")

    def offer_again(self, file_id):
        """What reconciling does; a receipt on the spool tells it what is delivered."""
        pending = [r for r in self.offered - self.delivered if r.startswith(f"{file_id}-")]
        self.queue.offer(file_id, [Offer(report) for report in sorted(pending)])

    @rule(worker=st.integers(0, WORKERS - 1))
    def a_worker_leases(self, worker):
        lease = self.workers[worker].lease(f"permit{worker}")
        if isinstance(lease, Lease):
            assert lease.report_id not in self.delivered, "a delivered report was lent again"
            self.requests.append(Request(lease, worker, self.clock.now + TERM_S))

    @precondition(lambda self: self.requests)
    @rule(data=st.data())
    def a_worker_renews(self, data):
        request = data.draw(st.sampled_from(self.requests))
        if self.workers[request.worker].renew(request.lease):
            request.until = self.clock.now + TERM_S

    @precondition(lambda self: self.requests)
    @rule(data=st.data())
    def a_worker_dies(self, data):
        self.requests.remove(data.draw(st.sampled_from(self.requests)))

    @precondition(lambda self: self.requests)
    @rule(data=st.data(), verdict=st.sampled_from([Done(), Later(0, "x"), Later(90, "x"), Bury("x")]))
    def a_request_is_settled(self, data, verdict):
        request = data.draw(st.sampled_from(self.requests))
        self.requests.remove(request)
        self.workers[request.worker].settle(request.lease, verdict)
        if isinstance(verdict, Done):
            self.delivered.add(request.lease.report_id)
            self.forgotten.discard(request.lease.report_id)

    @precondition(lambda self: self.requests)
    @rule(data=st.data())
    def a_request_is_settled_twice(self, data):
        request = data.draw(st.sampled_from(self.requests))
        self.queue.settle(request.lease, Done())
        self.queue.settle(request.lease, Later(0, "late"))
        self.delivered.add(request.lease.report_id)
        self.forgotten.discard(request.lease.report_id)

    @rule(seconds=st.sampled_from([1, 30, 61, 3700]))
    def time_passes(self, seconds):
        self.clock.pass_(seconds)

    @rule()
    def a_person_requeues(self):
        self.queue.requeue(self.queue.buried())

    @rule(seconds=st.sampled_from([1, 30]))
    def the_server_asks_for_quiet(self, seconds):
        self.queue.gate(seconds, "429")

    @rule()
    def the_lane_is_paused(self):
        self.queue.pause("401")

    @rule()
    def the_lane_is_resumed(self):
        self.queue.resume()

    @rule()
    def everything_is_forgotten(self):
        """The broker loses its memory, and the spool has not."""
        for worker in self.workers:
            worker.wake()  # each of them asks every second
        self.redis.flushall()
        self.forgotten = set(self.delivered)
        for number in range(self.files):
            self.offer_again(f"file{number}")

    @invariant()
    def never_over_the_bound(self):
        assert self.queue.census().depth <= BOUND

    @invariant()
    def never_over_the_width(self):
        assert self.queue.census().leased <= WIDTH

    @invariant()
    def never_more_requests_than_the_width(self):
        """Whoever is gone or late has been replaced; nobody else sends."""
        assert len(self.under_way()) <= WIDTH

    @invariant()
    def every_report_is_in_exactly_one_place(self):
        if not self.offered:
            return
        reports = sorted(self.offered)
        for report, state in zip(reports, self.queue.where(reports), strict=True):
            if report in self.forgotten:
                assert state is None
            else:
                assert state is not None, f"{report} is lost"
                assert (state is ReportState.DELIVERED) == (report in self.delivered)
        scores = [
            self.redis.zscore(Keys().queue(state.value), report)
            for report in reports
            for state in ReportState
        ]
        assert sum(score is not None for score in scores) == len(self.offered - self.forgotten)


QueueMachine.TestCase.settings = settings(max_examples=40, stateful_step_count=40, deadline=None)
TestQueueMachine = QueueMachine.TestCase
