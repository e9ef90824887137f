"""Two control processes on one broker: what one grants, the other has granted."""

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle, islice

import httpx
import pytest
from support import wait_until

from wats_broker.access import Access, Scope
from wats_broker.names import Keys, Stage
from wats_worker.app.line import Line
from wats_worker.control.place import Place
from wats_worker.settings import load

pytestmark = pytest.mark.slow

PER_MINUTE, BURST = 60, 20


@pytest.fixture
def replicas(tmp_path, broker, real_redis):
    """Two of them, each with a door of its own; gives their places. Both have ended when the test is over."""
    places, processes = [], []
    for name in ("one", "two"):
        config = tmp_path / f"{name}.toml"
        config.write_text(
            f'[broker]\nurl = "{broker.url}"\n[spool]\nfolder = "{tmp_path}/spool"\n'
            f'[control]\nfolder = "{tmp_path}/{name}"\nrequests_per_minute = {PER_MINUTE}\nburst = {BURST}\n'
        )
        places.append(Place.of(load(config)))
        with (tmp_path / f"{name}.log").open("wb") as log:
            command = [sys.executable, "-m", "wats_worker", "control", "--config", str(config)]
            processes.append(subprocess.Popen(command, stdout=log, stderr=log))
    line = Line(load(tmp_path / "one.toml"), Stage.WATCH)
    wait_until(lambda: len(line.fleet.alive()) == 2, what="two doors", timeout=120)
    yield places
    for process in processes:
        process.terminate()
    assert [process.wait(timeout=60) for process in processes] == [0, 0]
    line.redis.close()


def test_a_token_spends_from_one_bucket_wherever_it_knocks(replicas, real_redis):
    """Many at once, at both doors in turns: the bucket's worth is granted and no more, and the rest told when."""
    _, token = Access(real_redis, Keys()).create("robot", Scope.READ)
    doors = [
        httpx.Client(
            transport=httpx.HTTPTransport(uds=str(place.socket)),
            base_url="http://line",
            headers={"Authorization": f"Bearer {token}"},
            timeout=60,
        )
        for place in replicas
    ]
    began = time.monotonic()

    with ThreadPoolExecutor(16) as crowd:
        answers = list(crowd.map(lambda door: door.get("/api/v2/workers"), islice(cycle(doors), 200)))

    took = time.monotonic() - began
    granted = [one for one in answers if one.status_code == 200]
    for door in doors:
        door.close()
    assert BURST <= len(granted) <= BURST + took * PER_MINUTE / 60 + 1
    assert {one.status_code for one in answers} == {200, 429}
    assert all(int(one.headers["Retry-After"]) >= 1 for one in answers if one.status_code == 429)


def test_a_token_that_is_revoked_at_one_door_is_over_at_the_other(replicas, real_redis):
    """At once: nobody keeps it in his memory."""
    access = Access(real_redis, Keys())
    kept, token = access.create("robot", Scope.READ)

    def asked(place):
        with httpx.Client(transport=httpx.HTTPTransport(uds=str(place.socket))) as visitor:
            headers = {"Authorization": f"Bearer {token}"}
            return visitor.get("http://line/api/v2/workers", headers=headers, timeout=60).status_code

    before = [asked(place) for place in replicas]
    access.revoke(kept.id)

    assert (before, [asked(place) for place in replicas]) == ([200, 200], [401, 401])
