"""What is behind the door: questions about a line, and what a person can do to it."""

import hashlib

import httpx
import pytest
from pydantic import SecretStr
from worker.archives import archive_all
from worker.claimables import claimable

from wats_broker.access import Scope
from wats_broker.fleet import Worker
from wats_broker.messages import Bury, FileSeen, Offer
from wats_broker.queue import Lease
from wats_broker.states import FileState, ReportState
from wats_broker.switches import Kind
from wats_worker.catalogue.errors import CatalogueUnusable
from wats_worker.control import replaying
from wats_worker.control.client import Client, Denied
from wats_worker.spool.made import Making, ReportCard
from wats_worker.spool.model import Place
from wats_worker.spool.post_actions import PostAction

REPORT = "5b1c0f7e-8d0e-4a39-9d1c-0e3f5a3f7a11"
OTHER = "6b1c0f7e-8d0e-4a39-9d1c-0e3f5a3f7a11"
THIRD = "7b1c0f7e-8d0e-4a39-9d1c-0e3f5a3f7a11"


class Floor:
    """Files in a line, at whatever point of their way a test wants them."""

    def __init__(self, desk, folder):
        self.desk, self.folder = desk, folder
        folder.mkdir()

    def seen(self, name="board.csv", content=None, *, source="ict"):
        path = self.folder / name
        path.write_bytes(content or name.encode())
        file = claimable(self.folder, name)
        self.desk.spool.claim([file], keep=False)
        self.desk.journal.seen(FileSeen(file.file_id, source, name, file.size))
        return file.file_id

    def quarantined(self, name="board.csv"):
        file_id = self.seen(name)
        self.desk.journal.take(file_id, worker="w", term_s=15)
        self.desk.spool.quarantine(file_id, {"reason": "no serial number"}, b"Traceback \xff\n")
        self.desk.journal.record(
            file_id, "file_quarantined", state=FileState.QUARANTINED, fields={"reason": "no serial number"}
        )
        return file_id

    def converted(self, *reports, name="board.csv", serials=()):
        file_id = self.seen(name)
        self.desk.journal.take(file_id, worker="w", term_s=15)
        units = [*serials, *[""] * len(reports)]
        with self.desk.spool.draft(file_id) as draft:
            for report, serial in zip(reports, units, strict=False):
                draft.add(ReportCard(report_id=report, serial=serial), b"{}")
            draft.keep(Making(warnings=("odd",)))
        self.desk.journal.record(file_id, "file_converted", state=FileState.CONVERTED)
        self.desk.queue.offer(file_id, [Offer(report) for report in reports])
        return file_id

    def buried(self, *reports):
        file_id = self.converted(*reports)
        for _ in reports:
            lease = self.desk.queue.lease("permit")
            assert isinstance(lease, Lease)
            self.desk.queue.settle(lease, Bury("the server said no", "400: bad part number"))
        self.desk.journal.record(file_id, "file_buried", state=FileState.BURIED)
        return file_id

    def archived(self, name="board.csv", *, report=REPORT, action=PostAction.DELETE):
        file_id = self.converted(report, name=name)
        self.desk.spool.delivered(file_id, report, {"stored_as": "S"})
        lease = self.desk.queue.lease("permit")
        self.desk.queue.settle(lease, _done())
        self.desk.journal.record(file_id, "report_delivered", state=FileState.DELIVERED)
        self.desk.spool.finish(file_id)
        archive_all(
            self.desk.spool,
            self.desk.archive(),
            action=action,
            folder=self.folder,
            enter=self.desk.catalogue().enter,
            now=self.desk.journal.time,
        )
        return file_id


def _done():
    from wats_broker.messages import Done

    return Done()


@pytest.fixture
def floor(desk, tmp_path):
    return Floor(desk, tmp_path / "in")


@pytest.fixture
def operator(client, place):
    """A client with a token that may operate; its name stands wherever it did something."""
    made = client.create_token("hall 3", Scope.OPERATE)
    with Client(place.address, SecretStr(made.text)) as control:
        yield control


def names(page):
    return [file.name for file in page.files]


class TestFiles:
    """Where is my file?"""

    def test_it_is_found_by_whatever_is_known_of_it(self, floor, client):
        """A part of its name, its source, its state."""
        floor.seen("board 4711.csv")
        floor.seen("other.csv", source="fct")
        floor.quarantined("bad.csv")

        assert names(client.files(find="4711")) == ["board 4711.csv"]
        assert names(client.files(name="BOARD")) == ["board 4711.csv"]
        assert names(client.files(source="fct")) == ["other.csv"]
        assert names(client.files(state=FileState.QUARANTINED)) == ["bad.csv"]
        assert len(client.files().files) == 3
        assert names(client.files(find="nothing like it")) == []

    def test_it_is_found_by_the_serial_number_of_its_unit(self, floor, client):
        """Its beginning is enough, in any case of letters."""
        floor.converted(REPORT, THIRD, name="panel.csv", serials=["PCB-0042", "PCB-0043"])
        floor.converted(OTHER, name="else.csv", serials=["XYZ"])

        assert names(client.files(serial="pcb-0042")) == ["panel.csv"]
        assert names(client.files(serial="PCB-")) == ["panel.csv"]
        assert names(client.files(serial="42")) == []

    def test_it_is_found_by_when_it_came(self, floor, client, desk):
        """And not by when something happened to it."""
        floor.seen()
        now = desk.journal.time()

        assert names(client.files(since=now - 60, until=now + 60)) == ["board.csv"]
        assert names(client.files(until=now - 60)) == []
        assert names(client.files(since=now + 60)) == []

    def test_pages_follow_each_other_without_gap_and_without_repetition(self, floor, client):
        """Many files have their last event in the same millisecond."""
        for n in range(7):
            floor.seen(f"{n}.csv")

        found, after = [], ""
        while True:
            page = client.files(count=3, after=after)
            found += names(page)
            after = page.next
            if not after:
                break

        assert sorted(found) == [f"{n}.csv" for n in range(7)]

    def test_a_place_that_no_page_named_is_refused(self, client):
        """And nothing is guessed from it."""
        with pytest.raises(Denied, match="no place in this list"):
            client.files(after="x" * 20)

    def test_it_is_found_when_all_of_it_is_archived(self, floor, client):
        """By any id of a report, by its checksum, by whatever is in one's hand."""
        file_id = floor.archived(action=PostAction.ARCHIVE)
        sha256 = hashlib.sha256(b"board.csv").hexdigest()

        for question in ({"report": REPORT}, {"sha256": sha256}, {"find": REPORT}, {"find": file_id}):
            (found,) = client.files(**question).files
            assert (found.file_id, found.state, found.reports) == (file_id, FileState.DELIVERED, 1)
        assert found.archived_at is not None

    def test_its_whole_history_is_told(self, floor, client):
        """By the journal, on the spool, in the queue."""
        file_id = floor.converted(REPORT)

        told = client.file(file_id[:8])

        assert told.file.file_id == file_id
        assert [event.event for event in told.story] == ["file_seen", "file_taken", "file_converted"]
        assert (told.spool.place, told.spool.has_bytes) == ("files", True)
        assert told.warnings == ["odd"]
        assert [(one.report_id, one.state, one.pending) for one in told.reports] == [
            (REPORT, ReportState.READY, True)
        ]

    def test_a_quarantined_one_says_why_and_what_was_printed(self, floor, client):
        """What no text can hold is escaped."""
        told = client.file(floor.quarantined())

        assert told.reason == {"reason": "no serial number"}
        assert told.stderr == "Traceback \\xff\n"

    def test_one_that_the_journal_forgot_is_told_from_the_archive(self, floor, client, desk):
        """The archive knows longer."""
        file_id = floor.archived(action=PostAction.ARCHIVE)
        desk.redis.delete(desk.keys.file(file_id), desk.keys.story(file_id))

        told = client.file(file_id)

        assert (told.file, told.spool, told.archive.edition) == (None, None, 1)
        assert told.reports[0].receipt["stored_as"] == "S"

    @pytest.mark.parametrize(
        ("beginning", "status"), [("0" * 32, 404), ("00", 404), ("../../etc", 404), ("Ä", 422)]
    )
    def test_what_nobody_knows_is_not_found(self, client, floor, beginning, status):
        """Whatever is asked for."""
        with pytest.raises(Denied) as caught:
            client.file(beginning)

        assert caught.value.status == status

    def test_its_bytes_are_given_piece_by_piece(self, floor, client):
        """As a download, whatever they are."""
        file_id = floor.seen("page.html", b"<script>alert(1)</script>")

        assert client.source(file_id) == b"<script>alert(1)</script>"
        assert client.source(file_id, offset=8, length=5) == b"alert"

    def test_no_browser_takes_them_for_ours(self, floor, place):
        """The headers say what they are not."""
        file_id = floor.seen("page.html", b"<script>")
        with raw(place, place.token_file.read_text().strip()) as visitor:
            response = visitor.get(f"/api/v2/files/{file_id}/source")

        assert response.headers["content-type"] == "application/octet-stream"
        assert response.headers["x-content-type-options"] == "nosniff"
        assert response.headers["content-disposition"].startswith("attachment")


class TestQuarantined:
    """Files that no converter could turn into reports."""

    def test_they_are_listed(self, floor, client):
        """With the reason."""
        floor.quarantined()

        (file,) = client.quarantined().files
        assert file.facts["reason"] == "no serial number"

    def test_one_is_replayed_by_another_converter(self, floor, operator, desk, messages):
        """The file's card says by which; the message carries nothing but the id."""
        file_id = floor.quarantined()

        operator.replay(file_id, converter="better")

        assert desk.spool.place(file_id) is Place.WAITING
        assert desk.spool.meta(file_id).converter == "better"
        assert messages() == [file_id]
        last = desk.journal.file(file_id).story[-1]
        assert (last.event, last.facts["by"].partition(" (")[0]) == ("file_replayed", "hall 3")

    def test_a_converter_that_is_not_there_is_refused_at_once(self, floor, operator, desk):
        """The file stays where it is."""
        file_id = floor.quarantined()

        with pytest.raises(Denied, match="no converter 'none'"):
            operator.replay(file_id, converter="none")

        assert desk.spool.place(file_id) is Place.QUARANTINED

    def test_what_is_not_in_quarantine_can_not_leave_it(self, floor, operator):
        """It is said what it is."""
        with pytest.raises(Denied, match="is not in quarantine"):
            operator.replay(floor.seen())


class TestQueue:
    """Reports on their way, and those that wait for a person."""

    def test_it_is_counted(self, floor, client):
        """Depth included."""
        floor.converted(REPORT)

        census = client.queue()
        assert (census.ready, census.depth, census.paused) == (1, 1, None)

    def test_a_buried_report_is_tried_again(self, floor, operator, desk):
        """By its id, or all of them."""
        file_id = floor.buried(REPORT)
        (buried,) = operator.buried().reports
        assert buried.answer == "400: bad part number"

        done = operator.requeue(report_ids=[REPORT, OTHER])

        assert (done.requeued, done.not_buried) == (1, [OTHER])
        assert desk.queue.where([REPORT]) == [ReportState.READY]
        assert desk.journal.file(file_id).state is FileState.CONVERTED

    def test_a_discarded_report_is_kept_with_who_and_why(self, floor, operator, desk):
        """Nothing is dropped: the bytes stay, and a receipt tells what happened to them."""
        file_id = floor.buried(REPORT)

        operator.discard(REPORT, reason="a test of the tester")

        (receipt,) = desk.spool.receipts(file_id)
        assert (receipt["discarded"], receipt["by"].partition(" (")[0]) == ("a test of the tester", "hall 3")
        assert (desk.spool.source(file_id).parent / "sent" / f"{REPORT}.json").exists()
        assert desk.queue.census().buried == 0
        assert desk.queue.where([REPORT]) == [None]
        record = desk.journal.file(file_id)
        assert record.state is FileState.DELIVERED
        assert "report_discarded" in [event.event for event in record.story]

    def test_a_file_with_another_buried_report_still_waits_for_a_person(self, floor, operator, desk):
        """One decision is one decision."""
        file_id = floor.buried(REPORT, OTHER)

        assert operator.discard(REPORT, reason="twice").pending == 1

        assert desk.journal.file(file_id).state is FileState.BURIED
        assert desk.spool.pending(file_id) == [OTHER]

    def test_what_is_not_buried_can_not_be_discarded(self, floor, operator):
        """A report on its way least of all."""
        floor.converted(REPORT)

        with pytest.raises(Denied, match="is not buried"):
            operator.discard(REPORT, reason="away with it")

    def test_the_lane_is_shut_and_opened(self, operator, client, desk):
        """And who did it stands in the notes."""
        assert operator.pause("the server moves").paused == "the server moves"
        assert operator.pause("again").paused == "the server moves"
        assert operator.resume().paused is None

        noted = [(note.event, note.who.partition(" (")[0]) for note in client.notes().notes]
        assert ("lane_paused", "hall 3") in noted
        assert ("lane_resumed", "hall 3") in noted


class TestArchive:
    """Delivered files, sent once more."""

    @pytest.fixture
    def send(self, desk):
        def send(file_id, **how):
            how = {"converter": "", "options": None, "who": "hall 3", "reason": "a wrong limit"} | how
            return replaying.from_archive(desk, desk.archive().record(file_id), **how)

        return send

    def test_a_file_goes_again_under_the_same_ids(self, floor, send, desk, messages):
        """Behind all that comes in; what the server said before is kept, and counts no more."""
        file_id = floor.archived(action=PostAction.ARCHIVE)

        assert send(file_id, converter="better", options={"sheet": 2}) == ""

        assert messages() == [file_id]
        assert desk.spool.place(file_id) is Place.WAITING
        card = desk.spool.meta(file_id)
        assert (card.priority, card.converter, card.options) == (9, "better", {"sheet": 2})
        assert desk.spool.receipts(file_id) == []
        assert desk.archive().record(file_id).reports[0].stored_as == "S"
        assert desk.queue.where([REPORT]) == [None]
        story = desk.journal.file(file_id)
        assert (story.state, story.story[-1].facts["by"]) == (FileState.SEEN, "hall 3")
        assert "it is on the spool" in send(file_id)

    def test_who_is_quarantined_after_all_is_nobodys_any_more(self, floor, send, desk, operator):
        """Neither the converter nor the options of then count when a person replays it from there."""
        file_id = floor.archived(action=PostAction.ARCHIVE)
        send(file_id, converter="better", options={"sheet": 2})
        desk.spool.quarantine(file_id, {"reason": "no"}, b"")

        operator.replay(file_id)

        card = desk.spool.meta(file_id)
        assert (card.converter, card.options) == ("", None)

    def test_what_is_not_kept_is_said(self, floor, send, messages):
        """A post action took the bytes."""
        assert send(floor.archived(action=PostAction.DELETE)) == "its bytes are not kept"
        assert messages() == []

    def test_a_full_queue_takes_none_of_it(self, floor, send, desk, monkeypatch):
        """What comes in has the room."""
        from dataclasses import replace

        file_id = floor.archived(action=PostAction.ARCHIVE)
        desk.queue.reserve("f" * 32)
        monkeypatch.setattr(desk.queue, "limits", replace(desk.queue.limits, max_size=1))

        with pytest.raises(replaying.Full):
            send(file_id)

        assert desk.spool.place(file_id) is None


class TestKept:
    """What the archive has of a file."""

    def test_everything_that_is_known_of_it_is_told(self, floor, client):
        """Its record, its bytes, its reports."""
        file_id = floor.archived(action=PostAction.ARCHIVE)

        record = client.archived(file_id[:10])

        assert (record.file_id, record.edition, record.post_action) == (file_id, 1, "archive")
        assert client.original(file_id, offset=2, length=3) == b"ard"
        assert [client.archived_report(file_id, one) for one in (REPORT, "S")] == [b"{}"] * 2
        assert client.source(file_id) == b"board.csv"

    @pytest.mark.parametrize(
        "ask",
        [
            lambda client, _: client.archived("0" * 32),
            lambda client, file_id: client.archived(file_id, edition=2),
            lambda client, file_id: client.archived_report(file_id, OTHER),
        ],
    )
    def test_what_it_does_not_have_is_not_found(self, floor, client, ask):
        """Another file, a replay that never was, a report of somebody else."""
        file_id = floor.archived(action=PostAction.ARCHIVE)

        with pytest.raises(Denied) as caught:
            ask(client, file_id)

        assert caught.value.status == 404

    def test_what_is_damaged_is_not_given(self, floor, client, desk):
        """It is said that it is, and what to do."""
        file_id = floor.archived(action=PostAction.ARCHIVE)
        for blob in (desk.settings.archive_folder() / "blobs").rglob("*"):
            if blob.is_file():
                blob.write_bytes(b"rust")

        with pytest.raises(Denied, match="damaged or missing") as caught:
            client.original(file_id)

        assert (caught.value.status, caught.value.code) == (503, "archive_unusable")

    def test_a_catalogue_that_is_away_is_said_to_be(self, client, desk, monkeypatch):
        """And it is no mistake of the server's."""

        def away(**_):
            raise CatalogueUnusable("db", "no route")

        monkeypatch.setattr(desk.feed(), "catch_up", away)

        with pytest.raises(Denied, match="no route") as caught:
            client.files()

        assert (caught.value.status, caught.value.code) == (503, "catalogue_unusable")


class TestSources:
    """Where files come from."""

    @pytest.fixture
    def settings(self, settings, tmp_path):
        from wats_worker.settings import Source

        return settings.model_copy(
            update={"sources": (Source(name="ict", folder=tmp_path / "in"), Source(name="fct", folder="/in"))}
        )

    def test_each_tells_its_last_file(self, floor, client):
        """And for how long there was none."""
        floor.seen("board.csv")

        ict, fct = client.sources().sources

        assert (ict.last_file.name, ict.silence_s < 60) == ("board.csv", True)
        assert (fct.last_file, fct.silence_s) == (None, None)

    def test_one_is_paused_and_everybody_sees_it(self, operator, client, desk):
        """With who and why, until somebody turns it back."""
        operator.pause_source("ict", reason="the tester is being calibrated")

        assert client.sources().sources[0].paused.reason == "the tester is being calibrated"
        assert any("source ict is switched off by hall 3" in told for told in client.status().concerns)
        assert list(desk.switches.off(Kind.SOURCE)) == ["ict"]

        assert operator.resume_source("ict").changed
        assert client.sources().sources[0].paused is None
        assert not operator.resume_source("ict").changed

    def test_one_that_is_not_configured_is_not_found(self, operator):
        """And what there is, is said."""
        with pytest.raises(Denied, match="ict, fct"):
            operator.pause_source("nowhere", reason="x")


class TestConverters:
    """Who turns files into reports."""

    def test_one_is_disabled_while_the_line_runs(self, operator, client, desk):
        """Everybody sees by whom and why."""
        operator.disable_converter("better", reason="it loses the limits")

        (card,) = client.converters().converters
        assert card.state == "disabled"
        assert card.reason.startswith("switched off by hall 3")
        assert any("wats-worker converters enable better" in told for told in client.status().concerns)
        assert list(desk.switches.off(Kind.CONVERTER)) == ["better"]
        assert operator.enable_converter("better").changed
        assert client.converters().converters[0].state == "ready"

    def test_one_that_is_not_there_is_not_found(self, operator):
        """For either."""
        with pytest.raises(Denied, match="no converter 'none'"):
            operator.disable_converter("none", reason="x")
        with pytest.raises(Denied, match="no converter 'none'"):
            operator.enable_converter("none")


def test_processes_are_asked_for_where_somebody_uploads(operator, desk):
    """And else it is said why nobody will ask."""
    with pytest.raises(Denied, match="no upload worker is alive"):
        operator.sync_processes()
    desk.fleet.beat(Worker("u", "upload", "host", 1, "0", "1.0", 1.0))

    operator.sync_processes()

    assert desk.board.look().wanted
    desk.queue.pause("a wrong token")
    with pytest.raises(Denied, match="uploads are paused: a wrong token"):
        operator.sync_processes()


def test_workers_are_listed(client, desk):
    """By stage."""
    desk.fleet.beat(Worker("u", "upload", "host", 1, "0", "1.0", 1.0))

    assert [worker.stage for worker in client.workers().workers] == ["upload"]


def raw(place, token=None, **headers):
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    return httpx.Client(
        transport=httpx.HTTPTransport(uds=str(place.socket)),
        base_url="http://line",
        headers=headers,
        timeout=30,
    )


def routes(visitor):
    for path, methods in visitor.get("/openapi.json").json()["paths"].items():
        for method in methods:
            yield (
                method,
                path.replace("{report_id}", REPORT)
                .replace("{name}", "ict")
                .replace("{token_id}", "0" * 12)
                .replace("{file}", "0" * 32),
            )


def test_no_route_but_hello_opens_without_a_token(place):
    """Whatever is added later."""
    with raw(place) as visitor:
        open_ = {path for method, path in routes(visitor) if visitor.request(method, path).status_code != 401}

    assert {path for path in open_ if path.startswith("/api")} == {"/api/v2/hello"}


def test_whoever_may_only_look_changes_nothing(place, client):
    """Every route that is no question wants more."""
    reader = client.create_token("screen", Scope.READ)
    with raw(place, reader.text) as visitor:
        answers = {
            (method, path): visitor.request(method, path, json={}).status_code
            for method, path in routes(visitor)
            if method != "get"
        }

    assert len(answers) > 10
    assert set(answers.values()) <= {403, 422}
