"""A factory goes into one file and comes out of it as it was; a file that is not whole is found out."""

import gzip
import hashlib
import io
import os
import shutil
import tarfile
import zlib
from pathlib import Path

import pytest
from pydantic import SecretStr
from redis import Redis
from worker.claimables import claimable

from wats_broker.fleet import Fleet, Worker
from wats_broker.names import Keys
from wats_broker.settings import BrokerSettings
from wats_broker.switches import Kind, Switches
from wats_worker.backup.check import check
from wats_worker.backup.errors import BackupError, BadBackup, NoSecrets, NotEmpty, Restless, StillRunning
from wats_worker.backup.make import make
from wats_worker.backup.restore import prepare, restore
from wats_worker.backup.retention import name, surplus
from wats_worker.backup.still import still
from wats_worker.settings import WorkerSettings, load
from wats_worker.spool.model import Place
from wats_worker.spool.store import DiskSpool

PASSPHRASE = SecretStr("correct horse battery staple")
TOKEN = "dG9rZW46MTIzNDU2Nzg5MGFiY2RlZg=="


class Factory:
    """A factory's folders and its configuration, with no line that works in it."""

    def __init__(self, home: Path, broker: BrokerSettings) -> None:
        home.mkdir()
        self.home = home
        self.inbox = home / "in"
        self.inbox.mkdir()
        self.config = home / "wats.toml"
        (home / "server.token").write_text(TOKEN)
        self.config.write_text(
            f"""schema_version = 2
[broker]
url = "{broker.url}"
[server]
url = "http://127.0.0.1:9"
token_file = "{home}/server.token"
[spool]
folder = "{home}/spool"
"""
        )
        self.settings: WorkerSettings = load(self.config)
        self.spool = DiskSpool(self.settings.spool.folder)

    def claim(self, file: str) -> str:
        (self.inbox / file).write_bytes(file.encode())
        found = claimable(self.inbox, file)
        self.spool.claim([found], keep=False)
        return found.file_id

    def files(self) -> dict[str, tuple[bytes, int]]:
        """Every file of it, with its content and its time."""
        folders = (self.settings.spool.folder, self.settings.archive_folder(), self.settings.audit_folder())
        return {
            str(path.relative_to(self.home)): (path.read_bytes(), path.stat().st_mtime_ns)
            for folder in folders
            for path in folder.rglob("*")
            if path.is_file() and path.suffix != ".lock"
        }

    def wipe(self) -> None:
        """All of it burns down."""
        self.spool.close()
        shutil.rmtree(self.home)
        self.home.mkdir()


@pytest.fixture
def factory(tmp_path: Path, broker: BrokerSettings, real_redis: Redis) -> Factory:
    """Files in every place, notes of sources and of an audit trail, and a switch that is off."""
    factory = Factory(tmp_path / "factory", broker)
    spool = factory.spool
    waiting, laid_aside = factory.claim("waiting.log"), factory.claim("aside.log")
    spool.save_reports(waiting, {"one": b'{"id":1}', "two": b'{"id":2}'})
    spool.delivered(waiting, "one", {"stored_as": "7"})
    spool.quarantine(laid_aside, {"reason": "no serial number"}, b"said")
    factory.claim("fresh.log")
    spool.polled("mes").mkdir(parents=True)
    (spool.polled("mes") / "cursor.json").write_text('{"cursor": 7}')
    spool.keep_processes("[]")
    for folder, file in (
        ("archive/files/ab", "record"),
        ("archive/blobs/cd", "bytes"),
        ("archive/holds", "label"),
        ("audit", "2026-11-23"),
    ):
        (factory.home / folder).mkdir(parents=True)
        (factory.home / folder / file).write_text("kept")
    Switches(real_redis, Keys()).turn_off(Kind.SOURCE, "in", who="me", reason="lunch")
    return factory


def brought_back(file: Path, factory: Factory, *, replace: bool = False, passphrase: SecretStr | None = None):
    about, place, _ = prepare(file, factory.config, passphrase)
    return restore(file, load(place), about, replace=replace)


def test_a_factory_comes_back_as_it_was(tmp_path, factory, real_redis):
    """Every file with its content and its time, to the nanosecond, and what the broker remembered."""
    before = factory.files()
    file = tmp_path / "backup.tar.gz"
    make(file, factory.settings, redis=real_redis, config=factory.config, passphrase=PASSPHRASE)
    factory.wipe()
    real_redis.flushall()

    done = brought_back(file, factory, passphrase=PASSPHRASE)

    assert factory.files() == before
    assert done.files == 3
    assert (factory.home / "server.token").read_text() == TOKEN
    assert "lunch" in str(Switches(real_redis, Keys()).off(Kind.SOURCE)["in"])
    spool = DiskSpool(factory.settings.spool.folder)
    assert not any(spool.changed(file_id) for file_id in spool.waiting())


def test_a_factory_is_not_overwritten_without_a_word(tmp_path, factory, real_redis):
    """Whoever restores into the wrong folder is told so, and nothing is touched."""
    file = tmp_path / "backup.tar.gz"
    make(file, factory.settings, redis=real_redis, config=factory.config)
    factory.claim("later.log")
    before = factory.files()

    with pytest.raises(NotEmpty):
        brought_back(file, factory)

    assert factory.files() == before


def test_with_a_word_what_was_there_is_put_aside(tmp_path, factory, real_redis):
    """It is not thrown away, and it is no part of the factory any more."""
    file = tmp_path / "backup.tar.gz"
    make(file, factory.settings, redis=real_redis, config=factory.config)
    before = factory.files()
    later = factory.claim("later.log")

    done = brought_back(file, factory, replace=True)

    now = {path: content for path, content in factory.files().items() if "before-" not in path}
    assert now == before
    assert (done.put_aside[0] / "files" / later / "source").read_bytes() == b"later.log"


def test_nothing_is_exchanged_under_a_running_line(tmp_path, factory, real_redis):
    """Not even with that word."""
    file = tmp_path / "backup.tar.gz"
    make(file, factory.settings, redis=real_redis, config=factory.config)
    Fleet(real_redis, Keys()).beat(Worker("host-watch-1", "watch", "host", 1, "0", "1.0", 0.0))

    with pytest.raises(StillRunning):
        brought_back(file, factory, replace=True)


def test_a_backup_is_of_one_factory(tmp_path, factory, real_redis):
    """Two factories may share a server; the wrong one's backup is turned away."""
    file = tmp_path / "backup.tar.gz"
    make(file, factory.settings, redis=real_redis, config=factory.config)
    factory.config.write_text(factory.config.read_text().replace("[broker]", '[broker]\nnamespace = "other"'))

    with pytest.raises(BadBackup, match="other"):
        brought_back(file, factory, replace=True)


def test_a_file_that_moved_on_meanwhile_is_where_it_was_last(tmp_path, factory, real_redis):
    """It is in the backup twice, and comes back once."""
    file = tmp_path / "backup.tar.gz"
    moved = next(factory.spool.waiting())
    make(file, factory.settings, redis=real_redis, config=factory.config)
    twice = add_members(
        file, {f"spool/quarantine/{moved}/source": b"moved", f"spool/quarantine/{moved}/meta.json": b"{}"}
    )
    factory.wipe()
    real_redis.flushall()
    (factory.home / "server.token").write_text(TOKEN)

    brought_back(twice, factory)

    home = factory.settings.spool.folder
    assert [place for place in Place if (home / place.value / moved).exists()] == [Place.QUARANTINED]


def test_secrets_stay_out_unless_a_passphrase_is_given(tmp_path, factory, real_redis):
    """A backup lies on shares that many can read."""
    file = tmp_path / "backup.tar.gz"
    make(file, factory.settings, redis=real_redis, config=factory.config)

    assert not check(file).has_secrets
    with tarfile.open(file) as tar:
        assert not any("token" in member for member in tar.getnames())


def test_without_the_passphrase_secrets_can_not_be_read(tmp_path, factory, real_redis):
    """Neither as text in the file, nor by trying another passphrase."""
    file = tmp_path / "backup.tar.gz"
    make(file, factory.settings, redis=real_redis, config=factory.config, passphrase=PASSPHRASE)

    with tarfile.open(file) as tar:
        sealed = tar.extractfile("secrets.age").read()
    assert TOKEN.encode() not in sealed
    with pytest.raises(NoSecrets):
        prepare(file, factory.config, SecretStr("another one"))


def test_a_backup_that_is_cut_off_is_none(tmp_path, factory, real_redis):
    """Wherever it ends: a disk was full, a copy was interrupted."""
    whole = tmp_path / "backup.tar.gz"
    made = make(whole, factory.settings, redis=real_redis, config=factory.config)
    part = tmp_path / "part.tar.gz"

    for size in (0, 1, 9, 10, made.size // 3, made.size // 2, made.size - 9, made.size - 1):
        part.write_bytes(whole.read_bytes()[:size])
        with pytest.raises(BadBackup):
            check(part)


def test_a_backup_with_a_wrong_byte_is_none(tmp_path, factory, real_redis):
    """Wherever it is, unless it unpacks to the same: two of a hundred bits say where zeros are copied from."""
    whole = tmp_path / "backup.tar.gz"
    made = make(whole, factory.settings, redis=real_redis, config=factory.config)
    content = whole.read_bytes()

    for place in range(20, made.size, made.size // 12):
        wrong = content[:place] + bytes([content[place] ^ 0x10]) + content[place + 1 :]
        if unpacked(wrong) == unpacked(content):
            continue
        whole.write_bytes(wrong)
        with pytest.raises(BadBackup):
            check(whole)


def test_a_backup_with_a_time_that_is_none_is_damaged(tmp_path, factory, real_redis):
    """Not a number where one has to be: whoever wrote that, it was not us."""
    file = tmp_path / "backup.tar.gz"
    make(file, factory.settings, redis=real_redis, config=factory.config)
    content = gzip.decompress(file.read_bytes())
    file.write_bytes(gzip.compress(content.replace(b"WATS.mtime_ns=1", b"WATS.mtime_ns=x")))

    with pytest.raises(BadBackup, match="damaged"):
        check(file)


def unpacked(content):
    """What a gzip file holds, or None if it is damaged."""
    try:
        return gzip.decompress(content)
    except (OSError, EOFError, zlib.error):
        return None


@pytest.mark.parametrize("member", ["../outside", "/etc/outside", "spool/files/../../../outside"])
def test_nothing_comes_out_of_its_folder(tmp_path, factory, real_redis, member):
    """A backup that somebody has made up writes nowhere else, and is no backup."""
    file = tmp_path / "backup.tar.gz"
    make(file, factory.settings, redis=real_redis, config=factory.config)

    with pytest.raises(BadBackup, match="does not belong"):
        check(add_members(file, {member: b"x"}))


def test_a_name_that_is_taken_is_not_overwritten(tmp_path, factory, real_redis):
    """The earlier backup may be the only good one."""
    file = tmp_path / "backup.tar.gz"
    file.write_bytes(b"an earlier one")

    with pytest.raises(FileExistsError):
        make(file, factory.settings, redis=real_redis, config=factory.config)

    assert file.read_bytes() == b"an earlier one"


def test_a_backup_that_fails_leaves_nothing_behind(tmp_path, factory, real_redis):
    """Half a file with a good name would be trusted one day."""
    folder = tmp_path / "backups"
    folder.mkdir()
    (factory.home / "server.token").unlink()
    (factory.home / "server.token").mkdir()
    broken = factory.settings.model_copy(
        update={"spool": factory.settings.spool.model_copy(update={"folder": Path("/proc/1/nowhere")})}
    )

    with pytest.raises((OSError, BackupError)):
        make(folder / "backup.tar.gz", broken, redis=real_redis, config=factory.config)

    assert list(folder.iterdir()) == []


def test_the_newest_are_kept(tmp_path):
    """Of this factory; whatever else lies in the folder is nobody's business."""
    for day in range(10):
        (tmp_path / name("wats", 1_800_000_000 + day * 86_400)).touch()
    (tmp_path / name("wats-2", 1_700_000_000)).touch()
    (tmp_path / "wats-important.tar.gz").touch()

    gone = surplus(tmp_path, "wats", keep=7)

    assert [file.name for file in gone] == [name("wats", 1_800_000_000 + day * 86_400) for day in range(3)]


def test_a_folder_is_held_still_while_files_are_added_to(tmp_path):
    """What is added, or put in a file's place, after it was held does not change what is copied."""
    entry = tmp_path / "entry"
    (entry / "inner").mkdir(parents=True)
    (entry / "inner" / "report").write_text("first")

    assert still(entry, tmp_path / "held")
    (entry / "new").write_text("second")
    (entry / "inner" / "report").replace(tmp_path / "old")
    (entry / "inner" / "report").write_text("second")

    assert (tmp_path / "held" / "inner" / "report").read_text() == "first"
    assert not (tmp_path / "held" / "new").exists()


def test_what_is_gone_is_told(tmp_path):
    """It moved on, and is found there."""
    assert not still(tmp_path / "gone", tmp_path / "held")


def test_what_never_stands_still_is_not_copied(tmp_path, monkeypatch):
    """Half of one state and half of another would be worse than none."""
    entry = tmp_path / "entry"
    entry.mkdir()
    (entry / "a").touch()
    link = Path.hardlink_to

    def busy(self: Path, target: Path) -> None:
        link(self, target)
        os.utime(target)  # somebody else was here

    monkeypatch.setattr(Path, "hardlink_to", busy)

    with pytest.raises(Restless):
        still(entry, tmp_path / "held")


def add_members(file: Path, members: dict[str, bytes]) -> Path:
    """A copy of a backup with further members before its checksums, which know of them."""
    other = file.with_name("other.tar.gz")
    with tarfile.open(file) as old, tarfile.open(other, "w:gz") as new:
        for card in old:
            if card.name in {"memory.jsonl", "SHA256SUMS"}:
                continue
            new.addfile(card, old.extractfile(card))
        sums = old.extractfile("SHA256SUMS").read()
        memory = old.extractfile("memory.jsonl").read()
        for name_, content in [*members.items(), ("memory.jsonl", memory)]:
            card = tarfile.TarInfo(name_)
            card.size = len(content)
            new.addfile(card, io.BytesIO(content))
            if name_ in members:
                sums += f"{hashlib.sha256(content).hexdigest()}  {name_}\n".encode()
        card = tarfile.TarInfo("SHA256SUMS")
        card.size = len(sums)
        new.addfile(card, io.BytesIO(sums))
    return other
