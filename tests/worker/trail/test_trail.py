"""The audit trail: written line by line, sealed day by day, and proved."""

import json
import os
import shutil
from concurrent.futures import ThreadPoolExecutor

import pytest
from worker.trail.conftest import did

from wats_worker.trail.book import Book, TrailUnusable, entries, lines
from wats_worker.trail.entry import Event, Told, hash_of
from wats_worker.trail.manifests import Manifest, path, sealed
from wats_worker.trail.proof import PURGED, Check
from wats_worker.trail.seal import Seal


def written(book, day="2026-11-20"):
    return list(entries(book.layout, day))


class TestLines:
    """What is written stays as it was."""

    def test_each_names_the_one_before(self, book):
        """From the first one on, which has none."""
        first, second = did(book), did(book)

        assert (first.number, first.before) == (1, "")
        assert (second.number, second.before) == (2, hash_of(first.line()))
        assert written(book) == [first, second]

    def test_a_new_day_is_a_new_file_and_the_same_chain(self, book, calendar):
        """Numbers go on."""
        first = did(book)
        calendar.pass_(days=1)
        second = did(book)

        assert book.layout.days() == ["2026-11-20", "2026-11-21"]
        assert second.before == hash_of(first.line())

    def test_many_writers_tear_nothing(self, book, calendar, check):
        """Several control stages write at once, each by a view of its own."""
        views = [Book(book.layout.folder, clock=calendar) for _ in range(4)]

        with ThreadPoolExecutor(4) as crowd:
            list(crowd.map(lambda view: [did(view) for _ in range(10)], views))

        assert [entry.number for entry in written(book)] == list(range(1, 41))
        assert check() == []

    def test_a_clock_that_was_set_back_changes_no_order(self, book, calendar, check):
        """The line says what the clock showed, and stands where it was written."""
        did(book)
        calendar.pass_(days=-3)
        late = did(book)

        assert late.at.startswith("2026-11-17")
        assert written(book)[1] == late
        assert check() == []

    def test_half_a_line_of_a_crash_is_cut_off(self, book, check):
        """Nobody was ever told that it was written."""
        did(book)
        with book.layout.lines("2026-11-20").open("ab") as file:
            file.write(b'{"number":2,"at":"20')
        did(book)

        assert [entry.number for entry in written(book)] == [1, 2]
        assert check() == []

    def test_killed_between_line_and_head_is_no_gap(self, book, check):
        """The head is one line behind, and the next writer sees that this is all."""
        did(book)
        before = book.layout.head.read_bytes()
        did(book)
        book.layout.head.write_bytes(before)

        assert check() == []
        assert did(book).gap == ""
        assert check() == []

    def test_the_key_is_for_us_alone(self, book):
        """And so are the lines."""
        did(book)

        for file in (book.layout.key, book.layout.lines("2026-11-20")):
            assert file.stat().st_mode & 0o777 == 0o600

    def test_a_trail_that_cannot_be_written_says_so(self, book, monkeypatch):
        """Whoever wants to act must hear of it before."""
        book.layout.folder.write_text("no folder")

        with pytest.raises(TrailUnusable, match="audit trail"):
            did(book)

    def test_a_key_that_is_none_stops_the_writing(self, book):
        """Lines that nobody could check are worth nothing."""
        did(book)
        book.layout.key.write_text("rubbish")

        with pytest.raises(TrailUnusable, match="holds no key"):
            did(book)


class TestSealing:
    """A day that is over is closed for good."""

    def test_a_day_is_sealed_an_hour_after_it_is_over(self, book, calendar, seal):
        """Not before: other hosts may still have something from yesterday."""
        did(book)
        calendar.pass_(hours=14, minutes=30)
        assert seal() == []
        calendar.pass_(minutes=30)

        assert seal() == ["2026-11-20"]
        assert seal() == []

    def test_days_on_which_nothing_ran_are_sealed_too(self, book, calendar, seal, check):
        """So no day can be taken out unnoticed."""
        did(book)
        calendar.pass_(days=4)

        assert seal() == ["2026-11-20", "2026-11-21", "2026-11-22", "2026-11-23"]
        assert check() == []

    def test_each_manifest_names_the_one_before(self, week):
        """And what the day had."""
        first, second = sealed(week.layout)[:2]
        manifest = Manifest.read(week.layout, second, week.seal().witness)

        assert manifest.before == hash_of(path(week.layout, first).read_bytes())
        assert (manifest.number, manifest.lines, manifest.records) == (2, 4, 1)

    def test_two_that_seal_at_once_make_one(self, book, calendar, seal):
        """Whichever is quicker."""
        did(book)
        calendar.pass_(days=2)

        with ThreadPoolExecutor(4) as crowd:
            found = [day for days in crowd.map(lambda _: seal(), range(4)) for day in days]

        assert sorted(found) == ["2026-11-20", "2026-11-21"]


class TestProof:
    """What was changed, is missing or was added is named."""

    def test_an_untouched_trail_has_nothing(self, week, check):
        """All lines, all sealed days, all records."""
        assert check() == []

    def test_a_changed_byte(self, week, check):
        """In a day that is sealed: the line after it and the manifest both know."""
        edit(week.layout.lines("2026-11-20"), b"queue resume", b"queue resumE")

        found = check()

        assert "changed: what stands before 2026-11-20.jsonl line 3: the line has another hash of it" in found
        assert any(one.startswith("changed: 2026-11-20.jsonl") for one in found)

    def test_a_changed_last_line(self, week, check):
        """No line comes after it, but the head was signed."""
        edit(week.layout.lines("2026-11-22"), b'"today"', b'"never"')

        assert check() == ["changed: line 12 of the trail: it was signed with another hash"]

    def test_a_removed_line(self, week, check):
        """By its number."""
        file = week.layout.lines("2026-11-21")
        kept = list(lines(file))
        file.write_bytes(b"".join(line + b"\n" for line in [kept[0], *kept[2:]]))

        found = check()

        assert "missing: line 5 of the trail: 2026-11-21.jsonl line 2 is number 6" in found
        assert "missing: 2026-11-21.jsonl: it had 4 lines when it was sealed, and has 3" in found

    def test_swapped_days(self, week, check):
        """Each file has the other's name."""
        one, other = week.layout.lines("2026-11-20"), week.layout.lines("2026-11-21")
        content = one.read_bytes()
        one.write_bytes(other.read_bytes())
        other.write_bytes(content)

        found = check()

        assert "added: 2026-11-21.jsonl line 1: number 1 is out of order" in found
        assert any(
            one.startswith("changed: 2026-11-20.jsonl line 1: it was written on 2026-11-21") for one in found
        )

    @pytest.mark.parametrize("cut", [1, 40, 400])
    def test_a_cut_off_end(self, week, check, cut):
        """Of the day that nobody has sealed yet: be it a byte, half a line, or some of them."""
        file = week.layout.lines("2026-11-22")
        os.truncate(file, file.stat().st_size - cut)

        assert check()[0].startswith("missing: line")

    def test_a_whole_last_day_that_is_gone(self, week, check):
        """Nothing stands behind it that would miss it, but the head."""
        week.layout.lines("2026-11-22").unlink()

        assert check()[0].startswith("missing: lines 8 to 12 of the trail")

    def test_a_whole_trail_that_is_gone(self, week, check):
        """Only the head is left."""
        for day in week.layout.days():
            week.layout.lines(day).unlink()

        assert "missing: lines 1 to 12 of the trail: it was signed up to there, and ends before" in check()

    def test_what_was_cut_off_is_told_for_ever(self, week, check):
        """The next line says so, and can't be changed either."""
        file = week.layout.lines("2026-11-22")
        kept = list(lines(file))
        file.write_bytes(b"".join(line + b"\n" for line in kept[:-1]))
        entry = did(week)

        assert entry.gap == "the trail was signed up to line 12 and ends with line 11"
        assert "missing: line 12 of the trail: 2026-11-22.jsonl line 5 is number 13" in check()

    def test_an_added_line(self, week, check):
        """With the right hash before it, by somebody without the key."""
        file = week.layout.lines("2026-11-22")
        *_, last = lines(file)
        entry = json.loads(last)
        for number in (13, 14):
            entry |= {"number": number, "before": hash_of(last)}
            last = json.dumps(entry).encode()
            with file.open("ab") as end:
                end.write(last + b"\n")

        assert check() == ["added: lines 13 to 14 of the trail: they were never signed"]

    @pytest.mark.parametrize("rubbish", [b"", b"null", b"[]", b"{", b'{"number":1}', b"\xff\xfe"])
    def test_a_line_that_is_none(self, week, check, rubbish):
        """It is named by file and place."""
        file = week.layout.lines("2026-11-22")
        kept = list(lines(file))
        file.write_bytes(b"".join(line + b"\n" for line in [kept[0], rubbish, *kept[2:]]))

        assert "changed: 2026-11-22.jsonl line 2: it can't be read" in check()

    def test_a_missing_head(self, week, check):
        """Without it nobody can tell whether the end is the end."""
        week.layout.head.unlink()

        assert check() == ["missing: head.json: nobody can tell whether the trail was cut off"]

    def test_a_head_that_somebody_else_signed(self, week, check, tmp_path):
        """Only one key counts."""
        stranger = Seal.kept_in(tmp_path / "key", tmp_path / "public")
        document = stranger.sign({"number": 11, "hash": "", "day": "2026-11-22"})
        week.layout.head.write_text(json.dumps(document))

        assert check() == ["changed: the end of the trail: head.json has no good signature"]

    def test_a_changed_manifest(self, week, check):
        """Whatever of it."""
        edit(path(week.layout, "2026-11-20"), b'"records": 2', b'"records": 1')

        found = check()

        assert "changed: manifests/2026-11-20.json: it has no good signature" in found
        assert "changed: manifests/2026-11-20.json: the trail has another hash of it" in found

    def test_swapped_manifests(self, week, check):
        """Each is well signed, and of another day."""
        one, other = path(week.layout, "2026-11-20"), path(week.layout, "2026-11-21")
        content = one.read_bytes()
        one.write_bytes(other.read_bytes())
        other.write_bytes(content)

        assert "changed: manifests/2026-11-20.json: it is the manifest of 2026-11-21" in check()

    @pytest.mark.parametrize("day", ["2026-11-20", "2026-11-21"])
    def test_a_missing_manifest(self, week, check, day):
        """The first one or the last one: the trail knows that there was one."""
        path(week.layout, day).unlink()

        assert f"missing: manifests/{day}.json: the trail says that the day was sealed" in check()

    def test_a_changed_list_of_the_archive(self, week, check):
        """Nothing can be taken off it."""
        edit(week.layout.manifests / "2026-11-20.list", b"aa11 h1\n", b"")

        assert "missing: manifests/2026-11-20.list: it had 2 records when it was sealed, and has 1" in check()

    def test_a_changed_record_of_the_archive(self, week, check, archive):
        """By its name and its day."""
        archive["2026-11-20"]["aa11"] = "another"

        assert check() == ["changed: aa11: it was archived on 2026-11-20 with another content"]

    def test_a_missing_record_of_the_archive(self, week, check, archive):
        """No rule takes a record away, only bytes."""
        del archive["2026-11-20"]["aa11"]

        assert check() == ["missing: aa11: it was archived on 2026-11-20"]

    def test_what_a_rule_took_away_is_known(self, week):
        """The trail names the files."""
        did(week, PURGED, reason="older than 90 days", facts={"files": ["f1", "f2"]})

        assert Check(week.layout, week.seal().witness).run().purged == {"f1", "f2"}

    def test_an_older_copy_of_everything(self, week, check, tmp_path, calendar, seal):
        """It fits in itself; who kept a manifest's hash elsewhere finds out."""
        folder = week.layout.folder
        shutil.copytree(folder, tmp_path / "older")
        calendar.pass_(days=1)
        seal()
        kept = hash_of(path(week.layout, "2026-11-22").read_bytes())
        assert check(expected=[kept]) == []
        shutil.rmtree(folder)
        (tmp_path / "older").rename(folder)

        assert check() == []
        assert check(expected=[kept]) == [
            f"missing: the manifest with hash {kept}: it was kept elsewhere, and is not here"
        ]

    def test_who_checks_needs_no_key_that_signs(self, week):
        """The public half is enough."""
        witness = week.seal().witness
        week.layout.key.unlink()

        proof = Check(week.layout, witness).run()

        assert (proof.findings, proof.lines, proof.days) == ((), 12, 2)
        assert proof.last == hash_of(path(week.layout, "2026-11-21").read_bytes())


def edit(file, old, new):
    content = file.read_bytes()
    assert old in content
    file.write_bytes(content.replace(old, new, 1))


def test_a_line_says_what_it_was_given():
    """And nothing of what was not."""
    from wats_worker.trail.entry import Entry

    entry = Entry(3, "2026-11-20T10:00:00.000Z", "ab", Told(Event.ASKED, "queue pause", reason="Ölwechsel"))

    assert entry.line().decode() == (
        '{"number":3,"at":"2026-11-20T10:00:00.000Z","before":"ab",'
        '"event":"asked","action":"queue pause","reason":"Ölwechsel"}'
    )
    assert Entry.read(entry.line()) == entry
