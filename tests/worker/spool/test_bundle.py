"""Several files that belong together are claimed as one, leave together, and get their shape back."""

import io
import os
import zipfile
from pathlib import Path

import pytest
from worker.claimables import unit
from worker.folders import names_in

from wats_worker.spool.bundle import original_name
from wats_worker.spool.model import Outcome
from wats_worker.spool.post_actions import PostAction
from wats_worker.spool.recipe import Changed


@pytest.fixture
def write(folder):
    """Writes files into the watch folder, by name and content."""

    def write_all(**contents: bytes) -> None:
        for name, content in ({"X.txt": b"head", "X/a.csv": b"1;2", "X/sub/b.csv": b"3"} | contents).items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)

    return write_all


@pytest.fixture
def dropped(folder, write):
    """The unit X: a file and a folder."""
    write()
    return unit(folder, "X.txt", "X")


def shape(root: Path) -> dict[str, bytes]:
    """Every file below a folder, and its content."""
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def contents(bundle: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(bundle)) as archive:
        assert archive.testzip() is None
        return {info.filename: archive.read(info) for info in archive.infolist()}


class TestTheArchive:
    def test_everybody_can_read_it(self, dropped):
        """A plain zip file, small files first, of the size that was announced."""
        made = b"".join(dropped.recipe.make())

        assert len(made) == dropped.recipe.size == dropped.size
        assert list(contents(made).items()) == [
            ("X.txt", b"head"),
            ("X/a.csv", b"1;2"),
            ("X/sub/b.csv", b"3"),
            ("X/", b""),
            ("X/sub/", b""),
        ]

    def test_the_same_files_make_the_same_bytes(self, folder, dropped, write):
        """Whenever they were written, and in whatever order."""
        for path in sorted(folder.rglob("*"), reverse=True):
            path.unlink() if path.is_file() else path.rmdir()
        (folder / "X/sub").mkdir(parents=True)
        write()
        os.utime(folder / "X.txt", (1000, 1000))

        assert unit(folder, "X.txt", "X").file_id == dropped.file_id

    def test_it_is_what_it_was_in_earlier_releases(self, dropped):
        """Identities hang on every byte of it."""
        assert dropped.file_id == "7d15ce51ccf14eb1c9cb132055b0e120"

    def test_a_probe_is_shown_all_small_files(self, folder, write):
        """However long a recording lies beside them."""
        write(**{"X.wav": bytes(200_000)})

        head = b"".join(unit(folder, "X.txt", "X", "X.wav").recipe.make())[: 64 * 1024]

        assert b"head" in head

    @pytest.mark.parametrize("raw", [b"caf\xe9", "Prüfling".encode(), b"a\\b"])
    def test_every_name_comes_back(self, folder, raw):
        """Also those that are no text."""
        name = os.fsdecode(raw)
        (folder / name).mkdir()
        (folder / name / "a").touch()
        with zipfile.ZipFile(io.BytesIO(b"".join(unit(folder, name).recipe.make()))) as archive:
            assert [original_name(info) for info in archive.infolist()] == [f"{name}/a", f"{name}/"]

    @pytest.mark.parametrize("what", ["changed", "grown", "gone", "added", "replaced-by-a-link"])
    def test_a_unit_that_moves_on_is_not_made(self, folder, dropped, what):
        """Half of the old and half of the new would be neither."""
        path = folder / "X/a.csv"
        match what:
            case "changed":
                path.write_bytes(b"3;4")
            case "grown":
                path.write_bytes(b"1;2;3")
            case "gone":
                path.unlink()
            case "added":
                (folder / "X/sub/new.csv").touch()
            case _:
                (folder / "X").rename(folder / "Y")
                (folder / "X").symlink_to(folder / "Y")

        with pytest.raises(Changed):
            b"".join(dropped.recipe.make())


class TestTheClaim:
    def test_a_unit_is_taken_whole(self, spool, folder, dropped):
        """Nothing of it stays behind."""
        (claimed,) = spool.claim([dropped], keep=False)

        assert claimed.outcome is Outcome.CLAIMED
        assert claimed.reason == ""
        assert contents(spool.source(dropped.file_id).read_bytes())["X/a.csv"] == b"1;2"
        assert names_in(folder) == []
        assert names_in(spool.root / "removals") == []
        assert spool.meta(dropped.file_id).bundle
        assert not spool.changed(dropped.file_id)

    def test_a_unit_that_stays_is_copied(self, spool, folder, dropped):
        """In keep mode nothing of it is touched."""
        spool.claim([dropped], keep=True)

        assert shape(folder) == {"X.txt": b"head", "X/a.csv": b"1;2", "X/sub/b.csv": b"3"}

    def test_the_same_unit_again_is_known(self, spool, folder, dropped, write):
        """It leaves the folder and is no second file."""
        spool.claim([dropped], keep=False)
        write()

        (claimed,) = spool.claim([unit(folder, "X.txt", "X")], keep=False)
        spool.dispose(claimed, PostAction.ARCHIVE, folder)

        assert claimed.outcome is Outcome.KNOWN
        assert names_in(folder) == []
        assert list(spool.waiting()) == [dropped.file_id]

    def test_what_was_changed_before_the_claim_stays(self, spool, folder, dropped):
        """It is looked at again."""
        (folder / "X/a.csv").write_bytes(b"longer")

        (claimed,) = spool.claim([dropped], keep=False)

        assert claimed.outcome is Outcome.BUSY
        assert len(shape(folder)) == 3

    def test_what_somebody_writes_to_stays(self, spool, folder, dropped):
        """One open file holds the unit."""
        with (folder / "X/sub/b.csv").open("ab"):
            (claimed,) = spool.claim([dropped], keep=False)

        assert claimed.outcome is Outcome.BUSY
        assert len(shape(folder)) == 3

    def test_what_comes_after_the_claim_is_not_taken_away(self, spool, folder, dropped):
        """A file that got a new content, or came in addition, is none that was claimed."""

        def meddle(step: str) -> None:
            if step == "remove-members":
                (folder / "X/a.csv").write_bytes(b"newer")
                (folder / "X/c.csv").write_bytes(b"new")

        spool._step = meddle

        spool.claim([dropped], keep=False)

        assert shape(folder) == {"X/a.csv": b"newer", "X/c.csv": b"new"}


class TestPostActions:
    def finished(self, spool, file, action, done):
        spool.claim([file], keep=False)
        spool.save_reports(file.file_id, {})
        finished = spool.finish(file.file_id)
        spool.act(file.file_id, action, done)
        return finished

    def test_moved_it_has_its_old_shape(self, spool, folder, dropped, done):
        """Files where they were, empty folders too."""
        (folder / "X/empty").mkdir()

        assert self.finished(spool, unit(folder, "X.txt", "X"), PostAction.MOVE, done)

        assert shape(done) == {"X.txt": b"head", "X/a.csv": b"1;2", "X/sub/b.csv": b"3"}
        assert (done / "X/empty").is_dir()

    def test_another_unit_of_the_same_name_is_numbered_as_a_whole(self, spool, folder, dropped, done, write):
        """So that nobody has to guess which file belongs to which folder."""
        self.finished(spool, dropped, PostAction.MOVE, done)
        write(**{"X/a.csv": b"another"})

        self.finished(spool, unit(folder, "X.txt", "X"), PostAction.MOVE, done)

        assert sorted(shape(done)) == [
            "X (2).txt", "X (2)/a.csv", "X (2)/sub/b.csv", "X.txt", "X/a.csv", "X/sub/b.csv",
        ]  # fmt: skip
        assert (done / "X (2)/a.csv").read_bytes() == b"another"

    def test_a_move_that_broke_off_goes_on(self, spool, dropped, done):
        """What is there already is what it put there."""
        (done / "X").mkdir(parents=True)
        (done / "X/a.csv").write_bytes(b"1;2")
        (done / "X.txt").touch()

        self.finished(spool, dropped, PostAction.MOVE, done)

        assert shape(done) == {"X.txt": b"head", "X/a.csv": b"1;2", "X/sub/b.csv": b"3"}

    def test_zipped_it_goes_in_file_by_file(self, spool, folder, dropped, done, write):
        """All of a unit or nothing of it, and the same unit once."""
        self.finished(spool, dropped, PostAction.ZIP, done)
        write(**{"X/a.csv": b"another"})
        self.finished(spool, unit(folder, "X.txt", "X"), PostAction.ZIP, done)

        (month,) = done.iterdir()
        packed = contents(month.read_bytes())
        assert {name: data for name, data in packed.items() if data} == {
            "X.txt": b"head",
            "X/a.csv": b"1;2",
            "X/sub/b.csv": b"3",
            "X (2).txt": b"head",
            "X (2)/a.csv": b"another",
            "X (2)/sub/b.csv": b"3",
        }
