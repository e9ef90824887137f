"""Replay jobs: file after file, below live traffic, and on after a kill."""

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
from wats_worker.control.models.jobs import FileChange, JobState, JobWanted, Verdict
from wats_worker.convert.accept import report_id
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

    def __init__(self, verdict=Verdict.SAME):
        self.verdict = verdict
        self.asked = []

    def compare(self, record, wanted):
        self.asked.append(record.file_id)
        return FileChange(file_id=record.file_id, name=record.card.name, verdict=self.verdict)

    def close(self):
        pass


def wanted(**how):
    return JobWanted(**{"source": "ict", "reason": "a test", "per_minute": 6000} | how)


def always():
    return True


class TestJobs:
    """What a job does, whoever compares."""

    def test_every_file_is_done_once(self, line, desk):
        """In the order of their ids; then it is over."""
        ids = sorted(kept(line, f"SN{n}", b"{}") for n in range(3))
        job, comparer = desk.jobs.create(wanted(), "hall 3"), Told()

        Replayer(line, desk, comparer).work(always)

        done = desk.jobs.find(job.id)
        assert comparer.asked == ids
        assert (done.state, done.done, done.counts) == (JobState.DONE, 3, {Verdict.SAME: 3})
        assert done.progress == 1

    def test_whoever_comes_next_goes_on(self, line, desk):
        """Killed after the first file: the others follow, and none is done twice."""
        ids = sorted(kept(line, f"SN{n}", b"{}") for n in range(3))
        job, first, second = desk.jobs.create(wanted(), "hall 3"), Told(), Told()
        answers = iter([True, False])

        Replayer(line, desk, first).work(lambda: next(answers))
        half = desk.jobs.find(job.id)
        Replayer(line, desk, second).work(always)

        assert (half.state, half.done) == (JobState.RUNNING, 1)
        assert [first.asked, second.asked] == [ids[:1], ids[1:]]
        assert desk.jobs.find(job.id).done == 3

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

    def test_only_what_is_wanted(self, line, desk):
        """By id, by source, by when it came."""
        one, other = kept(line, "SN1", b"{}"), kept(line, "SN2", b"{}")
        for how, found in [
            ({"source": None, "file_ids": [other]}, [other]),
            ({"source": "fct"}, []),
            ({"since": 1e10}, []),
            ({"since": 1.0, "until": 1e10}, sorted([one, other])),
        ]:
            desk.jobs.create(wanted(**how), "hall 3")
            comparer = Told()

            Replayer(line, desk, comparer).work(always)

            assert comparer.asked == found, how

    def test_what_is_different_is_sent_if_that_is_wanted(self, line, desk):
        """Out of the archive, under the ids it had; what is the same stays where it is."""
        file_id = kept(line, "SN", b"{}")
        job = desk.jobs.create(wanted(mode="send"), "hall 3")

        Replayer(line, desk, Told(Verdict.DIFFERENT)).work(always)

        (change,) = desk.jobs.changes(job.id, after=0, count=10).files
        assert change.verdict is Verdict.SENT
        assert line.spool.place(file_id).value == "files"
        assert line.journal.file(file_id).story[-1].facts["by"] == "hall 3"

    def test_what_is_the_same_is_not_sent(self, line, desk):
        """There is nothing that the server would not have."""
        file_id = kept(line, "SN", b"{}")
        desk.jobs.create(wanted(mode="send"), "hall 3")

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
            "hostile 0.9 made its reports, and version 1 is installed",
            "acme 3 made its reports, and no version is installed",
        ]

    def test_bytes_that_are_not_kept(self, line, compare):
        """A rule took them; the record tells what there was."""
        write_plugin(line.settings.convert.plugins, "hostile", "yield report()")
        file_id = kept(line, "SN-1", b"{}")
        line.archive.forget(line.archive.record(file_id).original)

        assert compare(file_id).why == "its bytes are not kept"
