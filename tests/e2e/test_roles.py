"""The line on a server that knows every stage by name, and lets each do its own work and nothing else."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import servers
from redis import Redis
from redis.exceptions import RedisError
from running import RunningLine, wstf
from support import wait_until
from tunnel import Certificates, tunnel

from wats_broker.access import Scope
from wats_broker.names import Stage
from wats_worker.control.client import Client
from wats_worker.settings import load
from wats_worker.simulator.running import Simulator

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

STAGES = (Stage.WATCH, Stage.CONVERT, Stage.UPLOAD, Stage.POLL, Stage.BEAT, Stage.ARCHIVE, Stage.CONTROL)
SCHEDULED = """
[[scheduled]]
name = "polled"
poller = "listing"
every = "1s"
timezone = "Europe/Oslo"
[scheduled.poller_options]
folder = "{share}"
quiet_s = 0.5
"""


class StagesApart(RunningLine):
    """The same line with every stage started by itself, each under its own name at the broker."""

    def __init__(
        self, folder: Path, server: Simulator, *, port: int, passwords: Path, certificates: Certificates
    ) -> None:
        (folder / "share").mkdir()
        super().__init__(folder, server, source=SCHEDULED.format(share=folder / "share"))
        self._stages: list[subprocess.Popen[bytes]] = []
        self._logins = {
            stage: {
                "WATS_BROKER__URL": f"rediss://{stage}@localhost:{port}/0",
                "WATS_BROKER__PASSWORD_FILE": str(passwords / f"{stage}.password"),
            }
            for stage in STAGES
        }
        # What we look at it by ourselves.
        ours = f"""url = "rediss://control@localhost:{port}/0"
password_file = "{passwords}/control.password"
ca_file = "{certificates.authority}"
cert_file = "{certificates.client}"
key_file = "{certificates.client_key}\""""
        self.config.write_text(self.config.read_text().replace(f'url = "embedded:{folder}/broker"', ours))

    def start(self) -> None:
        for stage in STAGES:
            # Closed at once: the child has its own copy.
            with self.log.open("ab") as log:
                process = subprocess.Popen(
                    [sys.executable, "-m", "wats_worker", stage, "--config", str(self.config)],
                    stdout=log,
                    stderr=log,
                    env={**os.environ, **self._logins[stage]},
                )
            self._stages.append(process)
        wait_until(self._all_live, what=f"all stages to live; see {self.log}", timeout=300)

    def _all_live(self) -> bool:
        try:
            return set(STAGES) <= {worker.stage for worker in self.line.fleet.alive()}
        except RedisError:  # a handshake that took too long
            return False

    def stop(self) -> int:
        for process in self._stages:
            process.terminate()
        codes = [process.wait(timeout=120) for process in self._stages]
        self._stages.clear()
        return max(codes, default=0)


@pytest.fixture
def passwords(tmp_path: Path) -> Path:
    """What an operator has after `wats-worker broker acl`: the server's file and the passwords."""
    folder = tmp_path / "passwords"
    subprocess.run(
        [sys.executable, "-m", "wats_worker", "broker", "acl", tmp_path / "users.acl", "--passwords", folder],
        check=True,
        capture_output=True,
    )
    return folder


@pytest.fixture
def broker_port(tmp_path: Path, passwords: Path) -> Iterator[int]:
    with servers.server(
        tmp_path / "valkey", [f"aclfile {passwords.parent}/users.acl", "appendonly yes"]
    ) as found:
        yield found.port


@pytest.fixture
def line(tmp_path: Path, server: Simulator, passwords: Path, broker_port: int) -> Iterator[StagesApart]:
    """All stages, which reach the broker by TLS and show a certificate."""
    certificates = Certificates.made_in(tmp_path / "certificates")
    with tunnel(certificates, broker_port) as port:
        apart = StagesApart(tmp_path, server, port=port, passwords=passwords, certificates=certificates)
        try:
            apart.start()
            yield apart
        finally:
            code = apart.stop()
    assert code == 0, f"a stage ended with {code}; see {apart.log}"


def test_every_stage_does_all_its_work_under_its_own_name(line, passwords, broker_port):
    """Watched and polled, converted, quarantined, delivered, asked and steered; nothing had to be refused."""
    for number in range(4):
        line.drop(f"u{number}.wstf", wstf(f"WATCHED-{number}"))
    line.drop("broken.wstf", wstf("X").replace(b"SerialNumber\tX", b"SerialNumber\t"))
    (line.folder / "share" / "polled.wstf").write_bytes(wstf("POLLED-1"))
    line.wait_for(5)
    line.wait_for_rest()
    operate(line)
    line.drop("u4.wstf", wstf("WATCHED-4"))
    line.wait_for(6)
    line.wait_for_rest()

    password = (passwords / "admin.password").read_text().strip()
    with Redis(port=broker_port, username="admin", password=password, decode_responses=True) as admin:
        refused = admin.acl_log()

    assert [f"{one['username']}: {one['reason']} {one['object']}" for one in refused] == []
    assert len(line.delivered()) == 6


def operate(line: StagesApart) -> None:
    """An operator's day at the door."""
    with Client.local(load(line.config)) as door:
        door.status()
        door.workers()
        door.processes()
        door.sync_processes()
        door.files()
        (bad,) = door.quarantined().files
        door.replay(bad.file_id)
        door.buried()
        door.held()
        door.pause("lunch")
        door.resume()
        door.pause_source("in", reason="lunch")
        door.resume_source("in")
        door.disable_converter("wats-text", reason="lunch")
        door.enable_converter("wats-text")
        made = door.create_token("a tool", Scope.READ)
        door.rotate_token(made.token.id, grace_s=1.0)
        door.revoke_token(made.token.id)
        door.notes()
        door.trend()
