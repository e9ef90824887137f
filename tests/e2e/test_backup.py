"""A factory burns down and comes back from a backup that was made while it worked."""

import shutil
import subprocess
import sys

import pytest
from running import RunningLine, wstf
from support import wait_until

from wats_broker.states import FileState

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def command(line: RunningLine, *words: str) -> None:
    """One command of the command line, which has to succeed."""
    done = subprocess.run(
        [sys.executable, "-m", "wats_worker", *words, "--config", str(line.config)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_nothing_is_lost_and_nothing_doubled(tmp_path, make_line):
    """Backed up in the middle of it, worked on, wiped, restored, started: the server has each report, once."""
    line = make_line()
    backups = tmp_path.with_name(f"{tmp_path.name}-backups")
    backups.mkdir()
    line.drop("bad.wstf", wstf("X").replace(b"SerialNumber\tX", b"SerialNumber\t"))
    for number in range(60):
        line.drop(f"u{number:02}.wstf", wstf(f"SN-{number:02}"))
    line.wait_for(10)
    command(line, "queue", "pause", "for a backup")
    wait_until(lambda: not list(line.inbox.glob("*.*")), what="every file to be claimed", timeout=120)

    command(line, "backup", str(backups), "--keep", "7")
    command(line, "queue", "resume")
    line.wait_for(35)
    line.kill_everything()
    wipe(line)
    (backup,) = backups.iterdir()
    command(line, "restore", str(backup))
    line.start()
    paused = line.line.queue.census().paused
    command(line, "queue", "resume")
    line.wait_for(60, timeout=240)
    line.wait_for_rest(timeout=120)

    assert paused == "for a backup"
    assert sorted(report["sn"] for report in line.delivered()) == [f"SN-{n:02}" for n in range(60)]
    assert line.line.journal.states()[FileState.QUARANTINED] == 1


def wipe(line: RunningLine) -> None:
    """All that the line has goes; the share, the server's token and the configuration are elsewhere."""
    line.line.redis.close()
    vars(line).pop("line", None)
    for name in ("spool", "broker", "archive", "audit", "control", "scratch"):
        shutil.rmtree(line.folder / name, ignore_errors=True)
