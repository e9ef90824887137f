"""A real S3 server on loopback for tests, which can be taken away, made read-only, and given back.

As a program it is the server: ``python objects.py <folder>``. It looks into the folder for its weather.
"""

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from support import wait_until

BUCKET = "factory"
_AWAY, _READ_ONLY = "away", "read-only"


class ObjectServer:
    """The server as a process of its own. What it holds is in its memory, and ends with it.

    Args:
        folder: Where its address, its log and its weather lie.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder

    def __enter__(self) -> Self:
        with (self.folder / "log").open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, __file__, str(self.folder)], stdout=log, stderr=log, env=_clean()
            )
        address = self.folder / "address"
        wait_until(
            lambda: address.exists() or self._process.poll() is not None,
            what=f"the object server to listen; see {self.folder / 'log'}",
            timeout=120,
        )
        self.endpoint = address.read_text()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait()

    def go_away(self) -> None:
        """Answer nobody: every connection ends without a word."""
        (self.folder / _AWAY).touch()

    def refuse_writes(self) -> None:
        """Let everybody read and nobody write."""
        (self.folder / _READ_ONLY).touch()

    def come_back(self) -> None:
        """Good weather."""
        for weather in (_AWAY, _READ_ONLY):
            (self.folder / weather).unlink(missing_ok=True)


def _clean() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "WATS_"))}


def _serve(folder: Path) -> None:
    from moto.server import DomainDispatcherApplication, create_backend_app
    from werkzeug.serving import WSGIRequestHandler, make_server

    class Quiet(WSGIRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_request(self, code: Any = "-", size: Any = "-") -> None:
            pass

    app = _Weather(DomainDispatcherApplication(create_backend_app), folder)
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Quiet)
    _make_bucket(server)
    draft = folder / "address.draft"
    draft.write_text(f"http://127.0.0.1:{server.server_port}")
    draft.rename(folder / "address")
    threading.Thread(target=_end_with_parent, daemon=True).start()
    server.serve_forever()


def _make_bucket(server: Any) -> None:
    from urllib.request import Request, urlopen

    once = threading.Thread(target=server.handle_request)
    once.start()
    with urlopen(Request(f"http://127.0.0.1:{server.server_port}/{BUCKET}", method="PUT")):
        once.join()


def _end_with_parent() -> None:
    parent = os.getppid()
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(0)


class _Weather:
    """One request at a time, so that a condition and what hangs on it are one act, as with a real store."""

    def __init__(self, app: Callable[..., Iterable[bytes]], folder: Path) -> None:
        self._app = app
        self._folder = folder
        self._guard = threading.Lock()

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        if (self._folder / _AWAY).exists():
            environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
            raise ConnectionError
        if (self._folder / _READ_ONLY).exists() and environ["REQUEST_METHOD"] not in {"GET", "HEAD"}:
            start("403 Forbidden", [("Content-Type", "application/xml"), ("Connection", "close")])
            return [b"<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"]
        with self._guard:
            return list(self._app(environ, start))


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        _serve(Path(sys.argv[1]))
