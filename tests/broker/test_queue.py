"""The upload queue's promises, on fakeredis and on a real server alike."""

import pytest
from support import Clock

from wats_broker.messages import Bury, Done, Later, Offer
from wats_broker.names import Keys
from wats_broker.queue import Idle, Lease, QueueLimits, UploadQueue
from wats_broker.states import ReportState


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def make_queue(redis, clock):
    def make(**limits):
        return UploadQueue(redis, Keys(), limits=QueueLimits(**limits), clock=clock)

    return make


@pytest.fixture
def queue(make_queue):
    return make_queue(max_size=4, width=2)


def offers(*report_ids, priority=5):
    return [Offer(report_id, priority=priority) for report_id in report_ids]


def lend(queue, permit="p"):
    lease = queue.lease(permit)
    assert isinstance(lease, Lease), lease
    return lease


def test_room_is_reserved_up_to_the_bound(queue):
    """Reservations count in the bound, so a dispatched file always finds room."""
    granted = [queue.reserve(f"file{n}") for n in range(6)]

    assert granted == [True] * 4 + [False] * 2
    assert queue.census().depth == 4


def test_reserving_twice_for_one_file_takes_one_room(queue):
    """A watcher that restarts asks again for the same file."""
    for _ in range(10):
        assert queue.reserve("file")

    assert queue.census().reserved == 1


def test_room_that_was_lost_is_not_had_by_asking_again(make_queue, clock):
    """However many lost theirs at once, each that comes back needs room like any other."""
    queue = make_queue(max_size=150, reservation_s=60)
    queue.reserve_all([f"old{n}" for n in range(150)])
    clock.pass_(61)

    granted = queue.reserve_all([*(f"new{n}" for n in range(50)), *(f"old{n}" for n in range(150))])

    assert granted == 150
    assert queue.census().depth == 150


def test_many_files_get_room_in_their_order(queue):
    """In one act, as far as there is room; those that have some already only renew it."""
    queue.reserve("file3")

    assert queue.reserve_all([f"file{n}" for n in range(6)]) == 4
    assert queue.reserve_all(["file3", "file1", "file4"]) == 2
    assert queue.census().reserved == 4


def test_a_released_room_is_free_again(queue):
    """A file that gave no report gives its room back."""
    for n in range(4):
        queue.reserve(f"file{n}")

    queue.release("file2")

    assert queue.reserve("file9")


def test_a_forgotten_reservation_ends_by_itself(make_queue, clock):
    """A file whose converter never came back doesn't take room for ever."""
    queue = make_queue(max_size=1, reservation_s=60)
    queue.reserve("lost")
    assert not queue.reserve("next")

    clock.pass_(61)

    assert queue.reserve("next")


def test_a_sweeper_is_told_who_has_had_room_for_long(make_queue, clock):
    """Whoever reserved it may have died before giving it back; asking again makes a reservation young."""
    queue = make_queue()
    for name in ("old", "young", "renewed"):
        clock.pass_(20)
        queue.reserve(name)
    queue.reserve("renewed")
    clock.pass_(45)
    queue.reserve("renewed")

    assert queue.reservations(older_than_s=60) == ["old", "young"]
    assert queue.reservations(older_than_s=120) == []


def test_no_bound_means_no_bound(make_queue):
    """max_queue_size 0 is unlimited."""
    queue = make_queue(max_size=0)
    queue.offer("file", offers(*(f"r{n}" for n in range(1200))))

    assert queue.census().ready == 1200
    assert queue.reserve("another")


def test_an_offer_uses_its_own_reservation(queue):
    """The reserved room becomes the report's room; nothing is counted twice."""
    for n in range(4):
        queue.reserve(f"file{n}")

    offered = queue.offer("file0", offers("r0"))

    assert (offered.ready, offered.held) == (1, 0)
    assert queue.census().depth == 4


def test_what_finds_no_room_is_held_and_enters_in_order(queue):
    """A file with more reports than there is room for waits on the spool; the queue stays within its bound."""
    queue.reserve("panel")
    for n in range(3):
        queue.reserve(f"other{n}")

    offered = queue.offer("panel", offers("r0", "r1", "r2"))
    assert (offered.ready, offered.held) == (1, 2)
    assert queue.census().depth == 4

    queue.settle(lend(queue), Done())
    assert queue.where(["r0", "r1", "r2"]) == [ReportState.DELIVERED, ReportState.READY, ReportState.HELD]

    queue.settle(lend(queue), Done())
    assert lend(queue).report_id == "r2"


def test_held_reports_go_before_new_files(queue):
    """Nobody may take the room that a held report waits for."""
    queue.offer("big", offers("r0", "r1", "r2", "r3", "r4"))
    queue.settle(lend(queue), Done())  # r4 enters

    assert queue.census().held == 0
    queue.offer("late", offers("x0", "x1"))
    queue.settle(lend(queue), Done())
    assert queue.census().held == 1
    assert not queue.reserve("new")


def test_offering_again_is_boring(queue):
    """Celery redelivers; a report is queued once and, delivered, never again."""
    queue.offer("file", offers("r0", "r1"))
    again = queue.offer("file", offers("r0", "r1"))
    assert again.known == ("r0", "r1")
    assert queue.census().ready == 2

    queue.settle(lend(queue), Done())
    after = queue.offer("file", offers("r0"))

    assert after.known == ("r0",)
    assert queue.census().ready == 1


def test_never_more_leases_than_the_width(queue):
    """The live leases are the limiter."""
    queue.offer("file", offers("r0", "r1", "r2"))
    lend(queue)
    lend(queue)

    assert queue.lease("p") == Idle("width", None)


def test_a_dead_worker_gives_its_slot_back(queue, clock):
    """A lease that is never settled is lent again after its term."""
    queue.offer("file", offers("r0"))
    first = lend(queue)
    assert queue.lease("p").reason == "empty"

    clock.pass_(61)
    second = lend(queue)

    assert second.report_id == first.report_id
    assert second.token != first.token


def test_a_renewed_lease_lives_on(queue, clock):
    """An upload may take longer than a term as long as its worker says so."""
    queue.offer("file", offers("r0"))
    lease = lend(queue)
    for _ in range(5):
        clock.pass_(50)
        assert queue.renew(lease)

    assert queue.lease("p").reason == "empty"


def test_a_stale_holder_may_not_send(queue, clock):
    """Who was paused longer than the term finds out before sending."""
    queue.offer("file", offers("r0"))
    stale = lend(queue)
    clock.pass_(61)
    lend(queue)

    assert not queue.renew(stale)
    assert not queue.settle(stale, Later(5, "timeout")).ours
    assert queue.census().leased == 1


def test_a_stale_holders_success_counts(queue, clock):
    """What the server has stored is stored, whoever sent it; the second holder loses its lease."""
    queue.offer("file", offers("r0"))
    stale = lend(queue)
    clock.pass_(61)
    second = lend(queue)

    settled = queue.settle(stale, Done())

    assert not settled.ours
    assert not queue.renew(second)
    assert queue.where(["r0"]) == [ReportState.DELIVERED]


def test_a_report_that_outlives_all_its_holders_goes_to_a_person(make_queue, clock):
    """Whatever kills every uploader that touches it must not do so for ever."""
    queue = make_queue(max_lost=3)
    queue.offer("file", offers("r0"))
    for _ in range(3):
        lend(queue)
        clock.pass_(61)

    assert queue.lease("p").reason == "empty"
    assert "died 3 times" in queue.buried()[0].reason


def test_later_comes_back_when_it_is_due(queue, clock):
    """A delayed retry waits its time, counts in the bound, and remembers its attempts."""
    queue.offer("file", offers("r0"))
    queue.settle(lend(queue), Later(30, "503"))
    assert queue.lease("p") == Idle("empty", 30_000)
    assert queue.census().depth == 1

    clock.pass_(30)

    assert lend(queue).attempts == 1


def test_weather_is_no_attempt(queue):
    """A 429 is not the report's fault."""
    queue.offer("file", offers("r0"))
    queue.settle(lend(queue), Later(0, "429", counts=False))

    assert lend(queue).attempts == 0


def test_buried_reports_wait_for_a_person_and_come_back(queue):
    """Never dropped, never tried by itself, out of the bound, requeued on demand."""
    queue.offer("file", offers("r0"))
    queue.settle(lend(queue), Bury("unknown process", '{"Message": "process 99"}'))
    assert queue.census().depth == 0
    assert queue.lease("p").reason == "empty"
    found = queue.buried()
    assert (found[0].file_id, found[0].reason, found[0].answer) == (
        "file",
        "unknown process",
        '{"Message": "process 99"}',
    )

    assert queue.requeue(found) == 1
    assert queue.requeue(found) == 0

    assert lend(queue).attempts == 0


def test_urgent_reports_pass_but_nothing_waits_for_ever(queue, clock):
    """A step of priority is worth a minute of waiting."""
    queue.offer("a", offers("ordinary", priority=5))
    clock.pass_(1)
    queue.offer("b", offers("urgent", priority=0))
    clock.pass_(400)
    queue.offer("c", offers("too late", priority=0))

    order = []
    for _ in range(3):
        lease = lend(queue)
        order.append(lease.report_id)
        queue.settle(lease, Done())

    assert order == ["urgent", "ordinary", "too late"]


def test_equals_go_in_the_order_they_came(make_queue):
    """First offered, first lent, within one millisecond too."""
    queue = make_queue(max_size=0)
    names = [f"r{n:02}" for n in range(50)]
    queue.offer("file", offers(*reversed(names)))

    order = []
    for _ in names:
        lease = lend(queue)
        order.append(lease.report_id)
        queue.settle(lease, Done())

    assert order == list(reversed(names))


def test_a_paused_lane_lends_nothing_until_a_person_resumes(queue):
    """One alarm: only the first to pause is told that it was news."""
    queue.offer("file", offers("r0"))
    assert queue.pause("401: token expired")
    assert not queue.pause("401: token expired")

    assert queue.lease("p").reason == "paused"
    assert queue.census().paused == "401: token expired"
    assert queue.wake() == ()

    queue.resume()
    lend(queue)


def test_behind_a_gate_one_goes_ahead_alone(queue, clock):
    """After an outage nobody stampedes: one probe, and after its success everybody."""
    queue.offer("file", offers("r0", "r1", "r2"))
    queue.gate(10, "429")
    assert queue.lease("p") == Idle("gated", 10_000)
    assert queue.census().gated_s == 10

    clock.pass_(10)
    probe = lend(queue)
    assert queue.lease("p").reason == "width"

    settled = queue.settle(probe, Done())

    assert settled.permits
    lend(queue)
    lend(queue)


def test_a_refused_probe_opens_the_lane_too(queue, clock):
    """The server is back and says no to this one report; the others need not go one by one."""
    queue.offer("file", offers("r0", "r1", "r2"))
    queue.gate(10, "503")
    clock.pass_(10)

    queue.settle(lend(queue), Bury("400", "unknown process"))

    lend(queue)
    lend(queue)


def test_a_gate_is_only_moved_outward(queue):
    """The later of two moments counts."""
    queue.gate(60, "429")
    queue.gate(5, "503")

    assert queue.census().gated_s == 60
    assert queue.census().gate_reason == "429"


def test_an_old_success_does_not_open_a_new_gate(queue):
    """What was under way when the server asked for quiet says nothing about the quiet."""
    queue.offer("file", offers("r0", "r1"))
    under_way = lend(queue)
    queue.gate(30, "429")

    queue.settle(under_way, Done())

    assert queue.lease("p").reason == "gated"


def test_there_are_never_more_permits_than_slots(queue):
    """A drain per slot is enough; the permits are leases too."""
    first = queue.offer("a", offers("r0"))
    second = queue.offer("b", offers("r1", "r2", "r3"))

    assert len(first.permits) == 1
    assert len(second.permits) == 1
    assert queue.wake() == ()


def test_a_lost_wake_up_is_repaired(queue, clock):
    """A drain message that Celery lost is replaced as soon as its permit is over."""
    queue.offer("a", offers("r0"))
    assert queue.wake() == ()

    clock.pass_(6)

    assert len(queue.wake()) == 1


def test_delivered_ids_are_forgotten_after_their_time_and_above_their_number(make_queue, clock):
    """Memory is bounded by age and by count."""
    queue = make_queue(max_size=0, remember_s=100, remember_count=3)
    for n in range(5):
        queue.offer("file", offers(f"r{n}"))
        queue.settle(lend(queue), Done())
        clock.pass_(1)
    assert queue.census().delivered == 3

    clock.pass_(100)
    queue.offer("file", offers("last"))
    queue.settle(lend(queue), Done())

    assert queue.census().delivered == 1


def test_only_bounded_or_expiring_keys_are_left(queue, redis):
    """When everything is delivered the queue leaves no litter."""
    queue.reserve("file")
    queue.offer("file", offers("r0", "r1"))
    for _ in range(2):
        queue.settle(lend(queue), Done())
    queue.drain_ends("p")
    for permit in redis.zrange(Keys().queue("drains"), 0, -1):
        queue.drain_ends(permit)

    left = set(redis.keys("*"))

    assert left == {Keys().queue(part) for part in ("delivered", "metrics", "sequence", "steady")}


def test_a_drain_that_lingers_hears_of_new_reports(make_queue):
    """It need not be woken by a message, and a silent queue sends it home after its time."""
    queue = make_queue(max_size=0)
    queue.offer("a", offers("r0"))  # wakes a drain: its permit lives now
    queue.offer("b", offers("r1"))

    assert queue.linger(0.5)
    assert not queue.linger(0.05)
