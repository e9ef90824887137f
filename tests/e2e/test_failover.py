"""The broker dies, and the sentinels give its place to its copy: the line goes on there by itself."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import servers
from redis import Redis
from redis.exceptions import RedisError
from running import RunningLine, wstf
from support import wait_until

from wats_worker.simulator.running import Simulator

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

SENTINEL = """sentinel monitor factory 127.0.0.1 {master} 1
sentinel down-after-milliseconds factory 2000
sentinel failover-timeout factory 10000"""


class Watched:
    """A server, its copy, and a sentinel that watches both."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.master = stack.enter_context(servers.server(folder / "master", ["appendonly yes"]))
        copy_of = [f"replicaof 127.0.0.1 {self.master.port}", "appendonly yes"]
        self.copy = stack.enter_context(servers.server(folder / "copy", copy_of))
        lines = SENTINEL.format(master=self.master.port).splitlines()
        self.sentinel = stack.enter_context(servers.server(folder / "sentinel", lines, sentinel=True))
        wait_until(self._ready, what="the sentinel to know the copy, and the copy to be one", timeout=120)

    @property
    def url(self) -> str:
        return f"sentinel://127.0.0.1:{self.sentinel.port}/factory?db=0"

    def _ready(self) -> bool:
        with Redis(port=self.sentinel.port, decode_responses=True, protocol=2) as sentinel:
            known = sentinel.sentinel_slaves("factory")
        with Redis(port=self.copy.port, decode_responses=True, protocol=2) as copy:
            linked = copy.info("replication").get("master_link_status") == "up"
        return linked and any(one["port"] == self.copy.port for one in known)

    def copy_rules(self) -> bool:
        """Whether the copy has been given the place."""
        try:
            with Redis(port=self.copy.port, decode_responses=True, protocol=2) as copy:
                return copy.info("replication")["role"] == "master"
        except RedisError:
            return False


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    with ExitStack() as stack:
        yield Watched(tmp_path, stack)


def test_the_line_goes_on_at_the_copy(tmp_path: Path, server: Simulator, watched: Watched) -> None:
    """Files come all the time, before, while and after the broker dies; each is delivered, under one id."""
    line = RunningLine(tmp_path, server)
    line.config.write_text(
        line.config.read_text().replace(f'url = "embedded:{tmp_path}/broker"', f'url = "{watched.url}"')
    )
    try:
        line.start()
        drop(line, range(15))
        line.wait_for(3)

        watched.master.kill()
        drop(line, range(15, 30))
        wait_until(watched.copy_rules, what="the copy to be given the place", timeout=120)
        drop(line, range(30, 40))

        line.wait_for(40, timeout=240)
        line.wait_for_rest(timeout=120)
    finally:
        code = line.stop()

    assert sorted(report["sn"] for report in line.delivered()) == [f"SN-{n:02}" for n in range(40)]
    assert code == 0


def drop(line: RunningLine, numbers: range) -> None:
    for number in numbers:
        line.drop(f"u{number:02}.wstf", wstf(f"SN-{number:02}"))
