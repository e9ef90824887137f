"""A line on hosts without a shared disk: the files lie in an object store, and any host may die."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hosts import HOSTS, STAGES, Hosts
from objects import ObjectServer
from running import wstf
from support import wait_until

from wats_broker.embedded.server import EmbeddedServer
from wats_worker.simulator.running import Simulator

pytestmark = pytest.mark.slow


@pytest.fixture
def make_hosts(tmp_path: Path, server: Simulator) -> Iterator[Callable[..., Hosts]]:
    """Starts hosts; afterwards each is stopped in order."""
    made: list[Hosts] = []

    def make(**options: str) -> Hosts:
        made.append(Hosts(tmp_path / "hosts", server, objects, **options))
        made[0].start_all()
        return made[0]

    with ObjectServer(tmp_path / "objects") as objects, EmbeddedServer(tmp_path / "hosts" / "broker"):
        yield make
        objects.come_back()
        codes = made[0].stop_all()
    assert set(codes) == {0}, f"a host ended badly: {codes}"


def audit(hosts: Hosts, names: range) -> None:
    """Every unit is on the server under one id, and nothing lies on any host any more."""
    serials = sorted(report["sn"] for report in hosts.server.reports())
    assert serials == sorted(f"SN-{number}" for number in names)
    for host in HOSTS:
        spool = hosts.folder / host / "spool"
        left = [*spool.glob("files/*"), *spool.glob("quarantine/*"), *spool.glob("incoming/*/*")]
        assert left == [], f"{host} still has {left}"


def test_a_file_goes_from_host_to_host(make_hosts):
    """It comes back to where its source wants it, though who delivered it can't reach that folder."""
    hosts = make_hosts(after="move")

    for number in range(4):
        hosts.drop(f"{number}.txt", wstf(f"SN-{number}"))
    hosts.wait_for(4)
    hosts.wait_for_rest()

    audit(hosts, range(4))
    assert sorted(path.name for path in hosts.done.iterdir()) == [f"{number}.txt" for number in range(4)]
    assert "a-secret-of-the-store" not in "".join(hosts.log(name) for name in STAGES)


def test_hosts_die_and_the_store_goes_away(make_hosts):
    """Nothing is lost, nothing is doubled, and it goes on by itself."""
    hosts = make_hosts()
    for number in range(12):
        if number == 9:  # before the file is there, so that it can't be taken in between
            hosts.objects.go_away()
        hosts.drop(f"{number}.txt", wstf(f"SN-{number}"))
        if number in {3, 6}:
            name = {3: "convert", 6: "upload"}[number]
            hosts.kill(name)
            hosts.start(name)
        if number == 9:
            wait_until(
                lambda: "spool_unusable" in hosts.log("watch"),
                what="the watcher to say that the store is away",
                timeout=60,
            )
            hosts.objects.come_back()

    hosts.wait_for(12)
    hosts.wait_for_rest()

    audit(hosts, range(12))
