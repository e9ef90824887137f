"""The client against a real server that keeps its word to the byte, or breaks it as told."""

import gzip
import shutil
import socket
import ssl
import subprocess
import threading
import time
import traceback
import zlib

import pytest
from support import free_port, wait_until

from wats_worker.upload.answer import Fault
from wats_worker.upload.client import ProcessesUnknown, WatsClient

TOKEN = "c3RhdGlvbjpwYXNzY29kZS0xMjM="  # station:passcode-123
PASSCODE = "passcode-123"
REPORT = b'{"type": "T"}'


def test_a_report_is_posted_as_the_server_wants_it(client, loopback):
    """Path, token and type to the letter, the report to the byte."""
    answer = client.post(REPORT)

    sent = loopback.requests[0]
    assert answer.status == 200
    assert sent.line == "POST /api/Report/WSJF HTTP/1.1"
    assert sent.headers["authorization"] == f"Basic {TOKEN}"
    assert sent.headers["content-type"] == "application/json"
    assert sent.headers["user-agent"].startswith("wats-worker")
    assert "transfer-encoding" not in sent.headers
    assert sent.body == REPORT


def test_a_path_prefix_of_an_old_install_stays(loopback):
    """Own hosts may keep WATS below /wats."""
    with WatsClient(url=f"{loopback.url}/wats/", token=TOKEN) as client:
        client.post(REPORT)

    assert loopback.requests[0].line == "POST /wats/api/Report/WSJF HTTP/1.1"


def test_reports_share_one_connection(client, loopback):
    """A handshake for each report would cost more than the report."""
    for _ in range(10):
        client.post(REPORT)

    assert len(loopback.requests) == 10
    assert loopback.connections == 1


def test_threads_share_one_client(client, loopback):
    """As many connections as reports are under way at once, and every answer goes to its own asker."""
    loopback.script = lambda _, request: loopback.reply(200, request.body)
    together = threading.Barrier(5)
    answers = {}

    def post(name):
        together.wait()
        answers[name] = [client.post(f"{name}.{n}".encode()).body.decode() for n in range(20)]

    threads = [threading.Thread(target=post, args=(name,)) for name in "abcde"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert answers == {name: [f"{name}.{n}" for n in range(20)] for name in "abcde"}
    assert loopback.connections <= 5


def test_a_large_report_arrives_whole(client, loopback):
    """Many writes, one body."""
    report = bytes(range(256)) * 20_000

    client.post(report)

    assert loopback.requests[0].body == report


def test_what_the_verdict_needs_is_in_the_answer(client, loopback):
    """Status, body, type and the headers that say when to come back."""
    date = "Thu, 01 Jan 2026 00:00:00 GMT"
    loopback.script = lambda *_: loopback.reply(
        429, "slow down", retry_after="7", date=date, content_type="a/b"
    )

    answer = client.post(REPORT)

    assert (answer.status, answer.body, answer.retry_after) == (429, b"slow down", "7")
    assert (answer.date, answer.content_type) == (date, "a/b")
    assert abs(answer.at - time.time()) < 5
    assert 0 < answer.took_s < 5


def test_a_redirect_is_not_followed(client, loopback):
    """The token must not follow a stranger's signpost."""
    loopback.script = lambda *_: loopback.reply(302, location=f"{loopback.url}/login")

    answer = client.post(REPORT)

    assert (answer.status, answer.location) == (302, f"{loopback.url}/login")
    assert len(loopback.requests) == 1


def test_cookies_are_not_brought_back(client, loopback):
    """A session would be one more thing to expire."""
    loopback.script = lambda *_: loopback.reply(200, set_cookie="session=1; Path=/")

    client.post(REPORT)
    client.post(REPORT)

    assert "cookie" not in loopback.requests[1].headers


def test_a_server_that_hangs_up_between_reports_is_no_trouble(client, loopback):
    """Idle connections are closed by every server some day."""
    loopback.script = lambda *_: lambda connection: loopback.stored()(connection) and False
    for number in range(1, 4):
        assert client.post(REPORT).status == 200
        wait_until(lambda number=number: loopback.hung_up == number, what="the server to hang up")

    assert loopback.connections == 3


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_compressed_answers_are_read(client, loopback, coding):
    """Proxies like to compress."""
    packed = {"gzip": gzip.compress, "deflate": zlib.compress}[coding](b"hello")
    loopback.script = lambda *_: loopback.reply(400, packed, content_encoding=coding)

    assert client.post(REPORT).body == b"hello"


@pytest.mark.parametrize("coding", [None, "gzip"])
def test_an_answer_is_read_no_further_than_anybody_needs(client, loopback, coding):
    """A gigabyte of error page, or a bomb of a few kilobytes, stays outside."""
    page = b"x" * 30_000_000
    body, headers = (gzip.compress(page), {"content_encoding": "gzip"}) if coding else (page, {})
    loopback.script = lambda *_: loopback.reply(500, body, **headers)

    answer = client.post(REPORT)

    assert answer.body == b"x" * 65536


def test_no_server_is_a_fault_and_no_exception(loopback):
    """Nobody listens on the port."""
    with WatsClient(url=f"http://127.0.0.1:{free_port()}", token=TOKEN) as client:
        answer = client.post(REPORT)

    assert (answer.status, answer.fault) == (None, Fault.UNREACHABLE)
    assert "refused" in answer.detail


def test_an_unknown_name_is_a_fault():
    """The name server is down, or the name is misspelt."""
    with WatsClient(url="http://wats.invalid", token=TOKEN) as client:
        answer = client.post(REPORT)

    assert answer.fault is Fault.UNREACHABLE


def test_a_connection_cut_after_the_report_is_a_fault(client, loopback):
    """The server may have it; the same id makes the repeat harmless."""
    loopback.script = lambda *_: lambda _connection: False

    answer = client.post(REPORT)

    assert answer.fault is Fault.CUT
    assert loopback.requests[0].body == REPORT


@pytest.mark.parametrize(
    "noise", [b"SSH-2.0-OpenSSH_9.6\r\n", b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n[{"]
)
def test_what_is_not_http_or_not_whole_is_a_fault(client, loopback, noise):
    """Half an answer is none."""
    loopback.script = lambda *_: lambda connection: connection.sendall(noise)

    assert client.post(REPORT).fault is Fault.CUT


def drip(text: bytes, closing: threading.Event):
    """Writes a byte now and then, often enough for any time-out that is counted anew with each."""

    def write(connection: socket.socket) -> bool:
        for n in range(len(text)):
            connection.sendall(text[n : n + 1])
            if closing.wait(0.05):
                break
        return False

    return write


@pytest.mark.parametrize(
    "text",
    [
        b"HTTP/1.1 200 OK\r\nx: " + b"x" * 5000,
        b"HTTP/1.1 200 OK\r\ncontent-length: 5000\r\n\r\n" + b"x" * 5000,
    ],
    ids=["head", "body"],
)
def test_a_dripping_server_is_left_when_the_time_is_up(loopback, text):
    """It is always just about to answer, and would hold a lease for ever."""
    loopback.script = lambda *_: drip(text, loopback.closing)
    with WatsClient(url=loopback.url, token=TOKEN, connect_s=0.2, read_s=0.3) as client:
        answer = client.post(REPORT)

    assert answer.fault is Fault.TIMED_OUT
    assert answer.took_s < 2


def test_a_silent_server_is_left_when_the_time_is_up(loopback):
    """It took the report and thinks for ever."""
    loopback.script = lambda *_: lambda _connection: loopback.closing.wait(20) and False
    with WatsClient(url=loopback.url, token=TOKEN, connect_s=0.2, read_s=0.3) as client:
        answer = client.post(REPORT)

    assert answer.fault is Fault.TIMED_OUT
    assert answer.took_s < 2


def test_a_server_that_stops_listening_is_left_when_the_time_is_up():
    """The line is full and nobody reads it."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        with WatsClient(url=url, token=TOKEN, connect_s=0.2, read_s=0.3) as client:
            client._http.timeout = client._http.timeout.__class__(0.3)
            answer = client.post(bytes(8_000_000))

    assert answer.fault is Fault.TIMED_OUT


def test_while_it_waits_it_makes_the_beat(loopback):
    """A server that thinks long must not cost the lease; what it answers in the end is taken."""
    beats = []

    def think(connection: socket.socket) -> bool:
        while len(beats) < 3 and not loopback.closing.wait(0.01):
            pass
        return loopback.stored()(connection)

    loopback.script = lambda *_: think
    with WatsClient(url=loopback.url, token=TOKEN) as client:
        answer = client.post(REPORT, beat=lambda: beats.append(time.monotonic()), every_s=0.05)

    assert answer.status == 200
    assert len(beats) >= 3


def test_a_quick_answer_makes_no_beat(client):
    """The ordinary report costs no renewal."""
    beats = []

    client.post(REPORT, beat=lambda: beats.append(1), every_s=10)

    assert beats == []


@pytest.mark.parametrize("token", ["two words", "line\nbreak", "tökén"])
def test_an_impossible_token_is_refused_without_being_shown(token):
    """What was pasted there by mistake may be another secret."""
    with pytest.raises(ValueError, match="token") as caught:
        WatsClient(url="http://wats.invalid", token=token)

    assert token not in "".join(traceback.format_exception(caught.value))


def test_the_token_is_not_in_what_the_client_shows_of_itself(client):
    """Logs and tracebacks show objects."""
    assert TOKEN not in repr(client)


def test_a_server_that_repeats_our_secrets_is_not_quoted(client, loopback):
    """Debug pages show the headers they were sent, decoded even."""
    loopback.script = lambda *_: loopback.reply(400, f"you sent Basic {TOKEN}, which is station:{PASSCODE}")

    body = client.post(REPORT).body.decode()

    assert body == "you sent Basic ***, which is station:***"


def test_the_ping_asks_for_the_version(client, loopback):
    """With the token, so that a good answer proves it."""
    loopback.script = lambda *_: loopback.reply(200, '"2025.3.9.824"')

    answer = client.ping()

    assert answer.body == b'"2025.3.9.824"'
    assert loopback.requests[0].line == "GET /api/App/Version HTTP/1.1"
    assert loopback.requests[0].headers["authorization"] == f"Basic {TOKEN}"


def test_the_list_of_processes_may_be_long(client, loopback):
    """Hundreds of repair codes are more than an error page has."""
    processes = [{"code": n, "name": f"Process {n}", "description": "x" * 500} for n in range(1000)]
    loopback.script = lambda *_: loopback.reply(200, processes)

    assert client.processes() == processes


@pytest.mark.parametrize(("status", "body"), [(401, ""), (200, "<html>"), (200, '{"a": 1}'), (200, '["a"]')])
def test_a_list_of_processes_that_is_none_is_named(client, loopback, status, body):
    """The caller keeps its last good copy, and says why."""
    loopback.script = lambda *_: loopback.reply(status, body)

    with pytest.raises(ProcessesUnknown, match=str(status)):
        client.processes()


def test_a_proxy_carries_the_request(loopback):
    """It is asked for the whole address."""
    with WatsClient(
        url="http://wats.invalid", token=TOKEN, proxy=f"http://u:p@127.0.0.1:{loopback.port}"
    ) as client:
        answer = client.post(REPORT)

    assert answer.status == 200
    assert loopback.requests[0].line == "POST http://wats.invalid/api/Report/WSJF HTTP/1.1"
    assert loopback.requests[0].headers["proxy-authorization"] == "Basic dTpw"


def test_a_proxy_that_refuses_is_told_apart_from_the_server(loopback):
    """It answers the CONNECT, and the server never hears of us."""
    loopback.script = lambda *_: loopback.reply(407)
    with WatsClient(url="https://wats.invalid", token=TOKEN, proxy=f"127.0.0.1:{loopback.port}") as client:
        answer = client.post(REPORT)

    assert answer.fault is Fault.PROXY
    assert "407" in answer.detail


def test_the_environments_proxy_is_used_but_not_for_this_machine(loopback, monkeypatch):
    """Factories set it once for everybody; a simulator on the same machine needs none."""
    monkeypatch.setenv("http_proxy", f"127.0.0.1:{loopback.port}")
    monkeypatch.delenv("no_proxy", raising=False)
    for url in ("http://wats.invalid", loopback.url):
        with WatsClient(url=url, token=TOKEN) as client:
            client.post(REPORT)

    assert [request.line.split()[1] for request in loopback.requests] == [
        "http://wats.invalid/api/Report/WSJF",
        "/api/Report/WSJF",
    ]


@pytest.mark.parametrize(
    ("greeting", "fault"),
    [
        # https was written for an http server: a mistake in the configuration
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", Fault.UNTRUSTED),
        # a load balancer whose servers restart: weather
        (b"", Fault.UNREACHABLE),
    ],
)
def test_a_peer_without_tls_is_distrusted_and_one_that_hangs_up_is_not(greeting, fault):
    """The one is for a person, the other for another try."""

    def greet():
        with listener.accept()[0] as connection:
            connection.recv(65536)
            connection.sendall(greeting)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=greet)
        thread.start()
        with WatsClient(url=f"https://127.0.0.1:{listener.getsockname()[1]}", token=TOKEN) as client:
            answer = client.post(REPORT)
        thread.join()

    assert answer.fault is fault


@pytest.fixture
def certificate(tmp_path):
    """A certificate that no public authority has signed, and its key."""
    if not shutil.which("openssl"):
        pytest.skip("needs the openssl command to make a certificate")
    path = tmp_path / "server.pem"
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=factory"
    subject = ["-addext", "subjectAltName=IP:127.0.0.1"]
    files = ["-keyout", path, "-out", tmp_path / "c"]
    subprocess.run([*command.split(), *subject, *files], check=True, capture_output=True)
    path.write_bytes(path.read_bytes() + (tmp_path / "c").read_bytes())
    return path


@pytest.fixture
def secure(loopback, certificate):
    """The same server behind TLS."""
    loopback.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    loopback.tls.load_cert_chain(certificate)
    return loopback.url.replace("http", "https")


def test_a_certificate_nobody_vouches_for_is_distrust(secure, loopback):
    """The report, and the token with it, stays here."""
    with WatsClient(url=secure, token=TOKEN) as client:
        answer = client.post(REPORT)

    assert answer.fault is Fault.UNTRUSTED
    assert "certificate" in answer.detail
    assert loopback.requests == []


def test_the_factorys_own_authority_is_trusted(secure, loopback, certificate):
    """Over TLS all the same holds: a kept connection, a beat while it waits."""
    beats = []

    def think(connection: socket.socket) -> bool:
        while len(beats) < 2 and not loopback.closing.wait(0.01):
            pass
        return loopback.stored()(connection)

    loopback.script = lambda *_: think
    with WatsClient(url=secure, token=TOKEN, ca_file=certificate) as client:
        answers = [
            client.post(bytes(600_000), beat=lambda: beats.append(1), every_s=0.05).status for _ in "ab"
        ]

    assert answers == [200, 200]
    assert loopback.connections == 1
    assert len(loopback.requests[1].body) == 600_000


def test_verification_can_be_switched_off(secure):
    """For a server whose certificate can't be checked."""
    with WatsClient(url=secure, token=TOKEN, verify=False) as client:
        assert client.post(REPORT).status == 200
