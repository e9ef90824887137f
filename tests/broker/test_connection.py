"""One address, and everybody reaches the same broker: our own client and Celery's."""

import os
import signal
import socket
import socketserver
import subprocess
import threading
from contextlib import contextmanager
from pathlib import Path

import pytest
from kombu import Connection
from pydantic import ValidationError
from redis import Redis
from redis.exceptions import ConnectionError as NoConnection
from support import free_port, wait_until

from wats_broker.connection import celery_url, check_version, connect, doubts, masked, reach
from wats_broker.embedded import binary
from wats_broker.errors import BrokerUnreachable, UnfitBroker
from wats_broker.settings import BrokerSettings


@pytest.fixture
def serve(tmp_path: Path):
    """Starts plain servers: ``serve("requirepass x", …)`` gives a running one's port."""
    started = []

    def start(*lines: str, args: tuple[str, ...] = ()) -> int:
        port = free_port()
        conf = tmp_path / f"{port}.conf"
        conf.write_text("\n".join([f"port {port}", "bind 127.0.0.1", f"dir {tmp_path}", 'save ""', *lines]))
        started.append(subprocess.Popen([binary.find(), conf, *args], stdout=subprocess.DEVNULL))
        wait_until(lambda: _listens(port), what=f"a server on port {port}")
        return port

    yield start
    for process in started:
        process.kill()
        process.wait()


def _listens(port: int) -> bool:
    try:
        with connect(BrokerSettings(url=f"redis://127.0.0.1:{port}")) as client:
            client.ping()
    except NoConnection as error:
        return "Authentication" in str(error)  # it asks for a password: it is there
    return True


def _celery_reaches(settings: BrokerSettings, redis: Redis) -> bool:
    """Whether what kombu puts into a queue arrives in the database our client sees."""
    url, transport = celery_url(settings)
    with Connection(url, transport_options=transport) as connection, connection.SimpleQueue("road") as queue:
        queue.put({"ping": 1})
        return redis.llen("road") == 1


def test_celery_and_we_meet_over_tcp(serve):
    """With a user name, and a password full of signs that mean something in an address."""
    port = serve("user plant on >p@ss:/?#%3B;w ~* &* +@all", "user default off")
    settings = BrokerSettings(url=f"redis://plant@127.0.0.1:{port}/3", password="p@ss:/?#%3B;w")

    with connect(settings) as redis:
        assert redis.ping()
        assert _celery_reaches(settings, redis)


def test_celery_and_we_meet_over_a_unix_socket(serve, tmp_path):
    """Even when its path has signs that mean something in an address."""
    socket = tmp_path / "a socket;50%20 +x"
    serve(f'unixsocket "{socket}"', "requirepass p@ss")
    settings = BrokerSettings(url=f"unix://{socket}?db=2", password="p@ss")

    with connect(settings) as redis:
        assert redis.ping()
        assert _celery_reaches(settings, redis)


def test_celery_and_we_meet_at_the_embedded_server(broker, real_redis):
    """The address is looked up, nobody has to know the socket."""
    assert _celery_reaches(broker, real_redis)


@pytest.mark.slow
def test_celery_and_we_meet_behind_sentinels(serve, tmp_path):
    """The sentinels are asked for the master; each door has its own password."""
    master = serve("requirepass data")
    sentinel = serve(
        f"sentinel monitor plant 127.0.0.1 {master} 1",
        "sentinel auth-pass plant data",
        "requirepass watch",
        args=("--sentinel",),
    )
    settings = BrokerSettings(
        url=f"sentinel://127.0.0.1:{sentinel},127.0.0.1:{free_port()}/plant?db=1",
        password="data",
        sentinel_password="watch",
    )

    with reach(settings) as redis:
        assert _celery_reaches(settings, redis)
        redis.set("mine", 1)
        with connect(BrokerSettings(url=f"redis://127.0.0.1:{master}/1", password="data")) as direct:
            assert direct.get("mine") == "1"


def test_tls_options_reach_both(tmp_path):
    """Certificates are always checked; our own authority and certificate are passed on."""
    authority, own, key = (tmp_path / name for name in ("ca.pem", "own.pem", "key.pem"))
    for file in (authority, own, key):
        file.touch()
    settings = BrokerSettings(url="rediss://queue.example/1", ca_file=authority, cert_file=own, key_file=key)

    options = connect(settings).connection_pool.connection_kwargs
    url, _ = celery_url(settings)
    ssl = Connection(url).ssl

    assert options["ssl_cert_reqs"] == "required"
    assert (options["ssl_ca_certs"], options["ssl_keyfile"]) == (str(authority), str(key))
    assert (ssl["ssl_ca_certs"], ssl["ssl_certfile"]) == (str(authority), str(own))
    assert Connection(url).virtual_host == "1"


def test_a_script_is_never_sent_twice(serve):
    """The connection breaks before the answer comes: the caller hears of it, and the script ran once."""
    port = serve()
    with (
        _cut_before_the_answer(port, b"EVAL") as door,
        connect(BrokerSettings(url=f"redis://127.0.0.1:{door}")) as redis,
        pytest.raises(NoConnection),
    ):
        redis.eval("return redis.call('incr', 'runs')", 0)

    with connect(BrokerSettings(url=f"redis://127.0.0.1:{port}")) as direct:
        assert direct.get("runs") == "1"


@contextmanager
def _cut_before_the_answer(port: int, command: bytes):
    """A door to a server that passes everything on, but lets no answer to ``command`` through."""

    class Door(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with socket.create_connection(("127.0.0.1", port)) as server:
                while request := self.request.recv(65536):
                    server.sendall(request)
                    answer = server.recv(65536)
                    if command in request:
                        return
                    self.request.sendall(answer)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Door) as door:
        thread = threading.Thread(target=door.serve_forever, args=(0.01,))
        thread.start()
        yield door.server_address[1]
        door.shutdown()
        thread.join()


def test_a_server_that_restarted_is_found_again(serve, broker):
    """A connection that lay idle over the restart is noticed before the next command goes out."""
    port = serve()
    with connect(BrokerSettings(url=f"redis://127.0.0.1:{port}")) as redis:
        redis.ping()
        with connect(BrokerSettings(url=f"redis://127.0.0.1:{port}")) as other:
            other.client_kill_filter(_type="normal", skipme=True)

        assert redis.ping()


def test_reach_waits_for_a_server_that_comes_late(serve, tmp_path):
    """Stages may start before their broker."""
    port = serve()
    settings = BrokerSettings(url=f"redis://127.0.0.1:{port}", socket_timeout_s=0.2, connect_timeout_s=0.2)
    pid = int(connect(settings).info("server")["process_id"])
    os.kill(pid, signal.SIGSTOP)
    waker = threading.Timer(0.5, os.kill, (pid, signal.SIGCONT))
    waker.start()

    with reach(settings, patience_s=10) as redis:
        assert redis.ping()
    waker.join()


def test_an_absent_broker_is_named_with_the_fix():
    """The text has the address, the reason, and no password."""
    settings = BrokerSettings(url=f"redis://:s3cret@127.0.0.1:{free_port()}/0")

    with pytest.raises(BrokerUnreachable, match=r"127\.0\.0\.1.*refused.*\[broker\] url") as raised:
        reach(settings, patience_s=0)
    assert "s3cret" not in str(raised.value)


def test_an_embedded_server_that_was_never_started_is_named(tmp_path):
    """Single stages don't start it; they say who does."""
    with pytest.raises(BrokerUnreachable, match="wats-worker broker"):
        reach(BrokerSettings(url=f"embedded:{tmp_path}"), patience_s=0)


def test_waiting_ends_when_told_to():
    """A stage that is asked to stop while it waits for its broker stops."""
    stop = threading.Event()
    stop.set()

    with pytest.raises(BrokerUnreachable):
        reach(BrokerSettings(url=f"redis://127.0.0.1:{free_port()}"), patience_s=60, stop=stop)


@pytest.mark.parametrize("given", [{}, {"password": "wrong"}])
def test_a_wrong_password_is_not_waited_for(serve, given):
    """It would never come right by itself."""
    settings = BrokerSettings(url=f"redis://127.0.0.1:{serve('requirepass right')}", **given)

    with pytest.raises(UnfitBroker, match=r"does not let us in.*password_file"):
        reach(settings, patience_s=60)


class _Old:
    """A server that tells its version and nothing else."""

    def __init__(self, version: str) -> None:
        self.version = version

    def info(self, section: str) -> dict[str, str]:
        return {"redis_version": self.version}


def test_an_old_server_is_refused():
    """Celery and our scripts need 6.2."""
    check_version(_Old("6.2.0"), "redis://a")
    check_version(_Old("10.0.1"), "redis://a")

    with pytest.raises(UnfitBroker, match=r"version 6\.0\.16.*6\.2"):
        check_version(_Old("6.0.16"), "redis://a")


def test_a_server_that_would_lose_data_is_doubted(serve, real_redis):
    """It may evict what is queued, or forget all at a restart; ours does neither."""
    port = serve("maxmemory 100mb", "maxmemory-policy allkeys-lru")
    with connect(BrokerSettings(url=f"redis://127.0.0.1:{port}")) as careless:
        assert [doubt.rpartition(": ")[2] for doubt in doubts(careless)] == [
            "set maxmemory-policy noeviction",
            "set appendonly yes",
        ]

    assert doubts(real_redis) == []


@pytest.mark.parametrize(
    ("url", "fix"),
    [
        ("valkey://host", "write redis://"),
        ("http://host", "use one of embedded:, redis://"),
        ("redis://host:port", "redis://host:6379/0"),
        ("redis://host:6379/jobs", "redis://host:6379/0"),
        ("redis://", "redis://host:6379/0"),
        ("redis://host?ssl_cert_reqs=none", "redis://host:6379/0"),
        ("unix://socket", "unix:///path"),
        ("unix:///socket?db=one", "remove the rest"),
        ("sentinel://a:1,b:2", "/service?db=0"),
        ("embedded:relative/folder", "embedded:/path/to/folder"),
        ("embedded://folder", "embedded:/path/to/folder"),
    ],
)
def test_a_wrong_address_is_refused_with_the_right_form(url, fix):
    """At the moment it is read, not when somebody connects."""
    with pytest.raises(ValidationError) as raised:
        BrokerSettings(url=url)

    assert fix in raised.value.errors()[0]["ctx"]["fix"]


def test_the_password_leaves_the_address():
    """Whoever prints the settings, their address or an error shows no secret."""
    settings = BrokerSettings(url="redis://plant:s3%2Fcret@host/0", sentinel_password="hush")

    assert settings.url == "redis://plant@host/0"
    assert settings.password.get_secret_value() == "s3/cret"
    assert "s3/cret" not in f"{settings!r}{settings}"
    assert settings.secrets() == ["s3/cret", "hush"]
    assert masked(celery_url(settings)[0]) == "redis://plant:***@host/0"


def test_a_password_comes_from_one_place(tmp_path):
    """A file, without the newline an editor left; two sources would hide a mistake."""
    file = tmp_path / "password"
    file.write_text("s3cret\n")
    assert BrokerSettings(password_file=file).password.get_secret_value() == "s3cret"

    for given in ({"password": "x", "password_file": file}, {"url": "redis://:a@b", "password": "x"}):
        with pytest.raises(ValidationError):
            BrokerSettings(**given)


def test_tls_files_without_tls_are_a_mistake(tmp_path):
    """They would give a false sense of safety."""
    file = tmp_path / "ca.pem"
    file.touch()

    with pytest.raises(ValidationError, match="no effect without TLS"):
        BrokerSettings(url="redis://host", ca_file=file)
