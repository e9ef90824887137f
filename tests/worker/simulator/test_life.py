"""A simulator in its own process: it comes, goes away, comes back, and forgets nothing it has answered for."""

import os
import signal
import subprocess
import sys
import threading

import httpx
import psutil
import pytest
from simulated import connected, post, uut_report
from support import wait_until

from wats_worker.simulator.settings import Token

PARENT = """
import pathlib, sys, time
from wats_worker.simulator.running import Simulator
simulator = Simulator(pathlib.Path(sys.argv[1])).start()
print(simulator.pid, flush=True)
time.sleep(60)
"""


def test_a_server_that_is_away_refuses_and_comes_back_the_same(simulators):
    """The same port, the same store, the same settings: only the time between is missing."""
    wats = simulators()
    url = wats.url
    wats.change(latency_ms=1)
    with connected(wats) as client:
        report = post(client, uut_report()).json()[0]
        wats.stop()
        with pytest.raises(httpx.ConnectError):
            post(client, uut_report())
        wats.start()
        again = client.get(f"/api/Report/Wsjf/{report['uuid']}")

    assert again.status_code == 200
    assert (wats.url, wats.settings.latency_ms) == (url, 1)
    assert (wats.state()["max_in_flight"], wats.state()["statuses"]) == (1, {200: 2})


@pytest.mark.parametrize("synchronous", [False, True])
def test_an_answered_upload_survives_kill_9(simulators, synchronous):
    """Killed in the middle of uploads from several clients, the store has every report that got its 200."""
    wats = simulators(rate=0, synchronous=synchronous)
    confirmed = []

    def upload():
        with connected(wats) as client:
            try:
                while True:
                    confirmed.append(post(client, uut_report(sn="x" * 50)).json()[0]["uuid"])
            except httpx.TransportError:
                pass

    uploads = [threading.Thread(target=upload) for _ in range(4)]
    for thread in uploads:
        thread.start()
    wait_until(lambda: len(confirmed) > 100, what="a hundred confirmed uploads")
    wats.kill()
    for thread in uploads:
        thread.join()
    wats.start()

    stored = [row["uuid"] for row in wats.reports()]
    assert set(confirmed) <= set(stored)
    assert len(stored) - len(confirmed) <= 4


def test_an_upload_under_way_does_not_hold_up_the_end(simulators):
    """Its client sees a cut connection, at most a second or so later."""
    wats = simulators()
    wats.fault("stall", seconds=60)
    outcome = []

    def upload():
        with connected(wats) as client:
            try:
                post(client, uut_report())
            except httpx.TransportError as error:
                outcome.append(error)

    thread = threading.Thread(target=upload)
    thread.start()
    wait_until(lambda: wats.state()["in_flight"] == 1, what="the upload that stalls")
    wats.stop()
    thread.join(5)

    assert len(outcome) == 1


def test_no_secret_stands_in_the_process_list(simulators):
    """Tokens go over the standard input, never over the command line or the environment."""
    wats = simulators(tokens=(Token("very-secret"),))
    process = psutil.Process(wats.pid)
    shown = " ".join(process.cmdline()) + str(process.environ())

    assert "very-secret" not in shown
    assert wats.settings.control_token not in shown
    assert "very-secret" not in repr(wats.settings)


def test_a_server_does_not_outlive_its_parent(tmp_path):
    """Even a killed parent leaves no server behind."""
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(tmp_path / "wats.sqlite")], stdout=subprocess.PIPE, text=True
    )
    with parent:
        child = int(parent.stdout.readline())
        os.kill(parent.pid, signal.SIGKILL)

    wait_until(lambda: not psutil.pid_exists(child), what="the end of the orphan")


def test_a_server_on_ipv6_is_a_server(simulators):
    """Its address goes into brackets."""
    wats = simulators(host="::1", prefix="/wats")
    with connected(wats) as client:
        assert post(client, uut_report()).status_code == 200
        assert wats.state()["reports"] == 1


def test_a_server_that_can_not_start_says_so(simulators):
    """Two servers don't share a port, and the second one does not pretend."""
    wats = simulators()
    with pytest.raises(RuntimeError, match="did not start"):
        simulators(port=wats.port)
