"""Two releases on one line: what one can't read waits, is seen, and is delivered by the other."""

import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from kombu import Exchange, Queue
from prometheus_client.parser import text_string_to_metric_families
from running import wstf
from support import ROOT, wait_until
from worker.claimables import claimable

from wats_broker.embedded.server import EmbeddedServer
from wats_broker.names import CONVERT_TASK, Stage, celery_queue
from wats_worker.app.line import Line
from wats_worker.control.client import Client
from wats_worker.control.operator import read_token
from wats_worker.control.place import Place
from wats_worker.settings import load

pytestmark = pytest.mark.slow

TODAY = ("-m", "wats_worker")
TOMORROW = (str(ROOT / "tests/tomorrow.py"),)


@pytest.fixture
def config(tmp_path, server):
    (tmp_path / "in").mkdir()
    (tmp_path / "token").write_text(server.token)
    file = tmp_path / "wats.toml"
    file.write_text(
        f'schema_version = 2\n[broker]\nurl = "embedded:{tmp_path}/broker"\n'
        f'[server]\nurl = "{server.url}"\ntoken_file = "{tmp_path}/token"\n'
        f'[spool]\nfolder = "{tmp_path}/spool"\n[control]\nburst = 1000\nrequests_per_minute = 6000\n'
        f'[[sources]]\nname = "ict"\nfolder = "{tmp_path}/in"\ntimezone = "Europe/Oslo"\n'
    )
    return file


@pytest.fixture
def line(config, tmp_path):
    """Our own view of a line whose broker runs."""
    with EmbeddedServer(tmp_path / "broker"):
        line = Line(load(config), Stage.WATCH)
        yield line
        line.close()
        line.redis.close()


@pytest.fixture
def start(line, config, tmp_path):
    """Starts one stage of one release; every one of them has ended when the test is over."""
    started = []

    def start(release, stage):
        with (tmp_path / f"{stage}.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, *release, stage, "--config", str(config)], stdout=log, stderr=log
            )
        started.append(process)
        return process

    yield start
    for process in started:
        process.terminate()
    for process in started:
        process.wait(timeout=60)


def claimed(line, folder: Path) -> str:
    """A file that a watcher has just taken."""
    (folder / "unit.txt").write_bytes(wstf("SN-3"))
    file = claimable(folder, "unit.txt")
    line.spool.claim([file], keep=False)
    return file.file_id


def send(line, **body):
    """What a watcher of the newer release says to a worker of ours."""
    name = celery_queue("convert")
    queue = Queue(name, Exchange(""), routing_key=name)
    line.celery.send_task(CONVERT_TASK, kwargs=body, queue=queue)


def parked_by_metrics(line, place) -> float:
    token = read_token(place).get_secret_value()
    with httpx.Client(
        transport=httpx.HTTPTransport(uds=str(place.socket)),
        headers={"Authorization": f"Bearer {token}"},
    ) as monitor:
        told = monitor.get("http://line/metrics").raise_for_status().text
    families = {family.name: family for family in text_string_to_metric_families(told)}
    return families["wats_parked_messages"].samples[0].value


def test_a_message_of_protocol_3_waits_is_seen_and_is_delivered_after_the_upgrade(
    line, start, server, tmp_path
):
    """Nobody guesses what it means, and nobody drops it."""
    file_id, place = claimed(line, tmp_path / "in"), Place.of(line.settings)
    start(TODAY, Stage.CONTROL)
    worker = start(TODAY, Stage.CONVERT)

    send(line, protocol="3.0", file_id=file_id, urgency={"lane": "express"})

    wait_until(lambda: line.parking.look().count, what="the message to be parked", timeout=60)
    wait_until(lambda: _alive(line) >= {"control", "convert"}, what="both stages", timeout=60)
    with Client.local(line.settings) as control:
        status = control.status()
        wait_until(
            lambda: not _about(control, "messages").ok, what="the health page to tell of it", timeout=60
        )
        fix = _about(control, "messages").fix
    assert status.parked == 1
    assert any("protocol 3.0 is spoken there and 1.0 here" in concern for concern in status.concerns)
    assert "update the workers that are older" in fix
    assert parked_by_metrics(line, place) == 1
    assert server.state()["reports"] == 0

    worker.terminate()
    assert worker.wait(timeout=60) == 0
    start(TOMORROW, Stage.CONVERT)
    start(TOMORROW, Stage.UPLOAD)

    wait_until(lambda: server.state()["reports"] == 1, what="the report on the server", timeout=120)
    wait_until(lambda: line.parking.look().count == 0, what="nothing to be parked", timeout=60)
    assert [report["sn"] for report in server.reports()] == ["SN-3"]
    with Client.local(line.settings) as control:
        assert control.status().parked == 0


def _alive(line) -> set[str]:
    return {worker.stage for worker in line.fleet.alive()}


def _about(control, name):
    return next(one for one in control.health().dependencies if one.name == name)
