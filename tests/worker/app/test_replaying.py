"""Replay jobs: file after file, below live traffic, and on after a kill."""

import hashlib
import json

import pytest
from plugins import write_plugin
from support import Clock
from worker.keeping import kept

from wats_broker.messages import FileSeen
from wats_broker.names import Stage
from wats_worker.app.comparing import Comparer
from wats_worker.app.door import make_desk
from wats_worker.app.line import Line
from wats_worker.app.replaying import Replayer
from wats_worker.catalogue.errors import CatalogueUnusable
from wats_worker.catalogue.finding import Wanted
from wats_worker.control.models.jobs import FileChange, JobState, JobWanted, Verdict
from wats_worker.convert.accept import report_id
from wats_worker.convert.rules import Rule
from wats_worker.sandbox.errors import JailUnavailable
from wats_worker.settings import load
from wats_worker.spool.made import Making


@pytest.fixture
def line(tmp_path, broker, real_redis):
    plugins = tmp_path / "plugins"
    plugins.mkdir()
    (tmp_path / "in").mkdir()
    config = tmp_path / "wats.toml"
    config.write_text(
        f'[broker]\nurl = "{broker.url}"\n[spool]\nfolder = "{tmp_path}/spool"\n'
        f'[convert]\nplugins = "{plugins}"\n'
        f'[[sources]]\nname = "ict"\nfolder = "{tmp_path}/in"\nconverter = "hostile"\n'
    )
    line = Line(load(config), Stage.CONTROL)
    yield line
    line.close()


@pytest.fixture
def desk(line):
    return make_desk(line, None)


class Told:
    """A comparer that says what a test wants, and remembers whom it was asked about."""

    def __init__(self, verdict=Verdict.SAME, *, rule=None):
        self.verdict = verdict
        self.asked = []
        self._rule = rule or Rule("hostile")

    def rule(self, record, wanted):
        return self._rule

    def compare(self, record, wanted):
        self.asked.append(record.file_id)
        return FileChange(file_id=record.file_id, name=record.card.name, verdict=self.verdict)

    def close(self):
        pass


class Jailless(Told):
    """After one file there is no jail any more."""

    def compare(self, record, wanted):
        if self.asked:
            raise JailUnavailable("no jail")
        return super().compare(record, wanted)


def away(*_args, **_words):
    raise CatalogueUnusable("the catalogue", "no route")


def in_order(line):
    return [entry.file_id for entry in line.catalogue.find(Wanted(archived=True)).entries]


def about(name):
    """What reports of a file tell."""
    return {"about": {"serial": f"SN-{name}", "part": f"PN {name}", "station": f"ICT {name}"}}


def wanted(**how):
    return JobWanted(**{"source": "ict", "reason": "a test", "per_minute": 6000} | how)


def always():
    return True


class TestJobs:
    """What a job does, whoever compares."""

    def test_every_file_is_done_once(self, line, desk):
        """As the catalogue tells them; then it is over."""
        ids = {kept(line, f"SN{n}", b"{}") for n in range(3)}
        job, comparer = desk.jobs.create(wanted(), "hall 3"), Told()

        Replayer(line, desk, comparer).work(always)

        done = desk.jobs.find(job.id)
        assert comparer.asked == in_order(line)
        assert set(comparer.asked) == ids
        assert (done.state, done.total, done.done, done.counts) == (JobState.DONE, 3, 3, {Verdict.SAME: 3})
        assert done.progress == 1

    def test_whoever_comes_next_goes_on(self, line, desk):
        """Killed after the first file: the others follow, and none is done twice."""
        for n in range(3):
            kept(line, f"SN{n}", b"{}")
        ids = in_order(line)
        job, first, second = desk.jobs.create(wanted(), "hall 3"), Told(), Told()

        Replayer(line, desk, first).work(lambda: not first.asked)
        half = desk.jobs.find(job.id)
        kept(line, "SN-LATE", b"{}")
        Replayer(line, desk, second).work(always)

        assert (half.state, half.total, half.done) == (JobState.RUNNING, 3, 1)
        assert round(half.progress, 2) == 0.33
        assert [first.asked, second.asked] == [ids[:1], ids[1:]]
        assert desk.jobs.find(job.id).done == 3

    def test_whoever_is_stopped_while_he_looks_for_the_files_has_begun_nothing(self, line, desk):
        """The next one looks for all of them."""
        kept(line, "SN", b"{}")
        job, comparer = desk.jobs.create(wanted(), "hall 3"), Told()

        Replayer(line, desk, comparer).work(lambda: False)
        before = desk.jobs.find(job.id)
        Replayer(line, desk, comparer).work(always)

        assert (before.state, before.total) == (JobState.WAITING, 0)
        assert desk.jobs.find(job.id).done == 1

    def test_what_is_away_is_told_and_forgets_nothing(self, line, desk):
        """A jail that can't be had after the first file: the first one is done, and stays so."""
        for n in range(2):
            kept(line, f"SN{n}", b"{}")
        job = desk.jobs.create(wanted(), "hall 3")

        Replayer(line, desk, Jailless()).work(always)
        waits = desk.jobs.find(job.id)
        Replayer(line, desk, Told()).work(always)

        assert (waits.done, "no jail" in waits.waits_for) == (1, True)
        assert (desk.jobs.find(job.id).counts, desk.jobs.find(job.id).waits_for) == ({Verdict.SAME: 2}, "")

    def test_a_catalogue_that_is_away_is_waited_for(self, line, desk, monkeypatch):
        """Nobody knows yet which files are meant."""
        kept(line, "SN", b"{}")
        job = desk.jobs.create(wanted(), "hall 3")

        with monkeypatch.context() as patch:
            patch.setattr(line.catalogue, "find", away)
            Replayer(line, desk, Told()).work(always)
        waits = desk.jobs.find(job.id)
        Replayer(line, desk, Told()).work(always)

        assert (waits.state, "can't be used" in waits.waits_for) == (JobState.WAITING, True)
        assert desk.jobs.find(job.id).done == 1

    def test_it_takes_no_more_than_it_may(self, line, desk):
        """Sixty files a minute are one each second, and five at once after a pause."""
        for n in range(8):
            kept(line, f"SN{n}", b"{}")
        desk.jobs.create(wanted(per_minute=60), "hall 3")
        clock, comparer = Clock(), Told()
        replayer = Replayer(line, desk, comparer, clock=clock)

        replayer.work(always)
        at_once = len(comparer.asked)
        clock.pass_(1)
        replayer.work(always)

        assert (at_once, len(comparer.asked)) == (6, 7)

    def test_what_comes_in_goes_first(self, line, desk):
        """The job says what it waits for, and goes on when there is time."""
        kept(line, "SN", b"{}")
        job = desk.jobs.create(wanted(), "hall 3")
        for n in range(30):
            line.journal.seen(FileSeen(f"{n:032x}", "ict", f"{n}.log", 1))
        comparer = Told()

        Replayer(line, desk, comparer).work(always)

        assert comparer.asked == []
        assert "files wait for their conversion" in desk.jobs.find(job.id).waits_for

    def test_a_cancelled_one_stops(self, line, desk):
        """At the next file."""
        kept(line, "SN", b"{}")
        job, comparer = desk.jobs.create(wanted(), "hall 3"), Told()
        desk.jobs.cancel(job.id)

        Replayer(line, desk, comparer).work(always)

        assert comparer.asked == []
        assert desk.jobs.find(job.id).state is JobState.CANCELLED

    @pytest.mark.parametrize(
        ("words", "found"),
        [
            ({"source": "ict"}, {"one", "other"}),
            ({"source": "fct"}, set()),
            ({"since": 1e10}, set()),
            ({"since": 1.0, "until": 1e10}, {"one", "other"}),
            ({"name": "one"}, {"one"}),
            ({"name": "ne.log"}, set()),
            ({"find": "ne.log"}, {"one"}),
            ({"find": "  "}, {"one", "other"}),
            ({"find": "pn other"}, {"other"}),
            ({"serial": "sn-"}, {"one", "other"}),
            ({"serial": "SN-one", "source": "ict"}, {"one"}),
            ({"part": "PN one"}, {"one"}),
            ({"station": "ICT other"}, {"other"}),
            ({"report": "theirs-one"}, {"one"}),
            ({"sha256": hashlib.sha256(b"other").hexdigest()}, {"other"}),
            ({"state": "seen"}, {"one", "other"}),
            ({"state": "quarantined"}, set()),
            ({"file_ids": ["other"]}, {"other"}),
            ({"file_ids": ["other", "other", "one"]}, {"other", "one"}),
        ],
    )
    def test_only_what_is_wanted(self, line, desk, words, found):
        """By the words that find files, or by their ids; each once."""
        ids = {name: kept(line, name, b"{}", **about(name)) for name in ("one", "other")}
        line.journal.seen(FileSeen("f" * 32, "ict", "one.log", 1))
        line.feed.catch_up()
        named = [ids[name] for name in words.get("file_ids", [])]
        comparer = Told()

        desk.jobs.create(JobWanted.model_validate({"reason": "a test", **words, "file_ids": named}), "hall 3")
        Replayer(line, desk, comparer).work(always)

        assert sorted(comparer.asked) == sorted(ids[name] for name in found)

    def test_what_is_different_is_sent_if_that_is_wanted(self, line, desk):
        """Out of the archive, under the ids it had; what is the same stays where it is."""
        file_id = kept(line, "SN", b"{}")
        job = desk.jobs.create(wanted(mode="compare-and-send"), "hall 3")

        Replayer(line, desk, Told(Verdict.DIFFERENT)).work(always)

        (change,) = desk.jobs.changes(job.id, after=0, count=10).files
        assert change.verdict is Verdict.SENT
        assert line.spool.place(file_id).value == "files"
        assert (line.spool.meta(file_id).converter, line.spool.meta(file_id).options) == ("", None)
        assert line.journal.file(file_id).story[-1].facts["by"] == "hall 3"

    @pytest.mark.parametrize("mode", ["send", "compare-and-send"])
    def test_killed_after_it_was_sent_it_counts_as_sent(self, line, desk, mode):
        """And goes once."""
        file_id = kept(line, "SN", b"{}")
        job = desk.jobs.create(wanted(mode=mode), "hall 3")
        Replayer(line, desk, Told(Verdict.DIFFERENT)).work(always)
        story = line.journal.file(file_id).story
        desk.jobs.save(job.model_copy(update={"state": JobState.RUNNING, "total": 1}))

        Replayer(line, desk, Told(Verdict.DIFFERENT)).work(always)

        assert desk.jobs.find(job.id).counts == {Verdict.SENT: 1}
        assert line.journal.file(file_id).story == story

    def test_all_are_sent_without_comparing_if_that_is_wanted(self, line, desk):
        """Who knows that they are different need not ask."""
        file_id = kept(line, "SN", b"{}")
        job, comparer = desk.jobs.create(wanted(mode="send", converter="better"), "hall 3"), Told()

        Replayer(line, desk, comparer).work(always)

        assert (comparer.asked, desk.jobs.find(job.id).counts) == ([], {Verdict.SENT: 1})
        assert (line.spool.meta(file_id).converter, line.spool.meta(file_id).options) == ("better", None)

    def test_by_the_version_of_then_the_options_of_then_count(self, line, desk):
        """Whatever the source says today."""
        file_id = kept(line, "SN", b"{}")
        desk.jobs.create(wanted(mode="send", version="recorded"), "hall 3")

        Replayer(line, desk, Told(rule=Rule("hostile", {"sheet": 2}))).work(always)

        card = line.spool.meta(file_id)
        assert (card.converter, card.options) == ("hostile", {"sheet": 2})

    def test_what_nobody_can_convert_is_not_sent(self, line, desk):
        """The version of then is gone, and the file stays where it is."""
        file_id = kept(line, "SN", b"{}")
        job = desk.jobs.create(wanted(mode="send", version="recorded"), "hall 3")

        Replayer(line, desk, Told(rule="version 2 is installed")).work(always)

        (change,) = desk.jobs.changes(job.id, after=0, count=10).files
        assert (change.verdict, change.why) == (Verdict.SKIPPED, "not sent: version 2 is installed")
        assert line.spool.place(file_id) is None

    def test_a_full_queue_is_waited_for(self, line, desk, monkeypatch):
        """What comes in has the room; the file is done when there is some."""
        kept(line, "SN", b"{}")
        job = desk.jobs.create(wanted(mode="send"), "hall 3")

        with monkeypatch.context() as patch:
            patch.setattr(line.queue, "reserve", lambda _: False)
            Replayer(line, desk, Told()).work(always)
        waits = desk.jobs.find(job.id)
        Replayer(line, desk, Told()).work(always)

        assert (waits.done, waits.waits_for) == (0, "the upload queue is full")
        assert desk.jobs.find(job.id).counts == {Verdict.SENT: 1}

    def test_what_is_the_same_is_not_sent(self, line, desk):
        """There is nothing that the server would not have."""
        file_id = kept(line, "SN", b"{}")
        desk.jobs.create(wanted(mode="compare-and-send"), "hall 3")

        Replayer(line, desk, Told()).work(always)

        assert line.spool.place(file_id) is None

    def test_a_file_that_the_archive_does_not_have_is_told(self, line, desk):
        """And holds up nothing."""
        job = desk.jobs.create(wanted(source=None, file_ids=["0" * 32]), "hall 3")

        Replayer(line, desk, Told()).work(always)

        (change,) = desk.jobs.changes(job.id, after=0, count=10).files
        assert change.verdict is Verdict.SKIPPED
        assert desk.jobs.find(job.id).state is JobState.DONE


class TestComparing:
    """What a file would give now, and what it gave."""

    @pytest.fixture
    def comparer(self, line):
        comparer = Comparer(line)
        yield comparer
        comparer.close()

    @pytest.fixture
    def compare(self, line, comparer):
        def compare(file_id, **how):
            return comparer.compare(line.archive.record(file_id), wanted(**how))

        return compare

    def test_field_by_field(self, line, compare):
        """With the report's own id, and who would make it now."""
        write_plugin(line.settings.convert.plugins, "hostile", 'yield report(sn=source.text(), rev="B")')
        file_id = kept(line, "SN-1", json.dumps({"sn": "SN-1", "rev": "A"}).encode())

        change = compare(file_id)

        assert (change.verdict, change.converter) == (Verdict.DIFFERENT, "hostile 1")
        assert change.reports[0].report_id == report_id(file_id, 0)
        assert 'rev: "A" → "B"' in change.reports[0].fields
        assert not [field for field in change.reports[0].fields if field.startswith("sn:")]

    def test_reports_that_are_new_or_gone(self, line, compare):
        """What is gone stays on the server: it is for a person to see."""
        write_plugin(line.settings.convert.plugins, "hostile", "yield report(sn='1')\nyield report(sn='2')")
        fewer, more = kept(line, "SN-1", b"{}"), kept(line, "SN-2", b"{}", b"{}", b"{}")

        assert [one.change for one in compare(fewer).reports] == ["changed", "new"]
        assert [one.change for one in compare(more).reports] == ["changed", "changed", "gone"]

    def test_a_converter_that_fails_now(self, line, compare):
        """Why is told; nothing is quarantined by it."""
        write_plugin(line.settings.convert.plugins, "hostile", 'raise Refused("no such format")\nyield')

        change = compare(kept(line, "SN-1", b"{}"))

        assert (change.verdict, change.why) == (Verdict.FAILED, "no such format")

    def test_a_version_that_is_not_installed_is_refused_by_name(self, line, compare):
        """There is only one version of a converter at a time."""
        write_plugin(line.settings.convert.plugins, "hostile", "yield report()")
        old = kept(line, "SN-1", b"{}", how=Making(converter="hostile", version="0.9"))
        gone = kept(line, "SN-2", b"{}", how=Making(converter="acme", version="3"))

        told = [compare(one, version="recorded").why for one in (old, gone)]

        assert told == [
            "hostile 0.9 made its reports, and version 1 is installed: put 0.9 in its place, or replay by "
            "today's version",
            "acme 3 made its reports, and no version is installed: put 3 in its place, or replay by "
            "today's version",
        ]

    def test_a_plugin_that_is_exchanged_meanwhile_is_another_version(self, line, compare):
        """Nobody takes the new one for the old one, in the middle of a job least of all."""
        plugin = line.settings.convert.plugins / "hostile.py"
        write_plugin(plugin.parent, "hostile", 'yield report(sn="1")')
        ids = [kept(line, f"SN-{n}", b"{}") for n in range(2)]
        assert compare(ids[0], version="recorded").verdict is Verdict.DIFFERENT

        write_plugin(plugin.parent, "hostile", 'yield report(sn="22")')
        plugin.write_text(plugin.read_text().replace('"Hostile", "1"', '"Hostile", "2"'))

        assert "version 2 is installed" in compare(ids[1], version="recorded").why

    def test_the_version_of_then_has_its_options(self, line, compare):
        """What made the report stands in the archive, and nothing else counts."""
        write_plugin(line.settings.convert.plugins, "hostile", "yield report(rev=options.attack or 'NOW')")
        how = Making(converter="hostile", version="1", options={"attack": "OF-THEN"})
        file_id = kept(line, "SN-1", b"{}", how=how)

        revisions = [
            [field for field in compare(file_id, version=one).reports[0].fields if field.startswith("rev")]
            for one in ("recorded", "today")
        ]

        assert revisions == [['rev: + "OF-THEN"'], ['rev: + "NOW"']]

    def test_bytes_that_are_not_kept(self, line, compare):
        """A rule took them; the record tells what there was."""
        write_plugin(line.settings.convert.plugins, "hostile", "yield report()")
        file_id = kept(line, "SN-1", b"{}")
        line.archive.forget([line.archive.record(file_id).original])

        assert compare(file_id).why == "its bytes are not kept"
