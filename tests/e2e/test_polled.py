"""Scheduled sources from end to end: Celery beat ticks, a poll worker asks, every item is delivered once."""

import sqlite3
from contextlib import closing, suppress

import psutil
import pytest
from running import wstf
from support import wait_until

from wats_broker.names import Stage

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]


def scheduled(poller: str, *options: str) -> str:
    lines = ["[[scheduled]]", 'name = "polled"', f'poller = "{poller}"', 'every = "1s"']
    return "\n".join([*lines, 'timezone = "Europe/Oslo"', "[scheduled.poller_options]", *options])


def serials(line):
    return sorted(report["sn"] for report in line.delivered())


def test_a_database_is_polled_every_second_whoever_is_killed(tmp_path, make_line):
    """Rows come all the time; worker and clock die in the middle of a poll, and every row arrives once."""
    database = tmp_path / "mes.db"

    def insert(first, last):
        with closing(sqlite3.connect(database, timeout=30)) as connection, connection:
            connection.executemany(
                "INSERT INTO results VALUES (?, ?, ?)",
                [(n, f"SN{n:03}", wstf(f"SN{n:03}")) for n in range(first, last)],
            )

    with closing(sqlite3.connect(database)) as connection:
        connection.execute("CREATE TABLE results (id INTEGER PRIMARY KEY, serial TEXT, log BLOB)")
    line = make_line(
        source=scheduled(
            "sql",
            f'database = "{database}"',
            'query = "SELECT id, serial, log FROM results WHERE id > :cursor ORDER BY id"',
            'cursor = "id"',
            "start = 0",
            'content = "log"',
            'name = "{serial}.txt"',
            "most_rows = 40",
        )
    )
    insert(1, 101)
    line.wait_for(1)

    worker, beat = line.stage(Stage.POLL), line.stage(Stage.BEAT)
    wait_until(lambda: _pollers(worker), what="a poller's process", timeout=20)
    (poller,) = _pollers(worker)
    worker.kill()
    beat.kill()
    insert(101, 201)
    wait_until(lambda: not poller.is_running(), what="the poller to end with its worker")
    line.wait_for(200, timeout=90)
    line.wait_for_rest()

    assert serials(line) == [f"SN{n:03}" for n in range(1, 201)]
    assert {report["receiveCount"] for report in line.delivered()} == {1}
    assert line.ask("status")["healthy"]


def test_a_listed_folder_keeps_its_files_and_gives_each_once(tmp_path, make_line):
    """However often it is listed; a folder that goes away is told."""
    share = tmp_path / "share"
    share.mkdir()
    for n in range(20):
        (share / f"unit{n:02}.txt").write_bytes(wstf(f"SN{n:02}"))
    line = make_line(source=scheduled("listing", f'folder = "{share}"', "quiet_s = 0.5"))
    line.wait_for(20)

    (share / "unit20.txt").write_bytes(wstf("SN20"))
    line.wait_for(21)
    line.wait_for_rest()
    share.rename(tmp_path / "away")
    wait_until(lambda: line.ask("status").get("troubles"), what="somebody to be told", timeout=20)

    (trouble,) = line.ask("status")["troubles"]
    assert "can't be listed" in trouble["reason"]
    assert serials(line) == [f"SN{n:02}" for n in range(21)]
    assert {report["receiveCount"] for report in line.delivered()} == {1}
    assert len(list((tmp_path / "away").iterdir())) == 21


def _pollers(worker: psutil.Process) -> list[psutil.Process]:
    """The processes that pollers run in."""
    found = []
    for child in worker.children():
        with suppress(psutil.Error):  # it has just ended
            if "wats_worker.poll.child" in child.cmdline():
                found.append(child)
    return found
