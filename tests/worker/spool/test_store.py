"""Reports wait on disk until they are confirmed; files move on as a whole."""

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from worker.folders import names_in

from wats_worker.spool.errors import BadId, NotInSpool
from wats_worker.spool.model import Place
from wats_worker.spool.store import DiskSpool


@pytest.fixture
def file_id(take):
    """A claimed file."""
    return take()


def test_reports_are_pending_in_their_order(spool, file_id):
    """The order of the mapping is the order of the positions, whatever the ids sort like."""
    spool.save_reports(file_id, {"zz": b"{1}", "aa": b"{2}"})

    assert spool.pending(file_id) == ["zz", "aa"]
    assert spool.report(file_id, "zz") == b"{1}"


def test_a_later_attempt_replaces_the_reports_of_an_earlier_one(spool, file_id):
    """Nothing of the earlier attempt is left."""
    spool.save_reports(file_id, {"r1": b"old", "r2": b"old"})

    spool.save_reports(file_id, {"r1": b"new"})

    assert spool.pending(file_id) == ["r1"]
    assert spool.report(file_id, "r1") == b"new"
    with pytest.raises(NotInSpool):
        spool.report(file_id, "r2")


def test_a_delivered_report_is_moved_and_counted(spool, file_id):
    """Its receipt tells what the server said."""
    spool.save_reports(file_id, {"r1": b"1", "r2": b"2"})

    left = spool.delivered(file_id, "r1", {"stored_as": "S-1"})

    assert left == 1
    assert spool.pending(file_id) == ["r2"]
    assert spool.receipts(file_id) == [{"report_id": "r1", "stored_as": "S-1"}]
    assert (spool.source(file_id).parent / "sent/r1.json").read_bytes() == b"1"


def test_a_crash_after_the_receipt_leaves_nothing_pending(spool, file_id, tmp_path):
    """The receipt is what counts."""

    def die(step):
        if step == "move-report":
            raise SystemExit

    spool.save_reports(file_id, {"r1": b"1"})
    with pytest.raises(SystemExit):
        DiskSpool(tmp_path / "spool", step=die).delivered(file_id, "r1", {})

    assert spool.pending(file_id) == []
    assert spool.delivered(file_id, "r1", {}) == 0


def test_a_torn_receipt_is_no_receipt(spool, file_id):
    """Half a line says nothing, and the next receipt does not suffer from it."""
    spool.save_reports(file_id, {"r1": b"1", "r2": b"2"})
    receipts = spool.source(file_id).with_name("receipts.jsonl")
    receipts.write_bytes(b'{"report_id": "r1", "stored')

    spool.delivered(file_id, "r2", {})

    assert spool.pending(file_id) == ["r1"]


def test_many_uploaders_confirm_the_reports_of_one_file(spool, file_id):
    """Receipts of several threads never mix."""
    reports = {f"r{number}": b"{}" for number in range(60)}
    spool.save_reports(file_id, reports)

    def upload(part):
        for report_id in part:
            spool.delivered(file_id, report_id, {"stored_as": report_id * 20})

    threads = [threading.Thread(target=upload, args=(list(reports)[start::3] * 2,)) for start in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert spool.pending(file_id) == []
    assert {receipt["report_id"] for receipt in spool.receipts(file_id)} == set(reports)


def test_many_reports_need_few_descriptors(spool, file_id):
    """A log with thousands of reports is saved whatever the limit of open files is."""
    spool.save_reports(file_id, {f"r{number}": b"{}" for number in range(1500)})

    assert len(spool.pending(file_id)) == 1500


SAVE_ON_A_FULL_DISK = """
import resource, sys
from pathlib import Path
from wats_worker.spool.errors import SpoolUnusable
from wats_worker.spool.store import DiskSpool
spool = DiskSpool(Path(sys.argv[1]))
resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
try:
    spool.save_reports(sys.argv[2], {"r1": b"x" * 1000})
except SpoolUnusable:
    print("unusable")
"""


def test_a_full_disk_leaves_the_earlier_reports_alone(spool, file_id, tmp_path):
    """All reports are there or none is."""
    spool.save_reports(file_id, {"r1": b"old"})

    said = subprocess.run(
        [sys.executable, "-c", SAVE_ON_A_FULL_DISK, str(tmp_path / "spool"), file_id],
        check=True,
        capture_output=True,
        text=True,
        cwd=Path.cwd(),
    )

    assert said.stdout == "unusable\n"
    assert spool.report(file_id, "r1") == b"old"


def test_a_quarantined_file_keeps_its_reason_and_can_be_replayed(spool, file_id):
    """Nothing that no converter understood is dropped."""
    spool.quarantine(file_id, {"reason": "no serial number"}, b"Traceback ...")

    assert spool.place(file_id) is Place.QUARANTINED
    assert spool.reason(file_id) == {"reason": "no serial number"}
    assert (spool.source(file_id).parent / "stderr.txt").read_bytes() == b"Traceback ..."

    spool.replay(file_id)

    assert list(spool.waiting()) == [file_id]
    assert names_in(spool.source(file_id).parent) == ["meta.json", "source"]


def test_moves_that_happen_twice_are_boring(spool, file_id):
    """Celery redelivers."""
    spool.quarantine(file_id, {"reason": "first"}, b"")
    spool.quarantine(file_id, {"reason": "second"}, b"")

    assert spool.reason(file_id) == {"reason": "first"}

    spool.replay(file_id)
    spool.replay(file_id)

    assert spool.place(file_id) is Place.WAITING


@pytest.mark.parametrize("trick", ["../../etc", "a" * 31, "A" * 32, "", "f" * 32 + "\n", "/" * 32])
def test_no_path_is_made_of_what_is_no_file_id(spool, trick):
    """Ids come back from Redis and from messages."""
    with pytest.raises(BadId):
        spool.place(trick)
    with pytest.raises(BadId):
        spool.finish(trick)


@pytest.mark.parametrize("trick", ["../meta", "_order", ".hidden", "a/b", "", "x" * 129])
def test_no_path_is_made_of_what_is_no_report_id(spool, file_id, trick):
    """A log may carry any text as its id."""
    with pytest.raises(BadId):
        spool.save_reports(file_id, {trick: b"{}"})
    with pytest.raises(BadId):
        spool.report(file_id, trick)

    assert not spool.converted(file_id)


def test_reports_of_a_file_that_is_not_here_are_refused(spool):
    """They would be found by nobody."""
    with pytest.raises(NotInSpool):
        spool.save_reports("0" * 32, {"r1": b"{}"})


def test_a_file_written_to_after_its_claim_gets_its_own_identity(spool, file_id):
    """Reports of half a file are dropped; the whole file goes on under the id of its content."""
    spool.save_reports(file_id, {"r1": b"half"})
    with spool.source(file_id).open("ab") as writer:
        writer.write(b" and the rest")
        writer.flush()

        assert spool.changed(file_id)
        assert spool.reidentify(file_id) is None

    new_id = spool.reidentify(file_id)

    assert list(spool.waiting()) == [new_id]
    assert not spool.changed(new_id)
    assert not spool.converted(new_id)
    assert spool.meta(new_id).size == len(b"PASS and the rest")


def test_room_tells_when_to_stop(tmp_path):
    """Below the floor no more should be claimed."""
    assert DiskSpool(tmp_path / "wide", floor_bytes=1, floor_files=1).room().enough
    tight = DiskSpool(tmp_path / "tight", floor_bytes=2**60).room()

    assert not tight.enough
    assert "MiB" in tight.problem


def test_room_tells_when_to_slow_down(tmp_path):
    """Between the soft mark and the floor, the less room the slower; and a person is told before it is full."""
    free = DiskSpool(tmp_path / "spool").room().free_bytes
    near, far = (
        DiskSpool(tmp_path / "spool", slow_bytes=mark).room() for mark in (int(free * 1.5), free // 2)
    )

    assert 0.4 < near.pace < 0.9
    assert "more slowly" in near.concern
    assert not near.problem
    assert (far.pace, far.concern) == (1.0, "")


def test_strange_things_in_the_trees_are_no_files(spool, file_id):
    """``lost+found``, editors' droppings."""
    (spool.root / "files/lost+found").mkdir()

    assert list(spool.waiting()) == [file_id]


def test_a_forked_child_works_in_its_own_lane(spool, file_id):
    """Celery forks; the child's half-made folders must not hide behind the parent's lock."""
    spool.save_reports(file_id, {"r1": b"1"})
    child = os.fork()
    if child == 0:
        try:
            spool.save_reports(file_id, {"r1": b"2"})
        finally:
            os._exit(0)
    os.waitpid(child, 0)

    assert spool.report(file_id, "r1") == b"2"
    assert spool.recover() == []
    assert len(list((spool.root / "incoming").glob("*.lock"))) == 1


def test_cards_can_be_read_by_a_person(spool, file_id):
    """Plain JSON, with the place the file came from."""
    card = json.loads((spool.source(file_id).parent / "meta.json").read_bytes())

    assert card["name"] == "board.csv"
    assert card["claimed_at"].endswith("+00:00")


def test_the_same_reports_again_leave_everything_as_it_is(spool, file_id):
    """A file converted twice must not take its reports from under an uploader's feet."""
    made = {"r1": b"1", "r2": b"2"}
    spool.save_reports(file_id, made)
    spool.delivered(file_id, "r1", {})
    before = (spool.source(file_id).parent / "reports").stat().st_ino

    spool.save_reports(file_id, made)

    assert (spool.source(file_id).parent / "reports").stat().st_ino == before
    assert spool.pending(file_id) == ["r2"]


def test_a_file_is_finished_with_every_report_it_sent(tmp_path, take, spool, file_id):
    """The slower of two uploaders noted its receipt and did not come to move its report: it is kept all the same."""
    spool.save_reports(file_id, {"r1": b"one", "r2": b"two"})
    noted = DiskSpool(spool.root, step=_raise_at("move-report"))
    with pytest.raises(_Killed):
        noted.delivered(file_id, "r1", {})
    spool.delivered(file_id, "r2", {})

    assert spool.finish(file_id)
    assert [spool.body(file_id, report_id) for report_id in ("r1", "r2")] == [b"one", b"two"]


def test_a_finished_file_leaves_nothing_behind(spool, file_id):
    """Whoever has all of it says so."""
    spool.save_reports(file_id, {"r1": b"one"})
    spool.delivered(file_id, "r1", {})
    spool.finish(file_id)

    spool.leave(file_id)
    spool.leave(file_id)

    assert spool.place(file_id) is None
    assert [path for path in spool.root.rglob("*") if path.is_file() and file_id in str(path)] == []


def test_a_file_that_was_leaving_is_not_taken_for_a_claim(spool, file_id):
    """Killed half-way, what is left of it is no file on its way in."""
    spool.save_reports(file_id, {})
    spool.finish(file_id)
    with pytest.raises(_Killed):
        DiskSpool(spool.root, step=_raise_at("leave")).leave(file_id)

    assert spool.recover() == []
    assert (spool.place(file_id), list(spool.waiting())) == (Place.FINISHED, [])


class TestRestored:
    """Files that come back out of the archive."""

    @pytest.fixture
    def card(self, spool, file_id):
        """The card of a file that has left."""
        card = spool.meta(file_id)
        spool.save_reports(file_id, {})
        spool.finish(file_id)
        spool.leave(file_id)
        return card

    def test_it_waits_to_be_converted_as_if_nothing_was_sent(self, spool, card):
        """Under its old id, with what its new card says."""
        again = card.model_copy(update={"converter": "better", "priority": 9, "replayed_at": "now"})

        assert spool.restore(again, [b"PA", b"SS"])

        assert spool.meta(card.file_id) == again
        assert spool.source(card.file_id).read_bytes() == b"PASS"
        assert not spool.converted(card.file_id)
        assert not spool.changed(card.file_id)

    def test_other_bytes_are_not_taken_for_it(self, spool, card):
        """Whatever its card says."""
        assert not spool.restore(card, [b"FAIL"])
        assert spool.place(card.file_id) is None

    def test_what_is_here_already_stays_as_it_is(self, spool, card):
        """Two people had the same idea."""
        spool.restore(card, [b"PASS"])

        assert not spool.restore(card.model_copy(update={"priority": 9}), [b"PASS"])
        assert spool.meta(card.file_id).priority == card.priority

    def test_killed_on_the_way_it_is_in_the_archive_yet(self, spool, card):
        """And nothing of it is on the spool; asking again goes on."""
        with pytest.raises(_Killed):
            DiskSpool(spool.root, step=_raise_at("restore")).restore(card, [b"PASS"])
        back = DiskSpool(spool.root, remembered={card.file_id}.__contains__)

        assert back.recover() == []
        assert back.restore(card, [b"PASS"])


class _Killed(Exception):
    """The process dies here."""


def _raise_at(step):
    def die(name):
        if name == step:
            raise _Killed

    return die
