"""One lent report and everything that can become of it."""

import errno
import json
import logging
import os
import threading
from contextlib import suppress
from types import SimpleNamespace

import pytest

from wats_broker.names import Keys
from wats_broker.queue import Idle
from wats_broker.states import FileState, ReportState
from wats_worker.spool.errors import SpoolUnusable
from wats_worker.spool.model import Place
from wats_worker.spool.store import DiskSpool
from wats_worker.store.errors import StoreUnusable
from wats_worker.upload.verdict import Kind


def answers(loopback, *statuses):
    """Let the server answer with these statuses in turn, the last one for ever; 200 stores."""

    def script(number, _request):
        status = statuses[min(number, len(statuses)) - 1]
        return loopback.stored() if status == 200 else loopback.reply(status, f"told {status}")

    loopback.script = script


def posted(loopback):
    """The ids of the reports that the server was sent, in order."""
    return [json.loads(request.body)["id"] for request in loopback.requests]


def alarms(caplog):
    return [record for record in caplog.records if record.levelno >= logging.ERROR]


def test_a_delivered_report_is_known_everywhere(line, loopback):
    """On the server, on the spool with the server's id, in the queue, in the journal."""
    file_id, [report_id] = line.put()

    kind = line.deliver(line.lend())

    assert kind is Kind.DONE
    assert posted(loopback) == [report_id]
    assert line.spool.place(file_id) is Place.FINISHED
    [receipt] = line.spool.receipts(file_id)
    assert (receipt["report_id"], receipt["attempt"]) == (report_id, 1)
    assert receipt["stored_as"] == "d3a3b0f2-54c4-4a36-93a5-5a0a2d1b7c11"
    assert line.queue.where([report_id]) == [ReportState.DELIVERED]
    assert line.state(file_id) is FileState.DELIVERED
    assert line.story(file_id)[-1] == "report_delivered"


def test_a_file_is_finished_with_its_last_report(line):
    """Not before, whatever the order."""
    file_id, _ = line.put(reports=3)

    places = []
    for _ in range(3):
        line.deliver(line.lend())
        places.append((line.spool.place(file_id), line.state(file_id)))

    assert places == [(Place.WAITING, FileState.CONVERTED)] * 2 + [(Place.FINISHED, FileState.DELIVERED)]


def test_two_last_reports_at_once_finish_the_file_once(line):
    """Both find nothing pending; the journal chooses one of them, and both are told of."""
    file_id, _ = line.put(reports=2)
    finished = []
    line.finish = finished.append
    together = threading.Barrier(2, timeout=10)
    line.spool = DiskSpool(line.spool.root, step=lambda _step: together.wait())
    line.begin()
    leases = [line.lend(), line.lend()]

    threads = [threading.Thread(target=line.deliver, args=(lease,)) for lease in leases]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert finished == [file_id]
    assert line.story(file_id).count("report_delivered") == 2
    assert line.state(file_id) is FileState.DELIVERED


def test_a_file_may_be_finished_while_another_of_its_reports_is_still_being_noted(line):
    """Its receipt was there already, so nothing was pending; the slower one ends well all the same."""
    file_id, ids = line.put(reports=2)
    noted, finished = threading.Event(), threading.Event()

    def stop_the_first(step):
        if step == "move-report" and not noted.is_set():
            noted.set()
            finished.wait(10)

    line.spool = DiskSpool(line.spool.root, step=stop_the_first)
    line.begin()
    first, second = line.lend(), line.lend()
    kinds = []
    slow = threading.Thread(target=lambda: kinds.append(line.deliver(first)))
    slow.start()
    noted.wait(10)
    kinds.append(line.deliver(second))
    finished.set()
    slow.join()

    assert kinds == [Kind.DONE, Kind.DONE]
    assert line.queue.where(ids) == [ReportState.DELIVERED] * 2
    assert line.spool.place(file_id) is Place.FINISHED


def test_an_ordinary_report_costs_three_round_trips(line):
    """Lease, settle, record; the scripts are known to the server after the first report."""
    line.put("one")
    line.put("two")
    line.deliver(line.lend())
    before = line.redis.commands

    line.deliver(line.lend())

    assert line.redis.commands - before == 3


@pytest.mark.parametrize("when", ["dies_before", "dies_after"])
@pytest.mark.parametrize("command", range(1, 8))
@pytest.mark.parametrize("reports", [1, 2])
def test_killed_anywhere_nothing_is_lost_and_nothing_is_stored_under_two_ids(
    line, loopback, when, command, reports
):
    """Whichever command to Redis is its last: those who come after bring it to the same end."""
    file_id, ids = line.put(reports=reports)
    setattr(line.redis, when, line.redis.commands + command)
    with suppress(line.killed):
        while not isinstance(lease := line.queue.lease("p"), Idle):
            line.deliver(lease)

    line.start()
    line.clock.pass_(line.limits.term_s + 1)
    while not isinstance(lease := line.queue.lease("p"), Idle):
        line.deliver(lease)
    for left in list(line.spool.waiting()):  # what reconciling does
        if line.spool.converted(left) and not line.spool.pending(left):
            line.journal.record(left, "file_reconciled", state=FileState.DELIVERED)
            line.finish(left)

    assert set(posted(loopback)) == set(ids)
    assert len(posted(loopback)) <= reports + 1
    assert line.queue.where(ids) == [ReportState.DELIVERED] * reports
    assert line.state(file_id) is FileState.DELIVERED
    assert line.spool.place(file_id) is Place.FINISHED
    assert {receipt["report_id"] for receipt in line.spool.receipts(file_id)} == set(ids)


def test_a_report_that_was_noted_but_not_settled_is_not_sent_again(line, loopback):
    """Its holder died between the spool and the queue; the receipt speaks for him."""
    file_id, [report_id] = line.put()
    line.spool.delivered(file_id, report_id, {"stored_as": "x"})

    kind = line.deliver(line.lend())

    assert kind is Kind.DONE
    assert posted(loopback) == []
    assert line.spool.place(file_id) is Place.FINISHED
    assert line.state(file_id) is FileState.DELIVERED


@pytest.mark.parametrize("archived", [False, True])
def test_a_report_of_a_finished_file_is_not_sent_again(line, loopback, archived):
    """Redis came back from an old copy and offers what is long delivered, and left the spool perhaps."""
    file_id, [report_id] = line.put()
    line.spool.delivered(file_id, report_id, {})
    line.finish(file_id)
    if archived:
        line.spool.leave(file_id)
        line.archived[file_id] = [{"report_id": report_id, "stored_as": "S"}]

    kind = line.deliver(line.lend())

    assert kind is Kind.DONE
    assert posted(loopback) == []
    assert line.queue.where([report_id]) == [ReportState.DELIVERED]


def test_a_report_whose_bytes_are_gone_goes_to_a_person(line, loopback):
    """Somebody tidied up the spool by hand."""
    file_id, [report_id] = line.put()
    (line.folder / "spool/files" / file_id / "reports" / f"{report_id}.json").unlink()

    kind = line.deliver(line.lend())

    assert kind is Kind.BURY
    assert posted(loopback) == []
    assert "neither the report's bytes nor a receipt" in line.queue.buried()[0].reason


def test_a_lease_lost_before_sending_sends_nothing(line, loopback):
    """The process was frozen; somebody else may be sending the report at this moment."""
    line.limits = type(line.limits)(term_s=1e-6)
    line.start()
    line.put()
    lost = line.lend()
    line.clock.pass_(60)
    mine = line.lend()

    line.deliver(lost)

    assert mine.report_id == lost.report_id
    assert posted(loopback) == []


def test_an_answer_counts_though_the_lease_was_lost_meanwhile(line, loopback):
    """What the server has stored is stored; the report is not lent once more."""
    file_id, [report_id] = line.put()
    mine = line.lend()

    def think_too_long(*_):
        line.clock.pass_(61)
        line.lend()
        return loopback.stored()

    loopback.script = think_too_long
    line.deliver(mine)

    assert line.queue.where([report_id]) == [ReportState.DELIVERED]
    assert line.spool.place(file_id) is Place.FINISHED


def test_a_rejected_report_is_buried_with_the_servers_words(line, loopback):
    """It stays on the spool, and the file says why it stands still."""
    file_id, [report_id] = line.put()
    loopback.script = lambda *_: loopback.reply(
        400, {"Message": "Bad.", "ModelState": {"root.pn": ["Required."]}}
    )

    kind = line.deliver(line.lend())

    [buried] = line.queue.buried()
    assert kind is Kind.BURY
    assert buried.answer == "Bad. root.pn: Required."
    assert buried.reason.startswith("rejected (400): Bad.")
    assert line.spool.pending(file_id) == [report_id]
    assert line.state(file_id) is FileState.BURIED
    assert line.story(file_id)[-2:] == ["report_buried", "file_buried"]


def test_one_rejected_report_does_not_hold_up_its_file(line, loopback):
    """The others are delivered; the file waits for a person."""
    file_id, ids = line.put(reports=3)
    answers(loopback, 200, 400, 200)

    kinds = [line.deliver(line.lend()) for _ in ids]

    assert kinds == [Kind.DONE, Kind.BURY, Kind.DONE]
    assert line.state(file_id) is FileState.BURIED
    assert len(line.spool.pending(file_id)) == 1


def test_a_requeued_report_ends_the_matter(line, loopback):
    """A person mended the server and sent it again."""
    file_id, _ = line.put()
    answers(loopback, 400, 200)
    line.deliver(line.lend())
    line.queue.requeue(line.queue.buried())

    line.deliver(line.lend())

    assert line.state(file_id) is FileState.DELIVERED
    assert line.spool.place(file_id) is Place.FINISHED


def test_a_refused_token_pauses_the_lane_with_one_alarm(line, loopback, caplog):
    """However many requests were in flight; no attempt is burned, no report delayed."""
    answers(loopback, 401)
    file_id, ids = line.put(reports=5)
    leases = [line.lend() for _ in ids]

    kinds = [line.deliver(lease) for lease in leases]

    [alarm] = alarms(caplog)
    assert (alarm.message, alarm.reason) == ("lane_paused", line.queue.census().paused)
    assert alarm.reason.startswith("authentication: the server refuses the token")
    assert kinds == [Kind.LATER] * 5
    assert line.queue.lease("p") == Idle("paused", None)
    assert line.queue.census().ready == 5
    assert line.story(file_id).count("lane_paused") == 1
    line.queue.resume()
    assert {line.lend().attempts for _ in ids} == {0}


@pytest.mark.parametrize(("status", "tries"), [(401, 1), (302, 1), (403, 3), (404, 3), (418, 3)])
def test_a_wrong_configuration_pauses_the_lane_before_it_costs_an_attempt(line, loopback, status, tries):
    """At the first answer that leaves no doubt, at the third that might be a fluke or one report's own."""
    answers(loopback, status)
    line.put()

    while not line.queue.census().paused:
        line.deliver(line.lend())
        line.clock.pass_(2)

    assert len(loopback.requests) == tries
    line.queue.resume()
    assert line.lend().attempts == 0


def test_one_odd_answer_does_not_stop_the_factory(line, loopback):
    """A proxy hiccups, and the first answer of the day is empty."""
    line.put()
    loopback.script = lambda number, _: loopback.reply(200) if number == 1 else loopback.stored()

    line.deliver(line.lend())
    line.clock.pass_(2)
    kind = line.deliver(line.lend())

    assert kind is Kind.DONE


def test_one_forbidden_report_among_good_ones_does_not_stop_the_factory(line, loopback):
    """A token for one product group, and a report of another: it is delayed, and the others pass."""
    for n in range(6):
        line.put(f"file{n}")
    answers(loopback, 200, 403, 200, 403, 200, 200)

    kinds = [line.deliver(line.lend()) for _ in range(6)]

    assert kinds == [Kind.DONE, Kind.LATER, Kind.DONE, Kind.LATER, Kind.DONE, Kind.DONE]
    assert line.queue.census().paused is None


def test_a_right_that_was_taken_away_pauses_the_lane_soon(line, loopback):
    """Three in a row are no longer the reports' own fault."""
    for n in range(6):
        line.put(f"file{n}")
    answers(loopback, 200, 403)

    for _ in range(4):
        line.deliver(line.lend())

    assert line.queue.census().paused.startswith("permission: ")
    assert len(loopback.requests) == 4


def test_too_many_requests_stop_everybody_until_the_server_says(line, loopback):
    """Retry-After is kept to the second, and nobody's attempt is counted."""
    line.put("one")
    line.put("two")
    loopback.script = lambda *_: loopback.reply(429, retry_after="17")

    line.deliver(line.lend())
    shut = line.queue.lease("p")
    line.clock.pass_(17.1)
    lease = line.lend()

    assert shut == Idle("gated", 17_000)
    assert lease.attempts == 0


def test_a_server_that_is_away_costs_no_report_its_turn(line, loopback):
    """The lane is shut for a second; then another report goes ahead alone, and the first one follows."""
    _, [first] = line.put("one")
    _, [second] = line.put("two")
    _, [third] = line.put("three")
    line.put("four")
    answers(loopback, 503, 200)
    line.deliver(line.lend())
    shut = line.queue.lease("p")
    line.clock.pass_(1.1)

    probe = line.lend()
    alone = line.queue.lease("p")
    line.deliver(probe)
    line.clock.pass_(1)
    rest = [line.lend() for _ in range(2)]

    assert shut == Idle("gated", 1000)
    assert alone.reason == "width"
    assert [probe.report_id, *(lease.report_id for lease in rest)] == [second, first, third]
    assert {lease.attempts for lease in rest} == {0}
    assert len(line.woken) == 1  # this drain is one of the two that are needed; the other had gone home


def test_the_longer_the_server_is_away_the_less_often_it_is_asked(line, loopback):
    """One report at a time, at most once a minute in the end."""
    line.put()
    answers(loopback, 503)
    waits = []
    for _ in range(40):
        line.deliver(line.lend())
        waits.append(line.queue.census().gated_s)
        line.clock.pass_(waits[-1] + 0.3)

    assert waits[0] == 1
    assert waits == sorted(waits)
    assert waits[-1] == 60


def test_a_report_that_the_server_chokes_on_lets_the_others_pass(line, loopback):
    """Its connection is cut each time. Everybody else is delivered all the same, and soon."""
    _, [poison] = line.put("poison")
    for n in range(5):
        line.put(f"file{n}")

    def choke(_number, request):
        return (lambda _: False) if poison.encode() in request.body else loopback.stored()

    loopback.script = choke
    for _ in range(20):
        lease = line.queue.lease("p")
        if isinstance(lease, Idle):
            line.clock.pass_(0.5)
        else:
            line.deliver(lease)

    assert len(set(posted(loopback))) == 6
    assert line.queue.census().delivered == 5


def test_a_report_that_fails_while_others_pass_waits_ever_longer_and_is_buried(line, loopback):
    """Eight times, by the schedule; then a person has to look at it."""
    file_id, [poison] = line.put("poison")
    line.breaker.passed()
    loopback.script = lambda _n, request: (
        loopback.reply(500, "<html><title>Object reference</title>")
        if poison.encode() in request.body
        else loopback.stored()
    )
    waits = []
    while line.queue.where([poison]) != [ReportState.BURIED]:
        line.deliver(line.lend())
        line.put(f"file{len(waits)}")
        line.deliver(line.lend())
        idle = line.queue.lease("p")
        waits.append(idle.again_ms)
        line.clock.pass_((idle.again_ms or 0) / 1000)

    assert waits == [5_000, 30_000, 120_000, 600_000, 1_800_000, 3_600_000, 3_600_000, None]
    [buried] = line.queue.buried()
    assert buried.reason.startswith("suspect: failed 8 times while other reports passed")
    assert "Object reference" in buried.reason
    assert line.spool.pending(file_id) == [poison]


def test_a_report_whose_connection_is_always_cut_is_tried_for_ever(line, loopback):
    """Be it the report or the line to the server: only an answer can speak against a report."""
    _, [unlucky] = line.put("unlucky")
    line.breaker.passed()

    def cut(_number, request):
        return (lambda _: False) if unlucky.encode() in request.body else loopback.stored()

    loopback.script = cut
    for n in range(12):
        line.deliver(line.lend())
        line.put(f"file{n}")
        line.deliver(line.lend())
        line.clock.pass_(5000)

    assert posted(loopback).count(unlucky) == 12
    assert line.queue.census().buried == 0
    assert line.lend().attempts == 12


def test_an_outage_of_500s_is_not_held_against_the_reports(line, loopback):
    """A server that fails for everybody is the server's fault, however long."""
    line.put(reports=3)
    answers(loopback, 500)
    for _ in range(60):
        lease = line.queue.lease("p")
        if isinstance(lease, Idle):
            line.clock.pass_((lease.again_ms or 0) / 1000 + 0.01)
        else:
            line.deliver(lease)
    answers(loopback, 200)
    line.clock.pass_(100)

    assert line.queue.census().buried == 0
    assert line.lend().attempts == 0


def test_a_report_that_the_disk_does_not_let_us_read_is_tried_later(line):
    """It is the disk's trouble; no attempt is counted, nothing is buried, the drain goes on."""
    file_id, [report_id] = line.put()
    report = line.folder / "spool/files" / file_id / "reports" / f"{report_id}.json"
    report.unlink()
    report.mkdir()

    kind = line.deliver(line.lend())

    assert kind is Kind.LATER
    assert line.queue.lease("p") == Idle("empty", 30_000)


def test_a_receipt_that_the_disk_does_not_take_means_sending_again(line, loopback):
    """The same id a second time is harmless; a report called delivered that nobody can prove is not."""
    file_id, [report_id] = line.put()
    receipts = line.folder / "spool/files" / file_id / "receipts.jsonl"
    receipts.mkdir()
    first = line.deliver(line.lend())
    receipts.rmdir()
    line.clock.pass_(31)

    second = line.deliver(line.lend())

    assert (first, second) == (Kind.LATER, Kind.DONE)
    assert posted(loopback) == [report_id] * 2
    assert line.spool.place(file_id) is Place.FINISHED


def test_nothing_is_sent_while_no_receipt_can_be_written(line, loopback):
    """A full disk: one report goes ahead after a while to see whether it takes something again."""
    line.put(reports=3)

    def full(_step):
        raise OSError(errno.ENOSPC, "No space left on device")

    line.spool._step = full
    line.deliver(line.lend())

    assert line.queue.lease("p") == Idle("gated", 3_000)
    assert "No space left" in line.queue.census().gate_reason


@pytest.mark.parametrize(
    ("changes", "reason"), [({"f_bavail": 0}, "full"), ({"f_flag": os.ST_RDONLY}, "read-only")]
)
def test_a_disk_that_takes_nothing_is_looked_at_and_nothing_sent(
    line, loopback, monkeypatch, changes, reason
):
    """However long it lasts; then work goes on within seconds."""
    line.put()
    disk = os.statvfs(line.folder)
    fields = {name: getattr(disk, name) for name in dir(disk) if name.startswith("f_")}
    monkeypatch.setattr(os, "statvfs", lambda _path: SimpleNamespace(**(fields | changes)))
    for _ in range(5):
        assert line.deliver(line.lend()) is Kind.LATER
        assert reason in line.queue.census().gate_reason
        line.clock.pass_(4)
    assert posted(loopback) == []

    monkeypatch.undo()

    assert line.deliver(line.lend()) is Kind.DONE


def test_an_archive_that_can_not_be_asked_buries_nothing(line, loopback):
    """Whether the report was delivered is not known, so it waits."""
    file_id, [report_id] = line.put()
    line.spool.delivered(file_id, report_id, {})
    line.finish(file_id)
    line.spool.leave(file_id)

    class Away:
        def get(self, *_):
            raise StoreUnusable("the archive", "no route")

    line.archived = Away()
    kind = line.deliver(line.lend())

    assert kind is Kind.LATER
    assert posted(loopback) == []
    assert line.queue.census().buried == 0


def test_a_disk_that_fails_at_the_end_does_not_undo_the_delivery(line, caplog):
    """The file can't be laid aside for the archive; reconciling tries again."""
    file_id, [report_id] = line.put()

    def fail(_file_id):
        raise SpoolUnusable(line.folder, "the disk is full")

    line.finish = fail
    line.begin()

    kind = line.deliver(line.lend())

    assert kind is Kind.DONE
    assert line.queue.where([report_id]) == [ReportState.DELIVERED]
    assert line.state(file_id) is FileState.DELIVERED
    assert "file_not_finished" in caplog.messages


def test_a_file_under_conversion_is_not_finished_under_its_converter(line, caplog):
    """Celery delivered the conversion twice; whoever converts needs the folder."""
    file_id, [report_id] = line.put()
    line.redis.hset(Keys().file(file_id), "state", "converting")

    kind = line.deliver(line.lend())

    assert kind is Kind.DONE
    assert line.queue.where([report_id]) == [ReportState.DELIVERED]
    assert line.spool.place(file_id) is Place.WAITING
    assert "file_not_finished" in caplog.messages


def test_the_lease_is_kept_while_the_server_thinks(tmp_path, loopback, client, line):
    """Four terms long, and nobody else gets the report."""
    line.limits = type(line.limits)(term_s=0.3)
    line.clock = None
    line.start()
    line.put()
    lent = []

    def think(connection):
        for _ in range(24):
            loopback.closing.wait(0.05)
            lent.append(line.queue.lease("other"))
        return loopback.stored()(connection)

    loopback.script = lambda *_: think
    client._http.timeout = 10

    kind = line.deliver(line.lend())

    assert kind is Kind.DONE
    assert len(lent) == 24
    assert {idle.reason for idle in lent} == {"empty"}
