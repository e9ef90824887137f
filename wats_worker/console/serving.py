"""Where the console listens, and what it is made of."""

import ipaddress
import logging
import os
import socket
import threading
from functools import partial
from typing import Final

import uvicorn
from fastapi import FastAPI
from nicegui import ui
from pydantic import SecretStr
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp

from wats_worker.console import entrance
from wats_worker.console.gate import Gate, House
from wats_worker.console.sessions import Sessions
from wats_worker.console.shell import shell
from wats_worker.control.client import Client
from wats_worker.settings import WorkerSettings

log = logging.getLogger(__name__)

#: Seconds between two looks whether the server still serves.
_LOOK_S: Final = 1.0
#: Requests and open pages at once; more are told to come again.
_AT_ONCE: Final = 500
#: The line's own work comes first where processors are scarce.
_NICENESS: Final = 5
#: Seconds that a page waits when it is told that it asks too often; then it says so.
_PATIENCE_S: Final = 2.0


class CannotListen(Exception):
    """The address is taken, or not ours."""


def run_console(settings: WorkerSettings, stop: threading.Event) -> int:
    """Serve until told to stop; the exit code.

    Raises:
        CannotListen: it says why and what to change.
    """
    console = settings.console
    host, port = console.place
    listener = _listen(host, port)
    os.nice(_NICENESS)
    port = listener.getsockname()[1]
    secure = console.cert_file is not None
    house = House(
        # Cookies know no ports, so two consoles of one machine need two names.
        hosts=frozenset({*console.hosts, host}),
        secure=secure,
        cookie=f"wats_console_{port}",
    )
    server = uvicorn.Server(
        uvicorn.Config(
            build(settings, house),
            loop="asyncio",
            ws="websockets-sansio",
            log_config=None,
            log_level="critical",
            access_log=False,
            server_header=False,
            proxy_headers=False,  # an address that a client names itself must not be believed
            limit_concurrency=_AT_ONCE,
            timeout_graceful_shutdown=3,
            ssl_certfile=console.cert_file,
            ssl_keyfile=console.key_file,
        )
    )
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="console", daemon=True)
    thread.start()
    if not secure and not _is_loopback(host):
        hint = "set [console] cert_file and key_file, or listen on 127.0.0.1"
        log.warning("console_unprotected", extra={"hint": hint})
    shown = f"[{host}]" if ":" in host else host
    log.info("console_open", extra={"address": f"{'https' if secure else 'http'}://{shown}:{port}"})
    while thread.is_alive() and not stop.wait(_LOOK_S):
        continue
    server.should_exit = True
    thread.join(timeout=10)
    listener.close()
    return 0 if stop.is_set() else 1


def build(settings: WorkerSettings, house: House) -> ASGIApp:
    """The console as an ASGI application. Once in a process: the library has one page tree."""
    sessions = Sessions(partial(_client, settings), term_s=settings.console.session_s)
    pages = FastAPI(openapi_url=None)
    ui.run_with(
        pages,
        root=shell,
        title="wats-worker",
        favicon="🏭",
        tailwind=False,
        gzip_middleware_factory=None,
        show_welcome_message=False,
        reconnect_timeout=10.0,
    )
    gate = Gate(pages, entrance.build(sessions, house), sessions, house)
    return GZipMiddleware(gate, minimum_size=1000)


def _client(settings: WorkerSettings, token: SecretStr) -> Client:
    return Client.to(settings, token, patience_s=_PATIENCE_S)


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=128)
    except OSError as error:
        reason = error.strerror or error
        raise CannotListen(
            f"can't listen on {host}:{port}: {reason}. Set [console] listen to another place"
        ) from error


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:  # a name; whatever else it may mean, this one never leaves the machine
        return host == "localhost"
