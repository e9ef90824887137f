"""Whatever was forgotten or lost, every file in the spool gets its next step, and is not converted twice for it."""

from dataclasses import replace

import pytest
from worker.claimables import claimable

from wats_broker.journal import Standing
from wats_broker.messages import Bury, Done
from wats_broker.names import Keys
from wats_broker.queue import QueueLimits, UploadQueue
from wats_broker.states import FileState, ReportState
from wats_worker.spool.model import Place
from wats_worker.watch.overdue import Need, Patience, need

R1 = "00000000-0000-4000-8000-000000000001"
R2 = "00000000-0000-4000-8000-000000000002"


@pytest.fixture
def file_id(line, claim):
    """A file that was claimed and entered, and whose message is gone."""
    file_id = claim("board.csv")
    line.reconciler().run()
    line.messages()
    return file_id


@pytest.fixture
def claim(line):
    """Put a file into the spool; nobody else hears of it."""

    def claim(name, content=b"PASS"):
        (line.folder / name).write_bytes(content)
        file = claimable(line.folder, name)
        line.spool.claim([file], keep=False)
        return file.file_id

    return claim


def walk(line, file_id, *states):
    for state in states:
        line.journal.record(file_id, f"became_{state}", state=state)


def convert(line, file_id, reports=(R1, R2)):
    """What the convert stage does, up to the offer."""
    line.spool.save_reports(file_id, dict.fromkeys(reports, b"{}"))
    walk(line, file_id, FileState.CONVERTING, FileState.CONVERTED)


def test_a_file_nobody_knows_is_entered_and_sent(line, claim):
    """The watcher died between the claim and the journal, or Redis lost everything."""
    file_id = claim("board.csv")

    line.reconciler().run()

    assert line.journal.file(file_id).state is FileState.SEEN
    assert line.messages() == [file_id]
    assert line.queue.census().reserved == 1


def test_unknown_files_enter_only_as_far_as_there_is_room(line, claim):
    """An empty Redis beside a full spool must not flood the line; the most urgent and oldest go first."""
    line.queue = UploadQueue(line.redis, Keys(), limits=QueueLimits(max_size=2))
    files = [claim(f"{number}.csv", str(number).encode()) for number in range(4)]

    line.reconciler(patience=Patience()).run()

    assert line.messages() == files[:2]

    for file_id in files[:2]:
        line.queue.release(file_id)
    line.reconciler(patience=Patience()).run()

    assert line.messages() == files[2:]


def test_a_lost_message_is_sent_again(line, file_id):
    """Celery on Redis loses some when a worker dies."""
    line.reconciler().run()

    assert line.messages() == [file_id]


def test_all_lost_messages_are_sent_again_at_once(line, claim):
    """A broker that comes back without its lists has lost them all, not one per round."""
    files = {claim(f"{number}.csv", str(number).encode()) for number in range(5)}
    line.reconciler().run()
    line.messages()

    line.reconciler().run()

    assert set(line.messages()) == files


def test_a_file_that_merely_waits_is_left_alone(line, file_id):
    """As long as messages wait in the pool's queue, ours may be among them."""
    line.dispatch.convert([("f" * 32, "convert", 5)])

    line.reconciler().run()

    assert line.messages() == ["f" * 32]


def test_a_file_whose_worker_fell_silent_is_sent_again(line, file_id):
    """Its lease has run out."""
    line.journal.take(file_id, worker="w1", term_s=-1)

    line.reconciler().run()

    assert line.messages() == [file_id]


def test_a_file_that_is_being_converted_is_left_alone(line, file_id):
    """Its worker renews the lease."""
    line.journal.take(file_id, worker="w1", term_s=60)

    line.reconciler().run()

    assert line.messages() == []


def test_a_suspended_file_is_tried_again(line, file_id):
    """The rest of it may have come."""
    walk(line, file_id, FileState.CONVERTING, FileState.SUSPENDED)

    line.reconciler().run()

    assert line.messages() == [file_id]


def test_reports_that_never_came_to_the_queue_are_offered(line, file_id):
    """The worker died between saving and offering. Nothing is converted anew."""
    convert(line, file_id)

    line.reconciler().run()

    assert line.queue.where([R1, R2]) == [ReportState.READY, ReportState.READY]
    assert line.messages() == []
    assert line.backlog("upload") > 0


def test_reports_are_offered_again_when_redis_has_lost_everything(line, file_id):
    """The spool knows that they are made, and which are delivered already."""
    convert(line, file_id)
    line.spool.delivered(file_id, R1, {"stored_as": None})
    line.redis.flushall()

    line.reconciler().run()

    assert line.queue.where([R1, R2]) == [None, ReportState.READY]
    assert line.journal.file(file_id).state is FileState.CONVERTED
    assert line.messages() == []


def test_reports_saved_by_a_worker_that_died_are_used(line, file_id):
    """It did not come to tell the journal."""
    line.journal.take(file_id, worker="w1", term_s=-1)
    line.spool.save_reports(file_id, {R1: b"{}"})

    line.reconciler().run()

    assert line.journal.file(file_id).state is FileState.CONVERTED
    assert line.queue.where([R1]) == [ReportState.READY]
    assert line.messages() == []


def test_a_file_with_all_receipts_is_finished(line, file_id):
    """The uploader died between the last receipt and the archive."""
    convert(line, file_id, [R1])
    line.spool.delivered(file_id, R1, {"stored_as": None})

    line.reconciler().run()

    assert line.spool.place(file_id) is Place.FINISHED
    assert line.journal.file(file_id).state is FileState.DELIVERED


def test_a_lost_receipt_is_written_again(line, file_id):
    """A power cut took it, and the queue remembers the delivery: nothing is posted twice."""
    convert(line, file_id, [R1])
    line.reconciler().run()
    line.queue.settle(line.queue.lease("permit"), Done(None))

    line.reconciler().run()

    assert line.spool.receipts(file_id)[0]["told_by"] == "queue"
    assert line.spool.place(file_id) is Place.FINISHED


def test_a_buried_report_keeps_its_file(line, file_id):
    """A person has to look at it."""
    convert(line, file_id, [R1])
    line.reconciler().run()
    line.queue.settle(line.queue.lease("permit"), Bury("rejected"))
    walk(line, file_id, FileState.BURIED)

    line.reconciler().run()

    assert line.spool.place(file_id) is Place.WAITING
    assert line.queue.where([R1]) == [ReportState.BURIED]


def test_a_quarantined_file_is_known_as_such_when_redis_has_lost_everything(line, file_id):
    """With its reason, and without another try."""
    line.spool.quarantine(file_id, {"reason": "no serial number"}, b"")
    line.redis.flushall()

    line.reconciler().run()

    record = line.journal.file(file_id)
    assert record.state is FileState.QUARANTINED
    assert record.facts["reason"] == "no serial number"
    assert line.messages() == []


def test_room_that_nobody_gave_back_is_free_again(line, claim):
    """Workers died, or the broker was away, between the end of a file and giving its room back."""
    waiting, made, bad = claim("a.csv", b"1"), claim("b.csv", b"2"), claim("c.csv", b"3")
    line.reconciler().run()
    convert(line, made)
    line.spool.quarantine(bad, {"reason": "no serial number"}, b"")
    walk(line, bad, FileState.QUARANTINED)
    for file_id in (waiting, made, bad, "f" * 32):
        line.queue.reserve(file_id)

    line.reconciler(patience=Patience(taken_s=60, room_s=0)).run()

    assert line.queue.reservations(older_than_s=0) == [waiting]


def test_a_room_that_was_reserved_just_now_is_left_alone(line):
    """Its file is still in the watch folder, and is about to be claimed."""
    line.queue.reserve("f" * 32)

    line.reconciler().run()

    assert line.queue.census().reserved == 1


def test_a_replay_that_broke_off_is_completed(line, file_id):
    """The folder is back in its place, the journal still says quarantined."""
    line.spool.quarantine(file_id, {"reason": "no serial number"}, b"")
    walk(line, file_id, FileState.QUARANTINED)
    line.spool.replay(file_id)

    line.reconciler().run()

    assert line.messages() == [file_id]
    assert line.journal.file(file_id).state is FileState.SEEN


def test_a_file_that_grew_after_its_claim_goes_on_as_what_it_is(line, file_id):
    """Where nobody can tell who writes, the times tell it in the end."""
    with line.spool.source(file_id).open("ab") as writer:
        writer.write(b" and the rest")

    line.reconciler().run()
    line.reconciler().run()

    (whole,) = line.spool.waiting()
    assert whole != file_id
    assert line.messages() == [whole]


def test_reconciling_again_changes_nothing(line, claim):
    """Everything may happen twice."""
    waiting, converted = claim("a.csv", b"1"), claim("b.csv", b"2")
    line.reconciler().run()
    convert(line, converted)
    reconciler = line.reconciler(patience=Patience(taken_s=60))
    reconciler.run()
    line.messages()
    before = line.queue.census(), line.journal.states(), sorted(line.spool.waiting())

    reconciler.run()

    assert (line.queue.census(), line.journal.states(), sorted(line.spool.waiting())) == before
    assert line.messages() == []
    assert waiting in line.spool.waiting()


SEEN = Standing(FileState.SEEN, sent_at=1000, held_until=0, attempts=0)


@pytest.mark.parametrize(
    ("standing", "converted", "backlog", "expected"),
    [
        (None, False, 0, Need.ENTRY),
        (None, True, 0, Need.ENTRY),
        (SEEN, False, 0, Need.MESSAGE),
        (SEEN, False, 1, Need.NOTHING),
        (SEEN, True, 1, Need.RECORD),
        (replace(SEEN, sent_at=1095), False, 0, Need.NOTHING),
        (replace(SEEN, sent_at=-1000), False, 1, Need.MESSAGE),
        (replace(SEEN, sent_at=5000), False, 0, Need.MESSAGE),
        (replace(SEEN, state=FileState.CONVERTING, held_until=1110), False, 0, Need.NOTHING),
        (replace(SEEN, state=FileState.CONVERTING, held_until=1110), True, 0, Need.NOTHING),
        (replace(SEEN, state=FileState.CONVERTING, held_until=4700), False, 9, Need.MESSAGE),
        (replace(SEEN, state=FileState.CONVERTING, held_until=1050), False, 9, Need.MESSAGE),
        (replace(SEEN, state=FileState.CONVERTING, held_until=900), False, 9, Need.NOTHING),
        (replace(SEEN, state=FileState.SUSPENDED, sent_at=1094), False, 0, Need.MESSAGE),
        (replace(SEEN, state=FileState.SUSPENDED, sent_at=1094), False, 5, Need.NOTHING),
        (replace(SEEN, state=FileState.SUSPENDED, sent_at=1098), False, 0, Need.NOTHING),
        (replace(SEEN, state=FileState.CONVERTED), True, 0, Need.DELIVERY),
        (replace(SEEN, state=FileState.BURIED), True, 0, Need.DELIVERY),
        (replace(SEEN, state=FileState.DELIVERED), True, 0, Need.DELIVERY),
        (replace(SEEN, state=FileState.DELIVERED), False, 0, Need.CLOSING),
        (replace(SEEN, state=FileState.QUARANTINED), False, 0, Need.ENTRY),
    ],
)
def test_what_a_file_needs(standing, converted, backlog, expected):
    """Lost is told from merely waiting, dead from busy; times in the future are from before a clock was set back."""
    assert need(standing, converted=converted, backlog=backlog, now=1100) is expected
