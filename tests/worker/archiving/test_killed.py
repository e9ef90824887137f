"""Kill -9 between delivered and archived, at every step and at every write; then all of it is proved.

An archive stage dies, another one goes on. After that the spool is empty, every byte is what it was, and a
catalogue made from the archive alone has, row by row, what the other one was fed with.
"""

import os
import signal
from zipfile import ZipFile

import pytest
from sqlalchemy import select
from worker.archives import archive_all
from worker.claimables import claimable
from worker.mortal import MortalStore, killed_at_every_act

from wats_worker.archive.archive import Archive
from wats_worker.catalogue.catalogue import Catalogue
from wats_worker.catalogue.rebuilding import rebuild
from wats_worker.catalogue.tables import files, reports
from wats_worker.spool.made import Making, ReportCard
from wats_worker.spool.post_actions import PostAction
from wats_worker.spool.store import DiskSpool
from wats_worker.store.folder import FolderStore

STEPS = (
    "keep-original", "keep-reports", "add-record", "enter", "post-action", "leave",
)  # fmt: skip


class Hall:
    """Delivered files on a spool, and an archive stage in a process of its own that takes them from there."""

    def __init__(self, root, action=PostAction.ARCHIVE):
        self.root, self.action = root, action
        self.inbox, self.done = root / "in", root / "done"
        self.inbox.mkdir()
        self.ids = {}
        Catalogue.open(None, root / "fed.sqlite").close()

    def deliver(self, name):
        (self.inbox / name).write_text(f"content of {name}")
        spool, file = DiskSpool(self.root / "spool"), claimable(self.inbox, name)
        spool.claim([file], keep=False)
        with spool.draft(file.file_id) as draft:
            for report in ("1", "2"):
                card = ReportCard(report_id=f"{name}-{report}", kind="T", serial=f"SN-{name}", result="P")
                draft.add(card, f"{name} {report}".encode())
            draft.keep(Making(converter="ict", version="1"))
        for report in ("1", "2"):
            spool.delivered(file.file_id, f"{name}-{report}", {"stored_as": f"S-{name}-{report}"})
        spool.finish(file.file_id)
        spool.close()
        self.ids[file.file_id] = name

    def archive(self, store=None, step=lambda _: None):
        """What the stage does until nothing is left."""
        archive = Archive(store or FolderStore(self.root / "archive"))
        spool = DiskSpool(self.root / "spool", remembered=archive.has)
        catalogue = Catalogue.open(None, self.root / "fed.sqlite")
        how = {"action": self.action, "folder": self.done, "now": lambda: 7.0}
        while archive_all(spool, archive, enter=catalogue.enter, step=step, **how):
            continue
        catalogue.close()
        spool.close()

    def killed(self, step):
        """The same in a process that the kernel ends before it makes this step for the second file."""
        left = [1 if step == "enter" else 2]

        def die(at):
            left[0] -= at == step
            if not left[0]:
                os.kill(os.getpid(), signal.SIGKILL)

        child = os.fork()
        if not child:
            try:
                self.archive(step=die)
            finally:
                os._exit(0)
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

    def prove(self):
        """Nothing is missing, nothing is there twice, and the archive alone tells all of it."""
        archive, spool = Archive(FolderStore(self.root / "archive")), DiskSpool(self.root / "spool")
        assert [*spool.finished(), *spool.waiting(), *spool.recover()] == []
        assert sorted(archive.file_ids()) == sorted(self.ids)
        for file_id, name in self.ids.items():
            record = archive.record(file_id)
            assert archive.editions(file_id) == [1]
            assert b"".join(archive.read(record.original)).decode() == f"content of {name}"
            assert [archive.report(record, f"S-{name}-{n}") for n in "12"] == [
                f"{name} {n}".encode() for n in "12"
            ]
        spool.close()
        zipped = [name for path in self.done.glob("*.zip") for name in ZipFile(path).namelist()]
        assert sorted(zipped) == (sorted(self.ids.values()) if self.action is PostAction.ZIP else [])
        anew = Catalogue.open(None, self.root / "anew.sqlite")
        assert rebuild(archive, anew) == []
        assert _rows(anew) == _rows(Catalogue.open(None, self.root / "fed.sqlite"))
        anew.close()


def _rows(catalogue):
    tables = [
        list(map(tuple, catalogue.ask(select(table).order_by(*table.primary_key.columns))))
        for table in (files, reports)
    ]
    catalogue.close()
    return tables


@pytest.mark.parametrize("action", [PostAction.ARCHIVE, PostAction.ZIP])
@pytest.mark.parametrize("step", STEPS)
def test_killed_at_every_step(tmp_path, step, action):
    """By the kernel, threads and all; the next stage goes on where it was."""
    hall = Hall(tmp_path, action)
    for name in ("a.csv", "b.csv", "c.csv"):
        hall.deliver(name)

    assert hall.killed(step) == -signal.SIGKILL
    hall.archive()

    hall.prove()


def test_killed_at_every_write_to_the_archive(tmp_path):
    """Between any two of them; whatever lies there half is finished by the next."""
    hall = Hall(tmp_path)
    hall.deliver("0.csv")

    for acts in killed_at_every_act(lambda acts: hall.archive(MortalStore(tmp_path / "archive", acts=acts))):
        hall.archive()
        hall.prove()
        hall.deliver(f"{acts + 1}.csv")

    assert len(hall.ids) >= 4
