"""Writing to files: whole or not at all, private, one process at a time, and with a way back."""

import os
import signal
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from crashing import killed_at_every_line
from support import wait_until

from wats_broker import files
from wats_broker.files import Backups, Lock, NoGoodBackup, Occupied, held, writing

OLD = b"the old content, all of it\n"
NEW = b"the new content, and a little longer\n"

#: A process that holds a lock until it is killed.
HOLDER = """
import signal, sys
from pathlib import Path
from wats_broker.files import held
with held(Path(sys.argv[1])):
    print("held", flush=True)
    signal.pause()
"""


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def names(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


def in_small_bites(monkeypatch) -> None:
    """Every write takes a few bytes only, as on a disk that is nearly full."""
    write = os.write
    monkeypatch.setattr(writing.os, "write", lambda descriptor, view: write(descriptor, bytes(view[:7])))


class TestReplacing:
    def test_killed_at_any_step_it_leaves_the_old_or_the_new(self, tmp_path, monkeypatch):
        """Never half of it, and from some step on the new one for good."""
        in_small_bites(monkeypatch)
        place = tmp_path / "state"
        found = []
        files.write_atomically(place, OLD)
        for _ in killed_at_every_line(lambda: files.write_atomically(place, NEW)):
            found.append(place.read_bytes())
            files.write_atomically(place, OLD)

        assert set(found) == {OLD, NEW}
        assert found == sorted(found, key=[OLD, NEW].index)
        assert len(found) > 20

    def test_who_reads_meanwhile_never_sees_a_half(self, tmp_path, monkeypatch):
        """However often it is read while it is written."""
        in_small_bites(monkeypatch)
        place = tmp_path / "state"
        contents = [bytes([letter]) * 3000 for letter in b"abcdef"]
        files.write_atomically(place, contents[0])
        seen, over = set(), threading.Event()

        def read() -> None:
            while not over.is_set():
                seen.add(place.read_bytes())

        reader = threading.Thread(target=read)
        reader.start()
        for content in contents * 5:
            files.write_atomically(place, content, durable=False)
        over.set()
        reader.join()

        assert seen <= set(contents)

    def test_what_fails_leaves_no_litter(self, tmp_path, monkeypatch):
        """The old content stays, and nothing beside it."""
        place = tmp_path / "state"
        files.write_atomically(place, OLD)

        def full(*_: object) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(writing.os, "fsync", full)
        with pytest.raises(OSError, match="No space"):
            files.write_atomically(place, NEW)

        assert place.read_bytes() == OLD
        assert names(tmp_path) == ["state"]

    def test_it_is_for_the_owner_alone(self, tmp_path):
        """From its first byte on, whatever the umask allows."""
        before = os.umask(0)
        try:
            files.write_atomically(tmp_path / "secret", NEW)
            files.create_once(tmp_path / "token", NEW)
            files.append_line(tmp_path / "list", NEW)
            files.open_log(tmp_path / "log").close()
            files.private_folder(tmp_path / "folder")
        finally:
            os.umask(before)

        assert {mode(file) for file in tmp_path.iterdir() if file.is_file()} == {0o600}
        assert mode(tmp_path / "folder") == 0o700

    def test_a_persons_file_stays_as_it_was_but_for_its_content(self, tmp_path):
        """A link stays a link, and who could read it still can."""
        real = tmp_path / "real.toml"
        real.write_bytes(OLD)
        real.chmod(0o640)
        link = tmp_path / "link.toml"
        link.symlink_to(real)

        files.rewrite(link, NEW)

        assert link.is_symlink()
        assert (real.read_bytes(), mode(real)) == (NEW, 0o640)


class TestMaking:
    def test_killed_at_any_step_it_is_not_there_or_whole(self, tmp_path, monkeypatch):
        """Half a token would lock its owner out for good."""
        in_small_bites(monkeypatch)
        place = tmp_path / "token"
        found = []
        for _ in killed_at_every_line(lambda: files.create_once(place, NEW)):
            found.append(place.read_bytes() if place.exists() else None)
            place.unlink(missing_ok=True)

        assert set(found) == {None, NEW}

    def test_of_many_who_make_it_at_once_one_does(self, tmp_path):
        """And everybody finds what that one wrote."""
        place = tmp_path / "token"
        made = []

        def make(number: int) -> None:
            if files.create_once(place, str(number).encode()):
                made.append(number)

        makers = [threading.Thread(target=make, args=(number,)) for number in range(16)]
        for maker in makers:
            maker.start()
        for maker in makers:
            maker.join()

        assert made == [int(place.read_bytes())]
        assert names(tmp_path) == ["token"]

    def test_a_file_system_without_links_will_do(self, tmp_path, monkeypatch):
        """As on some memory sticks and shares."""

        def no_links(*_: object, **__: object) -> None:
            raise PermissionError(1, "Operation not permitted")

        monkeypatch.setattr(writing.os, "link", no_links)

        assert files.create_once(tmp_path / "token", NEW)
        assert not files.create_once(tmp_path / "token", OLD)
        assert (tmp_path / "token").read_bytes() == NEW
        assert names(tmp_path) == ["token"]

    def test_a_link_is_not_followed(self, tmp_path):
        """Whoever may name things in a folder must not make us write elsewhere."""
        (tmp_path / "victim").write_bytes(OLD)
        (tmp_path / "link").symlink_to(tmp_path / "victim")

        assert not files.create_once(tmp_path / "link", NEW)
        with pytest.raises(OSError, match="link"):
            files.append_line(tmp_path / "link", NEW)
        files.write_atomically(tmp_path / "link", NEW)
        assert (tmp_path / "victim").read_bytes() == OLD


class TestAdding:
    def test_killed_at_any_step_the_lines_before_stay(self, tmp_path, monkeypatch):
        """A torn line stands alone, and the next one is whole."""
        in_small_bites(monkeypatch)
        place = tmp_path / "lines"
        for _ in killed_at_every_line(lambda: files.append_line(place, b"0123456789")):
            files.append_line(place, b"after")

            *_, last = place.read_bytes().splitlines()
            assert last == b"after"
            torn = [line for line in place.read_bytes().splitlines() if line not in {b"after", b"0123456789"}]
            assert all(b"0123456789".startswith(line) for line in torn)


class TestLocks:
    def test_a_dead_holder_holds_nothing(self, tmp_path):
        """The kernel lets go for it, at once, and the note it left misleads nobody."""
        place = tmp_path / "config.lock"
        holder = subprocess.Popen([sys.executable, "-c", HOLDER, str(place)], stdout=subprocess.PIPE)
        assert holder.stdout is not None
        holder.stdout.readline()
        told = f"config.lock is locked by process {holder.pid} on "
        with pytest.raises(Occupied, match=told), held(place, patience_s=0.05):
            pass

        holder.send_signal(signal.SIGKILL)
        holder.wait()
        holder.stdout.close()

        with held(place, patience_s=5):
            assert f"process {os.getpid()} " in (tmp_path / "config.lock.holder").read_text()
        assert not (tmp_path / "config.lock.holder").exists()

    def test_the_kernels_lock_waits_for_its_turn(self, tmp_path):
        """Who comes second comes in when the first has left."""
        came = threading.Event()

        def come() -> None:
            with Lock(tmp_path / "lock"):
                came.set()

        with Lock(tmp_path / "lock"):
            second = threading.Thread(target=come)
            second.start()
            assert not came.wait(0.05)
        wait_until(came.is_set, what="the second one")
        second.join()


def is_new_or_old(content: bytes) -> None:
    if content not in {OLD, NEW}:
        raise ValueError("damaged")


class TestBackups:
    def test_so_many_are_kept_and_none_twice(self, tmp_path):
        """The newest ones, as private as the file."""
        place = tmp_path / "wats.toml"
        backups = Backups(place, keep=3)
        for number in range(5):
            files.write_atomically(place, str(number).encode())
            backups.add()
            backups.add()

        assert [backup.read_bytes() for backup in backups.newest_first()] == [b"4", b"3", b"2"]
        assert {mode(backup) for backup in backups.newest_first()} == {0o600}

    def test_a_damaged_file_gets_the_newest_good_content(self, tmp_path):
        """What was damaged is kept, under a name that says so."""
        place = tmp_path / "wats.toml"
        backups = Backups(place)
        for content in (OLD, NEW, b"half of th"):
            files.write_atomically(place, content)
            backups.add()

        recovered = backups.recover(is_new_or_old)

        assert place.read_bytes() == NEW
        assert recovered.backup.read_bytes() == NEW
        assert recovered.damaged.read_bytes() == b"half of th"
        assert recovered.damaged.name.endswith(".damaged")

    def test_what_a_crash_left_half_written_does_not_stay(self, tmp_path):
        """It may hold a secret. A draft of just now is somebody's who is still writing."""
        place = tmp_path / "wats.toml"
        files.write_atomically(place, OLD)
        for name in (
            ".wats.toml.0123abcd",
            ".wats.toml.20261123T043013.120Z.backup.0123abcd",
            ".other.0123abcd",
        ):
            (tmp_path / name).write_bytes(b"half")
            os.utime(tmp_path / name, (0, 0))
        (tmp_path / ".wats.toml.89abcdef").write_bytes(b"half")

        Backups(place).add()

        assert [name for name in names(tmp_path) if name.startswith(".")] == [
            ".other.0123abcd",
            ".wats.toml.89abcdef",
        ]

    def test_without_a_good_one_nothing_is_changed(self, tmp_path):
        """A damaged file is better than none."""
        place = tmp_path / "wats.toml"
        files.write_atomically(place, b"half")
        Backups(place).add()

        with pytest.raises(NoGoodBackup):
            Backups(place).recover(is_new_or_old)
        assert place.read_bytes() == b"half"
        assert not list(tmp_path.glob("*.damaged"))

    def test_killed_at_any_step_the_recovery_can_be_done_again(self, tmp_path):
        """There is never no file, and never a new kind of damage."""
        place = tmp_path / "wats.toml"
        backups = Backups(place)
        files.write_atomically(place, OLD)
        backup = backups.add()
        files.write_atomically(place, b"half")
        found = set()
        for _ in killed_at_every_line(lambda: backups.recover(is_new_or_old)):
            found.add(place.read_bytes())
            files.write_atomically(place, b"half")
            for left in {*tmp_path.iterdir()} - {place, backup}:
                left.unlink()

        assert found == {b"half", OLD}
        assert backups.newest_first()[0].read_bytes() == OLD
