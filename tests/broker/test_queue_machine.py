"""The upload queue against a plain model of it, through thousands of random histories."""

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


class QueueMachine(RuleBasedStateMachine):
    """Whatever happens in whatever order: within the bound, within the width, nothing lost, nothing twice."""

    def __init__(self):
        super().__init__()
        self.clock = Clock()
        self.redis = fakeredis.FakeRedis(decode_responses=True)
        limits = QueueLimits(max_size=BOUND, width=WIDTH, term_s=TERM_S, max_lost=1000)
        self.queue = UploadQueue(self.redis, Keys(), limits=limits, clock=self.clock)
        self.files = 0
        self.offered = set()
        self.delivered = set()
        self.leases = []

    @rule()
    def a_file_is_reserved(self):
        self.queue.reserve(f"file{self.files}")

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
            file_id = f"file{self.files - 1}"
            known = [report for report in self.offered if report.startswith(f"{file_id}-")]
            self.queue.offer(file_id, [Offer(report) for report in known])

    @rule()
    def a_worker_leases(self):
        lease = self.queue.lease("permit")
        if isinstance(lease, Lease):
            assert lease.report_id not in self.delivered, "a delivered report was lent again"
            self.leases.append(lease)

    @precondition(lambda self: self.leases)
    @rule(data=st.data(), verdict=st.sampled_from([Done(), Later(0, "x"), Later(90, "x"), Bury("x")]))
    def a_lease_is_settled(self, data, verdict):
        lease = self.leases.pop(data.draw(st.integers(0, len(self.leases) - 1)))
        self.queue.settle(lease, verdict)
        if isinstance(verdict, Done):
            self.delivered.add(lease.report_id)

    @precondition(lambda self: self.leases)
    @rule(data=st.data())
    def a_lease_is_settled_twice(self, data):
        lease = self.leases[data.draw(st.integers(0, len(self.leases) - 1))]
        self.queue.settle(lease, Done())
        self.queue.settle(lease, Later(0, "late"))
        self.delivered.add(lease.report_id)

    @rule(seconds=st.sampled_from([1, 30, 61, 3700]))
    def time_passes(self, seconds):
        self.clock.pass_(seconds)

    @rule()
    def a_person_requeues(self):
        self.queue.requeue(self.queue.buried())

    @rule(seconds=st.sampled_from([1, 30]))
    def the_server_asks_for_quiet(self, seconds):
        self.queue.gate(seconds, "429")

    @invariant()
    def never_over_the_bound(self):
        assert self.queue.census().depth <= BOUND

    @invariant()
    def never_over_the_width(self):
        assert self.queue.census().leased <= WIDTH

    @invariant()
    def every_report_is_in_exactly_one_place(self):
        if not self.offered:
            return
        reports = sorted(self.offered)
        for report, state in zip(reports, self.queue.where(reports), strict=True):
            assert state is not None, f"{report} is lost"
            assert (state is ReportState.DELIVERED) == (report in self.delivered)
        scores = [
            self.redis.zscore(Keys().queue(state.value), report)
            for report in reports
            for state in ReportState
        ]
        assert sum(score is not None for score in scores) == len(reports)


QueueMachine.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestQueueMachine = QueueMachine.TestCase
