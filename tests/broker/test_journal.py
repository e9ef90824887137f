"""The journal's promises, on fakeredis and on a real server alike."""

import pytest
from support import Clock

import wats_broker.journal as journal_module
from wats_broker.errors import IllegalMove
from wats_broker.journal import Earlier, Journal, Run, Seen
from wats_broker.messages import FileSeen
from wats_broker.names import Keys
from wats_broker.states import FileState

FILE = "a" * 32


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def journal(redis, clock):
    return Journal(redis, Keys(), retention_s=1000, clock=clock)


def file_seen(file_id=FILE, name="unit.log", source="ict"):
    return FileSeen(file_id, source, name, 1234)


def walk(journal, *states, file_id=FILE):
    for state in states:
        journal.record(file_id, f"became_{state}", state=state)


def test_a_file_is_new_once(journal):
    """The same bytes again are recognised, and counted."""
    assert journal.seen(file_seen()) is Seen.NEW
    assert journal.seen(file_seen()) is Seen.AGAIN

    assert journal.counters()["event:file_seen_again"] == 1
    assert journal.states()[FileState.SEEN] == 1


def test_a_quarantined_file_dropped_again_gets_another_chance(journal):
    """Somebody mended something and tries again; that is no duplicate."""
    journal.seen(file_seen())
    walk(journal, FileState.QUARANTINED)

    assert journal.seen(file_seen()) is Seen.REVIVED

    assert journal.file(FILE).state is FileState.SEEN
    assert journal.file(FILE).attempts == 0


def test_what_is_told_late_does_not_keep_a_finished_file_for_ever(journal, redis):
    """Two reports of one file are confirmed at the same moment, and the one that was not the last speaks last."""
    journal.seen(file_seen())
    walk(journal, FileState.CONVERTING, FileState.CONVERTED, FileState.DELIVERED)

    journal.record(FILE, "report_delivered", report="r1")

    assert 0 < redis.ttl(Keys().file(FILE)) <= 1000
    assert 0 < redis.ttl(Keys().story(FILE)) <= 1000


def test_a_forgotten_file_gets_no_record_without_a_name(journal, redis):
    """The broker lost its memory while the file was under way: reconciling enters it anew, name and all."""
    with pytest.raises(IllegalMove):
        journal.record(FILE, "file_converted", state=FileState.CONVERTED)
    journal.record(FILE, "report_delivered", report="r1")

    assert journal.file(FILE) is None
    assert not redis.exists(Keys().file(FILE))
    assert redis.ttl(Keys().story(FILE)) > 0


def test_a_file_that_was_given_back_was_not_tried(journal):
    """Its worker had to go home, or the disk was full: that says nothing about the file."""
    journal.seen(file_seen())
    journal.take(FILE, worker="w1", term_s=15)

    assert journal.give_back(FILE, worker="w1", reason="going home")

    assert journal.file(FILE).state is FileState.SEEN
    assert journal.take(FILE, worker="w2", term_s=15).attempt == 1
    assert not journal.give_back(FILE, worker="w1", reason="late")


def test_a_hold_does_not_outlast_a_clock_that_was_set_back(journal, clock):
    """Its holder died; without this the file would wait for as long as the clock was set back."""
    journal.seen(file_seen())
    journal.take(FILE, worker="w1", term_s=15)

    clock.pass_(-3600)

    assert journal.take(FILE, worker="w2", term_s=15).kind == "taken"


def test_one_worker_at_a_time(journal, clock):
    """Celery may deliver the message twice; the second finds it taken, or finished."""
    journal.seen(file_seen())
    assert journal.take(FILE, worker="w1", term_s=15).kind == "taken"
    assert journal.take(FILE, worker="w2", term_s=15).kind == "busy"

    walk(journal, FileState.CONVERTED)

    assert journal.take(FILE, worker="w2", term_s=15).kind == "finished"


def test_a_silent_worker_loses_its_file(journal, clock):
    """After the term somebody else may try; attempts are counted."""
    journal.seen(file_seen())
    journal.take(FILE, worker="w1", term_s=15)
    clock.pass_(10)
    assert journal.renew(FILE, worker="w1", term_s=15)
    clock.pass_(10)
    assert journal.take(FILE, worker="w2", term_s=15).kind == "busy"

    clock.pass_(6)
    taken = journal.take(FILE, worker="w2", term_s=15)

    assert (taken.kind, taken.attempt) == ("taken", 2)
    assert not journal.renew(FILE, worker="w1", term_s=15)


def test_an_unknown_file_is_nobodys(journal):
    """Redis came back empty: the message outlived the record."""
    assert journal.take(FILE, worker="w", term_s=15).kind == "unknown"


def test_moves_that_the_picture_does_not_have_are_refused(journal):
    """A delivered file can't be converting."""
    journal.seen(file_seen())
    walk(journal, FileState.CONVERTING, FileState.CONVERTED, FileState.DELIVERED)

    with pytest.raises(IllegalMove, match="can't become converting"):
        journal.record(FILE, "file_taken", state=FileState.CONVERTING)


def test_what_happened_already_happens_without_effect(journal):
    """The second time is boring."""
    journal.seen(file_seen())
    walk(journal, FileState.QUARANTINED)

    assert journal.record(FILE, "file_quarantined", state=FileState.QUARANTINED) is False

    assert journal.states()[FileState.QUARANTINED] == 1


def test_the_counters_follow_every_move(journal):
    """At any moment the counts of the states add up to the files."""
    for n in range(5):
        journal.seen(file_seen(file_id=f"{n:032}"))
    walk(journal, FileState.CONVERTING, file_id=f"{0:032}")
    walk(journal, FileState.CONVERTING, FileState.CONVERTED, FileState.DELIVERED, file_id=f"{1:032}")

    states = journal.states()

    assert (states[FileState.SEEN], states[FileState.CONVERTING], states[FileState.DELIVERED]) == (3, 1, 1)
    assert sum(states.values()) == 5


def test_a_files_story_is_told_in_order(journal, clock):
    """What, when, and the facts."""
    journal.seen(file_seen())
    clock.pass_(2)
    journal.record(
        FILE, "file_quarantined", state=FileState.QUARANTINED, fields={"reason": "no serial"}, line=7
    )

    record = journal.file(FILE)

    assert [event.event for event in record.story] == ["file_seen", "file_quarantined"]
    assert record.story[1].facts == {"line": 7}
    assert record.story[1].at - record.story[0].at == 2
    assert record.facts["reason"] == "no serial"
    assert (record.name, record.source, record.size) == ("unit.log", "ict", 1234)


def test_listings_are_newest_first_and_can_be_narrowed(journal, clock):
    """By state and by a part of the name."""
    for n, name in enumerate(["one.log", "two.log", "three.txt"]):
        journal.seen(file_seen(file_id=f"{n:032}", name=name))
        clock.pass_(1)
    walk(journal, FileState.QUARANTINED, file_id=f"{0:032}")

    assert [record.name for record in journal.recent()] == ["one.log", "three.txt", "two.log"]
    assert [record.name for record in journal.recent(state=FileState.QUARANTINED)] == ["one.log"]


def test_a_delivered_file_is_forgotten_in_time_an_undelivered_one_never(journal, redis):
    """Only what rests expires."""
    journal.seen(file_seen())
    assert redis.ttl(Keys().file(FILE)) == -1

    walk(journal, FileState.CONVERTING, FileState.CONVERTED, FileState.DELIVERED)

    assert 0 < redis.ttl(Keys().file(FILE)) <= 1000
    assert 0 < redis.ttl(Keys().story(FILE)) <= 1000


def test_a_story_is_bounded(journal):
    """A file that is tried for weeks does not fill the memory."""
    journal.seen(file_seen())
    for n in range(300):
        journal.record(FILE, "report_later", n=n)

    story = journal.file(FILE).story

    assert len(story) == 100
    assert story[-1].facts == {"n": 299}


def test_trouble_is_news_once(journal):
    """A symlink in the folder is told when it appears, not at every look."""
    assert journal.trouble("ict", "link", "a symbolic link is never followed")
    assert not journal.trouble("ict", "link", "a symbolic link is never followed")
    assert journal.troubles("ict")[0].reason == "a symbolic link is never followed"

    assert journal.trouble_over("ict", "link")
    assert not journal.trouble_over("ict", "link")
    assert journal.troubles("ict") == []


class TestRuns:
    def run(self, start="s1", sn="SN-1", report="r1"):
        return Run(f"{sn}@{start}", sn, report)

    def test_another_report_of_the_same_run_is_known(self, journal):
        """The server would overwrite the first one without a word."""
        assert journal.runs([self.run()]) == [Earlier(None, 0)]

        assert journal.runs([self.run(report="r2")]) == [Earlier("r1", 1)]

    def test_the_same_report_once_more_is_none(self, journal):
        """A conversion was redelivered; nothing is counted twice."""
        journal.runs([self.run(), self.run("s2", report="r2")])

        assert journal.runs([self.run("s2", report="r2")]) == [Earlier(None, 1)]

    def test_the_runs_of_a_unit_are_counted(self, journal):
        """Each with as many before it as there were."""
        told = [self.run(f"s{n}", report=f"r{n}") for n in range(1200)]

        assert [one.runs for one in journal.runs(told)] == list(range(1200))
        assert journal.runs([self.run("s0", sn="SN-2", report="other")]) == [Earlier(None, 0)]

    def test_what_is_remembered_is_bounded(self, journal, redis, monkeypatch):
        """The oldest runs go first, and the units with the fewest."""
        monkeypatch.setattr(journal_module, "_RUNS", 10)
        for n in range(30):
            journal.runs(
                [self.run(sn="BUSY", start=f"s{n}", report=f"b{n}"), self.run(sn=f"SN-{n}", report=f"r{n}")]
            )

        assert journal.runs([self.run(sn="SN-0", report="new")]) == [Earlier(None, 0)]
        assert journal.runs([self.run(sn="BUSY", start="s99", report="new")])[0].runs == 30
        keys = Keys()
        assert redis.hlen(keys.journal("runs")) == redis.llen(keys.journal("runs_order")) == 10
        assert redis.zcard(keys.journal("runs_of_unit")) == 10

    def test_no_runs_are_no_question(self, journal):
        """A file of repairs has none."""
        assert journal.runs([]) == []
