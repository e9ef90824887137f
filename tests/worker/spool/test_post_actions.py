"""Post actions put bytes where they should go, overwrite nothing, and may be repeated."""

import os
import zipfile

import pytest
from worker.folders import names_in

from wats_worker.spool import zips
from wats_worker.spool.errors import PostActionFailed
from wats_worker.spool.model import Place
from wats_worker.spool.post_actions import PostAction
from wats_worker.spool.store import DiskSpool


@pytest.fixture
def delivered(spool, take):
    """Claim a file and deliver its one report."""

    def deliver(name="board.csv", content=b"PASS", *, keep=False):
        file_id = take(name, content, keep=keep)
        spool.save_reports(file_id, {"r1": b"{}"})
        spool.delivered(file_id, "r1", {"stored_as": "S"})
        return file_id

    return deliver


def acted(spool, file_id, action, folder):
    """What the archive stage does when it has the file."""
    if finished := spool.finish(file_id):
        spool.act(file_id, action, folder)
    return finished


def test_archive_leaves_the_bytes_where_they_are(spool, delivered, done):
    """The archive has them."""
    file_id = delivered()

    assert acted(spool, file_id, PostAction.ARCHIVE, done)

    assert names_in(spool.root / "finished" / file_id) == [
        "meta.json",
        "receipts.jsonl",
        "reports",
        "sent",
        "source",
    ]
    assert not done.exists()


def test_move_puts_the_bytes_under_their_old_name(spool, delivered, done):
    """Sub folders stay sub folders; card and receipt stay for the archive."""
    file_id = delivered("line 3/board.csv")

    acted(spool, file_id, PostAction.MOVE, done)

    assert (done / "line 3/board.csv").read_bytes() == b"PASS"
    assert spool.place(file_id) is Place.FINISHED
    assert not spool.source(file_id).exists()
    assert spool.receipts(file_id)


def test_move_never_overwrites(spool, delivered, done):
    """Two files of one name get numbers; a link of that name is left alone."""
    done.mkdir()
    (done / "board (2).csv").symlink_to("/etc/hostname")

    for content in (b"first", b"second"):
        acted(spool, delivered(content=content), PostAction.MOVE, done)

    assert (done / "board.csv").read_bytes() == b"first"
    assert (done / "board (3).csv").read_bytes() == b"second"
    assert (done / "board (2).csv").is_symlink()


def test_move_does_not_follow_a_link_in_the_done_folder(spool, delivered, done, tmp_path):
    """Somebody else's folder is no place for our files."""
    (tmp_path / "elsewhere").mkdir()
    done.mkdir()
    (done / "sub").symlink_to(tmp_path / "elsewhere")
    file_id = delivered("sub/board.csv")

    with pytest.raises(PostActionFailed, match="tried again"):
        acted(spool, file_id, PostAction.MOVE, done)

    assert names_in(tmp_path / "elsewhere") == []
    assert spool.source(file_id).exists()


def test_move_reaches_another_file_system(spool, delivered, other_disk):
    """The bytes are copied, and the time of the file with them."""
    file_id = delivered()
    mtime = spool.meta(file_id).mtime_ns

    acted(spool, file_id, PostAction.MOVE, other_disk)

    assert names_in(other_disk) == ["board.csv"]
    assert (other_disk / "board.csv").stat().st_mtime_ns == mtime


def test_delete_removes_the_bytes_and_nothing_else(spool, delivered, done):
    """Card and receipts stay for the archive."""
    file_id = delivered()

    acted(spool, file_id, PostAction.DELETE, done)

    assert not spool.source(file_id).exists()
    assert spool.receipts(file_id)


def test_keep_drops_the_copy_of_a_file_that_stayed_where_it_was(spool, delivered, done, folder):
    """The original is on its share."""
    file_id = delivered(keep=True)

    acted(spool, file_id, PostAction.KEEP, done)

    assert not spool.source(file_id).exists()
    assert (folder / "board.csv").exists()


def test_keep_never_drops_the_only_copy(spool, delivered, done):
    """A file that was moved into the spool has no other."""
    file_id = delivered()

    acted(spool, file_id, PostAction.KEEP, done)

    assert spool.source(file_id).read_bytes() == b"PASS"


def test_zip_collects_the_files_of_a_month(spool, delivered, done):
    """Same names get numbers."""
    files = [delivered(content=content) for content in (b"first", b"second")]
    month = spool.meta(files[0]).claimed_at[:7].replace("-", "")

    for file_id in files:
        acted(spool, file_id, PostAction.ZIP, done)

    with zipfile.ZipFile(done / f"{month}.zip") as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == {
            "board.csv": b"first",
            "board (2).csv": b"second",
        }
        assert archive.testzip() is None


def test_a_full_zip_is_followed_by_a_numbered_one(tmp_path, monkeypatch):
    """The table of contents must not grow for ever."""
    monkeypatch.setattr(zips, "FULL", 2)
    source = tmp_path / "source"
    notes = tmp_path / "notes"
    notes.mkdir()

    for number in range(5):
        source.write_text(str(number))
        part = zips.Part.of_file(source, f"{number}.csv")
        zips.add([part], month="202611", folder=tmp_path / "Done", notes=notes)

    assert names_in(tmp_path / "Done") == ["202611 (2).zip", "202611 (3).zip", "202611.zip"]


@pytest.mark.parametrize("broken", ["before", "during", "after"])
def test_an_addition_that_broke_off_does_not_spoil_the_zip(tmp_path, monkeypatch, broken):
    """The zip is put back to where it was, and the file is added once."""
    folder, notes, source = tmp_path / "Done", tmp_path / "notes", tmp_path / "source"
    notes.mkdir()
    source.write_bytes(b"1" * 5000)
    add = {"month": "202611", "folder": folder, "notes": notes}
    target = zips.add([zips.Part.of_file(source, "1.csv")], **add)
    source.write_bytes(b"2" * 5000)
    zips._remember(target, next(notes.glob("*.lock")).with_suffix(".undo"))
    if broken == "during":
        with target.open("r+b") as raw:
            raw.seek(10)
            raw.seek(-40, os.SEEK_END)
            raw.write(b"torn" * 50)
    if broken == "after":
        with zipfile.ZipFile(target, "a") as archive:
            archive.writestr("2.csv", b"2" * 5000)

    zips.add([zips.Part.of_file(source, "2.csv")], **add)

    with zipfile.ZipFile(target) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == ["1.csv", "2.csv"]
    assert list(notes.glob("*.undo")) == []


@pytest.mark.parametrize("action", list(PostAction))
@pytest.mark.parametrize("step", ["finish", "post-action"])
def test_a_post_action_killed_and_repeated_is_done_once(tmp_path, spool, delivered, done, action, step):
    """What was done before is found, not done again."""
    file_id = delivered()

    def die(at):
        if at == step:
            raise SystemExit

    with pytest.raises(SystemExit):
        acted(DiskSpool(tmp_path / "spool", step=die), file_id, action, done)

    assert acted(spool, file_id, action, done)
    assert acted(spool, file_id, action, done)
    bytes_left = [path.read_bytes() for path in done.glob("*.csv")] if done.exists() else []
    assert len(bytes_left) == (action is PostAction.MOVE)


def test_a_move_cut_short_is_found_by_its_bytes(spool, delivered, done):
    """The copy in the done folder was finished, the one in the spool not yet removed."""
    file_id = delivered()
    done.mkdir()
    (done / "board.csv").write_bytes(b"PASS")

    acted(spool, file_id, PostAction.MOVE, done)

    assert names_in(done) == ["board.csv"]


def test_nothing_is_finished_while_reports_are_pending(spool, take, done):
    """Not even by mistake."""
    file_id = take()

    assert not acted(spool, file_id, PostAction.DELETE, done)

    spool.save_reports(file_id, {"r1": b"{}"})

    assert not acted(spool, file_id, PostAction.DELETE, done)
    assert spool.source(file_id).exists()


def test_nothing_is_finished_that_was_changed_after_its_claim(spool, delivered, done):
    """Its reports tell of half of it; the whole goes on under its own identity."""
    file_id = delivered()
    with spool.source(file_id).open("ab") as writer:
        writer.write(b" and the rest")

    assert not acted(spool, file_id, PostAction.DELETE, done)
    assert spool.source(file_id).exists()


def test_a_done_folder_that_is_away_keeps_the_file_waiting(spool, delivered, tmp_path):
    """It is delivered; its bytes wait until the share is back."""
    (tmp_path / "blocked").write_text("not a folder")
    file_id = delivered()

    with pytest.raises(PostActionFailed):
        acted(spool, file_id, PostAction.MOVE, tmp_path / "blocked" / "Done")

    assert spool.source(file_id).exists()
    assert acted(spool, file_id, PostAction.MOVE, tmp_path / "Done")


def test_a_second_copy_goes_where_files_of_its_source_go(spool, drop, delivered, done):
    """Known bytes are no new file, but they leave the watch folder all the same."""
    file_id = delivered()
    acted(spool, file_id, PostAction.MOVE, done)
    (copy,) = spool.claim([drop("copy.csv")], keep=False)

    spool.dispose(copy, PostAction.MOVE, done)

    assert (done / "copy.csv").read_bytes() == b"PASS"
    assert not copy.copy.exists()
