"""A short storm over a whole line, and proof that the audit at its end would notice.

The long form is ``make chaos``.
"""

from pathlib import Path

import pytest
from chaos import plan, tide
from chaos.audit import audit
from chaos.rig import BOUND, WIDTH
from chaos.storm import run

#: After these the whole line needs a while to come back, and nothing is under way for the others to hit.
LONG_FORM_ONLY = {"kill-supervisor", "stop-supervisor", "term-broker-stage"}


@pytest.mark.slow
@pytest.mark.timeout(480)  # on a machine where all is slow; usually it takes less than a minute
def test_nothing_is_lost_and_nothing_comes_twice(tmp_path):
    """Twenty faults of all kinds within seconds, while files of several formats arrive."""
    figures = run(
        plan.make(7, acts=24, seconds=14, files=240, without=LONG_FORM_ONLY), tmp_path, huge_steps=2000
    )

    print(figures.as_json())
    assert figures.troubles == []
    assert figures.faults.total() >= 15
    assert figures.queue_max <= BOUND
    assert figures.in_flight_max <= WIDTH


@pytest.fixture
def world(tmp_path):
    """A spool and a server in which one good and one bad file have become what they should."""
    return World(tmp_path)


class World:
    """What an audit looks at, made by hand."""

    def __init__(self, root: Path) -> None:
        self.spool = root / "spool"
        self.inboxes = {name: root / "in" / name for name in tide.SOURCES}
        for inbox in self.inboxes.values():
            inbox.mkdir(parents=True)
        self.good = tide.Dropped("text", "good.txt", b"good", ("SN1",))
        self.bad = tide.Dropped("text", "bad.txt", b"bad", ())
        self.dropped = [self.good, self.bad]
        self.put(self.good, "archive")
        self.put(self.bad, "quarantine")
        self.stored = [{"sn": "SN1", "uuid": "id-1", "receiveCount": 1}]
        self.requests = [{"method": "POST", "id": "id-1", "status": 200}]

    def folder(self, file: tide.Dropped, tree: str) -> Path:
        if tree == "archive":
            return self.spool.parent / "archive/files" / file.file_id[:2] / file.file_id
        return self.spool / tree / file.file_id

    def put(self, file: tide.Dropped, tree: str) -> None:
        folder = self.folder(file, tree)
        folder.mkdir(parents=True)
        (folder / ("000001" if tree == "archive" else "meta.json")).touch()

    def remove(self, file: tide.Dropped, tree: str) -> None:
        (self.folder(file, tree) / ("000001" if tree == "archive" else "meta.json")).unlink()

    def audit(self):
        return audit(self.dropped, self.inboxes, self.spool, self.stored, self.requests)


def test_a_world_in_order_is_found_in_order(world):
    """Every file in one place, every report once."""
    found = world.audit()

    assert (found.lost, found.unexpected, found.doubled, found.waiting) == ([], [], [], [])
    assert (found.delivered, found.quarantined, found.attempts, found.acknowledged) == (1, 1, 1, 1)


def test_a_file_that_is_nowhere_is_lost(world):
    """Neither in its folder nor in any tree of the spool."""
    world.remove(world.bad, "quarantine")

    assert world.audit().lost == ["bad.txt: is nowhere"]


def test_a_delivered_file_whose_report_is_not_stored_is_lost(world):
    """The line says delivered; the server knows better."""
    world.stored, world.requests = [], []

    assert world.audit().lost == ["good.txt: SN1 is not stored"]


def test_a_file_in_two_places_is_found(world):
    """It would be converted again."""
    world.put(world.good, "files")

    assert world.audit().unexpected == ["good.txt: is in 2 places: waiting, delivered"]


def test_a_good_file_in_quarantine_is_found(world):
    """Bad weather must not look like a bad file."""
    world.remove(world.good, "archive")
    world.put(world.good, "quarantine")

    assert "good.txt: a good file was quarantined" in world.audit().unexpected


def test_a_report_that_nobody_dropped_is_found(world):
    """Where does it come from?"""
    world.stored.append({"sn": "SN9", "uuid": "id-9", "receiveCount": 1})

    assert world.audit().unexpected == ["SN9: nobody dropped it"]


def test_a_report_under_two_ids_is_doubled(world):
    """Stored twice, or taken by the server for the one it has: both are seen."""
    world.stored.append({"sn": "SN1", "uuid": "id-2", "receiveCount": 1})
    world.requests.append({"method": "POST", "id": "id-3", "status": 200})

    assert len(world.audit().doubled) == 2


def test_a_file_that_stays_in_its_folder_is_waiting(world):
    """Not lost, and not done."""
    world.remove(world.good, "archive")
    (world.inboxes["text"] / "good.txt").touch()

    assert world.audit().waiting == ["good.txt: in its folder"]
