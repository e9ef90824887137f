"""A spool in a store that is away, slow, read-only or shared with another host: nothing is lost, and it goes on."""

from pathlib import Path

import pytest

from wats_worker.spool.errors import SpoolUnusable
from wats_worker.spool.model import Outcome, Place
from wats_worker.spool.post_actions import PostAction
from wats_worker.spool.shared import SharedSpool
from wats_worker.spool.store import DiskSpool
from wats_worker.spool.weather import SpoolStore
from wats_worker.store.errors import StoreUnusable
from wats_worker.store.folder import FolderStore


class MoodyStore(FolderStore):
    """A store that is away from one act on, or takes nothing."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.away_after = float("inf")  #: so many acts are done before
        self.read_only = False

    def _ask(self, *, writes: bool = False) -> None:
        self.away_after -= 1
        if self.away_after < 0:
            raise StoreUnusable(self.name, "it can't be reached")
        if self.read_only and writes:
            raise StoreUnusable(self.name, "it answers AccessDenied")

    def create(self, key, data):
        self._ask(writes=True)
        return super().create(key, data)

    def replace(self, key, data, version):
        self._ask(writes=True)
        return super().replace(key, data, version)

    def put(self, key, source):
        self._ask(writes=True)
        super().put(key, source)

    def get(self, key):
        self._ask()
        return super().get(key)

    def size(self, key):
        self._ask()
        return super().size(key)

    def fetch(self, key, target):
        self._ask()
        return super().fetch(key, target)

    def list(self, prefix="", *, after=""):
        self._ask()
        return super().list(prefix, after=after)

    def back(self) -> None:
        """All is well again."""
        self.away_after, self.read_only = float("inf"), False


@pytest.fixture
def store(tmp_path):
    return MoodyStore(tmp_path / "store")


@pytest.fixture
def make_spool(store, tmp_path):
    """A host's view of the spool."""
    made = []

    def make(host="host", **options):
        made.append(SharedSpool(store, DiskSpool(tmp_path / host), **options))
        return made[-1]

    yield make
    store.back()
    for spool in made:
        spool.close()


@pytest.fixture
def spool(make_spool):
    return make_spool()


def landing(tmp_path, host="host"):
    return [path.name for path in (tmp_path / host / "files").iterdir()]


def test_nothing_is_taken_while_the_store_is_away(spool, store, drop, folder):
    """It is found out before a file is touched."""
    file = drop()
    store.away_after = 0

    with pytest.raises(SpoolUnusable):
        spool.claim([file], keep=False)

    assert [path.name for path in folder.iterdir()] == ["board.csv"]


@pytest.mark.parametrize("acts", range(1, 6))
@pytest.mark.parametrize("keep", [False, True])
def test_a_store_that_goes_away_in_the_middle_of_a_claim(spool, store, drop, tmp_path, folder, acts, keep):
    """The file is safe on its host, and comes to the store when that is back."""
    file = drop()
    store.away_after = acts

    (claimed,) = spool.claim([file], keep=keep)
    store.back()
    spool.recover()

    assert claimed.outcome in {Outcome.BUSY, Outcome.CLAIMED}
    assert list(spool.waiting()) == [file.file_id]
    assert spool.place(file.file_id) is Place.WAITING
    with spool.bytes_of(file.file_id) as path:
        assert path.read_bytes() == b"PASS"
    assert landing(tmp_path) == []
    assert (folder / "board.csv").exists() is keep


def test_the_room_tells_of_the_store(spool, store):
    """As soon as something failed, and until it can be written again."""
    assert spool.room().problem == ""
    store.away_after = 0
    with pytest.raises(SpoolUnusable):
        spool.place("0" * 32)

    away = spool.room()
    store.back()
    well = spool.room()

    assert "it can't be reached" in away.problem
    assert not away.writable
    assert well.problem == ""
    assert well.writable


def test_a_store_that_may_only_be_read_has_no_room(spool, store):
    """It says so before anything is taken."""
    store.read_only = True

    assert "AccessDenied" in spool.room().problem


def test_a_slow_store_has_no_room(store):
    """A little write takes longer than anybody waits for."""
    times = iter([0.0, 1.0, 8.0, 9.0, 20.0, 26.0, 26.0, 30.0, 30.1, 30.1])
    slow = SpoolStore(store, mark="tempo/x", patience_s=5, clock=lambda: next(times))

    assert "too slow: it takes 7.0 s" in slow.trouble()
    assert "it takes 6.0 s" in slow.trouble()
    assert slow.trouble() == ""


@pytest.mark.parametrize("acts", range(4))
def test_reports_that_the_store_does_not_take_are_made_again(spool, store, take, acts):
    """What was there before is still there."""
    file_id = take()
    store.away_after = acts

    with pytest.raises(SpoolUnusable):
        spool.save_reports(file_id, {"r1": b"1"})
    store.back()

    assert not spool.converted(file_id)
    spool.save_reports(file_id, {"r1": b"1"})
    assert spool.report(file_id, "r1") == b"1"


def test_two_hosts_take_the_same_bytes_at_the_same_moment(make_spool, drop, tmp_path, done):
    """One of them takes the file, the other one a second copy."""
    other = make_spool("other")
    second = drop("b.csv", b"PASS")

    def meanwhile(step):
        if step == "put-source":
            other.claim([second], keep=False)

    spool = make_spool("host", step=meanwhile)
    (claimed,) = spool.claim([drop("a.csv", b"PASS")], keep=False)
    spool.recover()

    assert claimed.outcome is Outcome.KNOWN
    assert claimed.copy.read_bytes() == b"PASS"
    assert spool.meta(second.file_id).name == "b.csv"
    assert list(spool.waiting()) == [second.file_id]
    spool.dispose(claimed, PostAction.MOVE, done)
    assert (done / "a.csv").read_bytes() == b"PASS"
    assert landing(tmp_path) == []


def test_a_second_copy_that_nobody_ended_goes_with_the_next_recovery(make_spool, drop, tmp_path):
    """Its host was killed before it could."""
    other = make_spool("other")
    second = drop("b.csv", b"PASS")
    spool = make_spool("host", step=lambda step: step == "put-source" and other.claim([second], keep=False))
    spool.claim([drop("a.csv", b"PASS")], keep=False)

    make_spool("host").recover()

    assert landing(tmp_path) == []
    assert list(spool.waiting()) == [second.file_id]


def test_a_file_whose_card_was_lost_on_its_host_is_for_a_person(spool, tmp_path):
    """Its bytes come to the store all the same."""
    corner = tmp_path / "host" / "incoming" / "dead" / "1" / "0"
    corner.mkdir(parents=True)
    (corner / "source").write_bytes(b"PASS")

    (file_id,) = spool.recover()

    assert list(spool.quarantined()) == [file_id]
    assert "its name and source were lost" in spool.reason(file_id)["reason"]
    assert spool.has_bytes(file_id)
    assert landing(tmp_path) == []


def test_what_somebody_writes_to_does_not_go_to_the_store_yet(spool, drop, tmp_path):
    """It goes under the id that its content gives in the end."""
    file = drop()
    home = tmp_path / "host" / "files" / file.file_id

    def write_on(step):
        if step == "put-source":
            with (home / "source").open("ab") as writer:
                writer.write(b" AND MORE")

    late = SharedSpool(spool._store, DiskSpool(tmp_path / "host"), step=write_on)
    (claimed,) = late.claim([file], keep=False)
    late.close()
    spool.recover()

    assert claimed.outcome is Outcome.BUSY
    (file_id,) = spool.waiting()
    assert file_id != file.file_id
    with spool.bytes_of(file_id) as path:
        assert path.read_bytes() == b"PASS AND MORE"
