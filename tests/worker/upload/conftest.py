"""A real HTTP server on the loopback that answers as told, down to the single byte."""

import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5

import fakeredis
import pytest
from support import Clock

from wats_broker.journal import Journal
from wats_broker.messages import FileSeen, Offer
from wats_broker.names import Keys
from wats_broker.queue import Lease, QueueLimits, UploadQueue
from wats_broker.states import FileState
from wats_worker.spool.files import Stamp
from wats_worker.spool.model import Claimable
from wats_worker.spool.names import Identity
from wats_worker.spool.store import DiskSpool
from wats_worker.upload.breaker import Breaker
from wats_worker.upload.client import WatsClient
from wats_worker.upload.delivery import Delivery
from wats_worker.upload.schedule import Schedule

STORED_AS = "d3a3b0f2-54c4-4a36-93a5-5a0a2d1b7c11"
TOKEN = "c3RhdGlvbjpwYXNzY29kZS0xMjM="  # station:passcode-123


@dataclass(frozen=True)
class Request:
    """What the server was sent."""

    line: str
    headers: dict[str, str]
    body: bytes


#: Writes an answer to the connection; the connection is closed when it returns False.
Reply = Callable[[socket.socket], bool]


def reply(status: int, body: bytes | str | dict | list = b"", **headers: str) -> Reply:
    """A whole answer at once. Header names are written with ``_`` for ``-``."""
    if not isinstance(body, bytes | str):
        body = json.dumps(body)
        headers.setdefault("content_type", "application/json")
    raw = body.encode() if isinstance(body, str) else body
    head = [f"HTTP/1.1 {status} .", f"content-length: {len(raw)}"]
    head += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]

    def write(connection: socket.socket) -> bool:
        connection.sendall("\r\n".join([*head, "", ""]).encode() + raw)
        return True

    return write


def stored() -> Reply:
    """The answer of a server that has the report."""
    return reply(200, [{"ID": STORED_AS, "uuid": STORED_AS, "Report_ID": 0}])


@dataclass
class Loopback:
    """The server. What it answers is decided for each request by ``script``, its place in the row given."""

    port: int = 0
    script: Callable[[int, Request], Reply] = lambda _number, _request: stored()
    #: a TLS context makes it an HTTPS server
    tls: ssl.SSLContext | None = None
    requests: list[Request] = field(default_factory=list)
    connections: int = 0
    hung_up: int = 0
    closing: threading.Event = field(default_factory=threading.Event)

    reply = staticmethod(reply)
    stored = staticmethod(stored)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def serve(self, listener: socket.socket) -> None:
        while not self.closing.is_set():
            with suppress(TimeoutError):
                connection, _ = listener.accept()
                self.connections += 1
                threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, connection: socket.socket) -> None:
        with suppress(OSError):
            if self.tls:
                connection = self.tls.wrap_socket(connection, server_side=True)
            with connection:
                while request := _read(connection):
                    self.requests.append(request)
                    if not self.script(len(self.requests), request)(connection):
                        break
            self.hung_up += 1


def _read(connection: socket.socket) -> Request | None:
    seen = b""
    while b"\r\n\r\n" not in seen:
        got = connection.recv(65536)
        if not got:
            return None
        seen += got
    head, _, body = seen.partition(b"\r\n\r\n")
    line, *lines = head.decode().split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (text.partition(":") for text in lines)}
    while len(body) < int(headers.get("content-length", 0)):
        body += connection.recv(65536)
    return Request(line, headers, body)


@pytest.fixture
def loopback() -> Iterator[Loopback]:
    server = Loopback()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.05)
        server.port = listener.getsockname()[1]
        thread = threading.Thread(target=server.serve, args=(listener,), daemon=True)
        thread.start()
        yield server
        server.closing.set()
        thread.join()


@pytest.fixture
def client(loopback: Loopback) -> Iterator[WatsClient]:
    with WatsClient(url=loopback.url, token=TOKEN, connect_s=1.0, read_s=1.0) as client:
        yield client


def report(report_id: str, serial: str) -> dict:
    """A report that any server takes."""
    start = datetime(2026, 1, 2, tzinfo=UTC) + timedelta(milliseconds=int(report_id[:6], 16))
    main = {"path": "", "name": "Main", "version": "1"}
    return {
        "type": "T",
        "id": report_id,
        "pn": "PN",
        "sn": serial,
        "rev": "A",
        "processCode": 10,
        "result": "P",
        "machineName": "ICT 1",
        "location": "-",
        "purpose": "-",
        "start": start.isoformat(),
        "uut": {"user": "-"},
        "root": {
            "id": 0,
            "group": "M",
            "stepType": "SequenceCall",
            "name": "Main",
            "status": "P",
            "seqCall": main,
        },
    }


class Killed(BaseException):
    """What SIGKILL looks like from within: nobody catches it."""


class MortalRedis(fakeredis.FakeRedis):
    """A connection whose process dies at its n-th command, before it is sent or after it has taken effect."""

    commands = 0
    dies_before = dies_after = -1

    def execute_command(self, *args, **options):
        self.commands += 1
        number = self.commands
        if number == self.dies_before:
            raise Killed
        reply = super().execute_command(*args, **options)
        if number == self.dies_after:
            raise Killed
        return reply


@dataclass
class Line:
    """The end of the line: spool, queue and journal around one uploader, and the clock they run on."""

    folder: Path
    clock: Clock | None
    server: fakeredis.FakeServer
    client: WatsClient
    limits: QueueLimits
    killed = Killed
    woken: list[str] = field(default_factory=list)
    archived: dict[str, list[dict[str, object]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.start()

    def start(self) -> None:
        """Begin as a new process on what the last one left."""
        self.redis = MortalRedis(server=self.server, decode_responses=True, protocol=2)
        self.spool = DiskSpool(self.folder / "spool")
        self.queue = UploadQueue(self.redis, Keys(), limits=self.limits, clock=self.clock)
        self.journal = Journal(self.redis, Keys(), clock=self.clock)
        self.begin()

    def begin(self) -> None:
        """Make the uploader anew, of the parts there are."""
        self.breaker = Breaker(clock=self.clock or time.monotonic)
        self.deliver = Delivery(
            queue=self.queue,
            spool=self.spool,
            journal=self.journal,
            client=self.client,
            finish=self.finish,
            archived=lambda file_id: self.archived.get(file_id, []),
            wake=self.woken.extend,
            breaker=self.breaker,
            schedule=Schedule(),
            chance=lambda: 0.5,
        ).run

    def finish(self, file_id: str) -> bool:
        return self.spool.finish(file_id)

    def put(self, name: str = "board.csv", *, reports: int = 1) -> tuple[str, list[str]]:
        """Bring a file through watch and convert: its id and those of its reports."""
        folder = self.folder / "in"
        folder.mkdir(exist_ok=True)
        path = folder / name
        path.write_text(name)
        identity = Identity("ict")
        identity.feed(name.encode())
        file_id, stamp = identity.file_id, Stamp.of(path.lstat())
        self.spool.claim(
            [Claimable("ict", folder, name, file_id, identity.sha256, stamp, "convert", 5)], keep=False
        )
        ids = [str(uuid5(NAMESPACE_URL, f"{file_id}:{n}")) for n in range(reports)]
        self.spool.save_reports(
            file_id, {i: json.dumps(report(i, f"{name}.{n}")).encode() for n, i in enumerate(ids)}
        )
        self.journal.seen(FileSeen(file_id, "ict", name, 0))
        self.journal.take(file_id, worker="w", term_s=1)
        self.journal.record(file_id, "file_converted", state=FileState.CONVERTED)
        for permit in self.queue.offer(file_id, [Offer(i) for i in ids]).permits:
            self.queue.drain_ends(permit)  # the tests drain by hand
        return file_id, ids

    def lend(self) -> Lease:
        lease = self.queue.lease("p")
        assert isinstance(lease, Lease), lease
        return lease

    def state(self, file_id: str) -> FileState:
        return self.journal.file(file_id).state

    def story(self, file_id: str) -> list[str]:
        return [event.event for event in self.journal.file(file_id).story]


@pytest.fixture
def line(tmp_path, client) -> Line:
    return Line(tmp_path, Clock(), fakeredis.FakeServer(), client, QueueLimits())
