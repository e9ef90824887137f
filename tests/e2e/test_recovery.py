"""What the line meets in bad weather: a broker without memory, a full disk, a worker that hears nothing."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from celery import Celery
from running import STAGES, wstf
from support import wait_until

from wats_broker.connection import celery_url
from wats_broker.names import Stage

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]


def serials(line):
    return sorted(report["sn"] for report in line.delivered())


def test_a_broker_that_forgets_everything_while_a_thousand_reports_wait(line):
    """The spool knows them all: they are queued anew, delivered once, and everybody reports for work again."""
    line.server.stop()
    for n in range(1000):
        line.drop(f"unit{n:04}.txt", wstf(f"SN{n:04}"))
    wait_until(
        lambda: line.line.queue.census().reserved == 0 and line.line.queue.census().depth == 1000,
        what="a thousand reports to wait",
        timeout=90,
    )

    line.line.redis.flushall()
    line.server.start()
    line.wait_for(1000, timeout=120)
    line.wait_for_rest()

    assert serials(line) == [f"SN{n:04}" for n in range(1000)]
    assert {report["receiveCount"] for report in line.delivered()} == {1}
    assert line.server.state()["max_in_flight"] <= 5
    assert {worker.stage for worker in line.line.fleet.alive()} == STAGES


def test_a_worker_that_takes_no_messages_is_replaced(line):
    """Its connection is alive, its heart beats, it has nothing to do, and it takes nothing."""
    deaf = line.stage(Stage.CONVERT)
    url, transport = celery_url(line.line.settings.broker)
    celery = Celery(broker=url, broker_transport_options={**transport, "global_keyprefix": "wats:celery:"})
    celery.control.cancel_consumer("convert.v1", reply=True, timeout=5)

    line.drop("unit.txt", wstf("SN1"))
    wait_until(lambda: not deaf.is_running(), what="the deaf worker to be ended", timeout=60)
    line.wait_for(1)

    assert serials(line) == ["SN1"]
    assert '"worker_deaf"' in line.log.read_text()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of its own for the spool."""
    spool = tmp_path / "spool"
    spool.mkdir()
    if os.geteuid() != 0:
        pytest.skip("only root may mount a disk")
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=100m", "tmpfs", spool], check=False)
    if mounted.returncode:
        pytest.skip("mounting is not allowed here")
    yield spool
    subprocess.run(["umount", "--lazy", spool], check=True)


def fill(filler):
    """Take all that is left of a disk."""
    with suppress(OSError), filler.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(2**16))


def test_a_full_disk_stops_the_line_and_loses_nothing(small_disk, line):
    """Nothing is claimed, somebody is told, no file pays for it, and it goes on by itself."""
    for n in range(100):
        line.drop(f"unit{n:03}.txt", wstf(f"SN{n:03}"))
    line.wait_for(5)

    filler = small_disk / "filler"
    fill(filler)
    line.drop("late.txt", wstf("SN-LATE"))
    wait_until(lambda: line.ask("status").get("troubles"), what="somebody to be told", timeout=30)
    (trouble,) = line.ask("status")["troubles"]
    assert "left" in trouble["reason"]
    assert (line.inbox / "late.txt").exists()

    filler.unlink()
    line.wait_for(101, timeout=120)
    line.wait_for_rest()

    assert serials(line) == sorted([*(f"SN{n:03}" for n in range(100)), "SN-LATE"])
    assert line.ask("status")["healthy"]
