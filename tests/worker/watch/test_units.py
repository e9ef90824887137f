"""Units of several files: all of it arrives, as one, or none of it."""

import os
import zipfile

import pytest
from support import wait_until

from wats_worker.spool.model import Place
from wats_worker.watch import units


@pytest.fixture
def stem(line):
    """A source whose units are a file and the folder of the same stem."""

    def make(**changes):
        return line.source(**({"unit": "stem", "unit_s": 0.3} | changes))

    return make


def put(folder, *names):
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(os.fsencode(name))


def members(line):
    """What each file in the spool holds, by its name."""
    held = {}
    for file_id in line.spool.waiting():
        with zipfile.ZipFile(line.spool.source(file_id)) as archive:
            names = sorted(name for name in archive.namelist() if not name.endswith("/"))
        held[line.spool.meta(file_id).name] = names
    return held


def trouble(line, name):
    wait_until(lambda: name in told(line), what=f"the trouble with {name}")
    return told(line)[name]


def told(line):
    return {trouble.name: trouble.reason for trouble in line.journal.troubles("ict")}


class TestStems:
    @pytest.mark.parametrize("first", ["X.txt", "X/a.csv"])
    def test_a_file_and_its_folder_arrive_as_one(self, line, watching, arrived, stem, first):
        """In whatever order they come; the one that comes first waits."""
        put(line.folder, first)
        watching(line.watcher(stem()))
        assert "waits for '" in trouble(line, "X")

        put(line.folder, "X.txt", "X/a.csv", "X/sub/b.csv")

        arrived("X")
        assert members(line) == {"X": ["X.txt", "X/a.csv", "X/sub/b.csv"]}
        wait_until(lambda: line.in_folder() == [] and told(line) == {}, what="the folder's end")
        assert len(line.messages()) == 1

    def test_many_units_beside_each_other(self, line, watching, arrived, stem):
        """Each gets its own, also where one stem begins like another, or has dots."""
        for name in ("X", "X 1", "DUT 1.5", "DUT 1"):
            put(line.folder, f"{name}.txt", f"{name}.log", f"{name}/a.csv")

        watching(line.watcher(stem()))

        arrived("X", "X 1", "DUT 1.5", "DUT 1")
        assert members(line)["DUT 1.5"] == ["DUT 1.5.log", "DUT 1.5.txt", "DUT 1.5/a.csv"]

    def test_required_members_are_waited_for(self, line, watching, arrived, stem):
        """Two files and no folder at all can be a unit as well."""
        put(line.folder, "X.txt", "X.csv", "Y.txt")
        watching(line.watcher(stem(unit_members=["*.txt", "*.csv"])))

        arrived("X")

        assert trouble(line, "Y") == "waits for '*.csv', for more than 0.3 s"

    def test_what_is_half_written_holds_its_unit(self, line, watching, arrived, stem):
        """By its name, or because somebody has it open."""
        put(line.folder, "X.txt", "X/a.csv", "X/b.csv.part", "Y.txt", "Y/a.csv")
        with (line.folder / "Y/a.csv").open("a"):
            watching(line.watcher(stem()))
            assert trouble(line, "X") == "X/b.csv.part is not finished, for more than 0.3 s"
            assert trouble(line, "Y") == "somebody is still at work on it, for more than 0.3 s"
            assert line.names() == []

        arrived("Y")

        (line.folder / "X/b.csv.part").rename(line.folder / "X/b.csv")
        arrived("X", "Y")

    def test_a_marker_stands_for_the_whole_unit(self, line, watching, arrived, stem):
        """And goes with it."""
        put(line.folder, "X.txt", "X/a.csv")
        watching(line.watcher(stem(marker=".done")))
        assert trouble(line, "X") == "waits for its marker X.done, for more than 0.3 s"

        (line.folder / "X.done").touch()

        arrived("X")
        wait_until(lambda: line.in_folder() == [], what="the marker's end")

    def test_odd_things_in_a_unit_are_told(self, line, watching, arrived, stem):
        """They could be anything, and half a unit is none."""
        put(line.folder, "X.txt", "X/a.csv", "Y.txt", "Y/a.csv")
        odd = line.folder / os.fsdecode(b"X/l\xefnk")
        odd.symlink_to("/etc/hostname")
        watching(line.watcher(stem()))

        arrived("Y")

        assert trouble(line, "X") == "X/l%EFnk is a link; links are not followed"
        odd.unlink()
        arrived("X", "Y")

    def test_hidden_files_belong_to_their_unit_and_names_need_not_be_text(
        self, line, watching, arrived, stem
    ):
        """Nothing of it is left behind."""
        odd = os.fsdecode(b"X/caf\xe9.csv")
        put(line.folder, "X.txt", "X/.hidden", odd, "X/sub/.b")

        watching(line.watcher(stem()))

        arrived("X")
        wait_until(lambda: line.in_folder() == [], what="the end of the folder")

    def test_a_unit_too_large_is_told(self, line, watching, stem, monkeypatch):
        """Better than a worker that is busy with it for ever."""
        monkeypatch.setattr(units, "MOST_MEMBERS", 3)
        put(line.folder, "X.txt", "X/a.csv", "X/b.csv")

        watching(line.watcher(stem()))

        assert trouble(line, "X") == "a unit of more than 3 files"


class TestFolders:
    def test_each_folder_is_a_unit(self, line, watching, arrived):
        """But not Done, nor a file beside them, nor a folder with nothing in it."""
        put(line.folder, "DUT 1/a.csv", "DUT 1/deep/b.csv", "DUT 2/a.csv", "Done/old.csv", "lost.csv")
        (line.folder / "empty").mkdir()

        watching(line.watcher(line.source(unit="folder")))

        arrived("DUT 1", "DUT 2")
        assert members(line)["DUT 1"] == ["DUT 1/a.csv", "DUT 1/deep/b.csv"]
        assert trouble(line, "lost.csv") == "a file, and this source takes folders"
        wait_until(lambda: line.in_folder() == ["Done", "empty", "lost.csv"], what="the units' end")

    def test_required_members_are_those_in_the_folder(self, line, watching, arrived):
        """A last file that says that all is there."""
        put(line.folder, "DUT 1/a.csv", "DUT 2/a.csv", "DUT 2/END")
        watching(line.watcher(line.source(unit="folder", unit_members=["END"])))

        arrived("DUT 2")

        put(line.folder, "DUT 1/END")
        arrived("DUT 1", "DUT 2")

    def test_units_that_stay_are_taken_once(self, line, watching, arrived):
        """And again when something in them has changed."""
        put(line.folder, "DUT 1/a.csv")
        watching(line.watcher(line.source(unit="folder", mode="keep")))
        arrived("DUT 1")
        first = set(line.spool.waiting())
        put(line.folder, "DUT 2/a.csv")
        arrived("DUT 1", "DUT 2")

        (line.folder / "DUT 1/a.csv").write_text("another")

        arrived("DUT 1", "DUT 1", "DUT 2")
        assert first < set(line.spool.waiting())
        assert line.in_folder() == ["DUT 1", "DUT 2"]


class TestPairs:
    HEAD = "Cfg_DutStartTime=1\nCtrl_OverallVerdict=1\n"

    @pytest.mark.parametrize("converter", ["auto", "klippel"])
    def test_a_file_with_the_marks_of_a_pair_is_taken_with_its_folder(
        self, line, watching, arrived, converter
    ):
        """Nobody had to say so; other files and folders are taken or left as ever."""
        put(line.folder, "X/a.csv", "Y.txt", "Y/a.csv")
        (line.folder / "X.txt").write_text(self.HEAD)

        watching(line.watcher(line.source(converter=converter)))

        arrived("X.txt", "Y.txt")
        wait_until(lambda: line.in_folder() == ["Y"], what="the pair's end")
        sizes = {
            line.spool.meta(file_id).name: line.spool.meta(file_id).bundle for file_id in line.spool.waiting()
        }
        assert sizes == {"X.txt": True, "Y.txt": False}

    def test_it_waits_for_its_folder(self, line, watching, arrived):
        """As long as a unit may."""
        (line.folder / "X.txt").write_text(self.HEAD)
        watching(line.watcher(line.source(unit_s=60)))
        put(line.folder, "witness.csv")
        arrived("witness.csv")

        put(line.folder, "X/a.csv")

        arrived("X.txt", "witness.csv")
        wait_until(lambda: line.in_folder() == [], what="the pair's end")

    def test_without_its_folder_it_goes_alone_in_the_end(self, line, watching, arrived):
        """Its converter says what is missing."""
        (line.folder / "X.txt").write_text(self.HEAD)

        watching(line.watcher(line.source(unit_s=0.3)))

        arrived("X.txt")
        (file_id,) = line.spool.waiting()
        assert line.spool.source(file_id).read_text() == self.HEAD
        assert line.spool.place(file_id) is Place.WAITING
