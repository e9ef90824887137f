"""Runs the simulator under uvicorn, with as few layers in between as it has."""

import asyncio
import contextlib
import signal
import socket
from collections.abc import Callable

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from wats_worker.simulator.app import WatsServer
from wats_worker.simulator.service import Service
from wats_worker.simulator.settings import SimulatorSettings


class _Protocol(H11Protocol):
    """Shows the application its connection, so that it can cut it and see whether the client is there."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn's own
        super().connection_made(transport)
        # asyncio does this only for sockets that name their protocol, and ours doesn't. Without it an answer,
        # which is two writes, waits 40 ms for the client's acknowledgement of the first.
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.app_state = {"transport": transport}


def serve(settings: SimulatorSettings, *, ready: Callable[[str], object] | None = None) -> None:
    """Serve until SIGTERM or SIGINT.

    Args:
        settings: What to serve.
        ready: Told the base URL as soon as connections are taken.

    Raises:
        OSError: the address is in use or not ours.
    """
    listener = _listen(settings)
    service = Service.open(settings)
    config = uvicorn.Config(
        WatsServer(service),
        http=_Protocol,
        ws="none",
        loop="asyncio",
        lifespan="off",
        log_config=None,
        log_level="critical",
        access_log=False,
        server_header=False,
        timeout_keep_alive=120,
        timeout_graceful_shutdown=1,  # a stalled call must not hold up the end
    )
    if ready:
        host = f"[{settings.host}]" if ":" in settings.host else settings.host
        ready(f"http://{host}:{listener.getsockname()[1]}{settings.prefix}")
    # uvicorn raises the signal again once it is done; the default for SIGTERM would skip the lines below.
    previous = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with contextlib.suppress(KeyboardInterrupt):
            uvicorn.Server(config).run(sockets=[listener])
    finally:
        service.close()
        signal.signal(signal.SIGTERM, previous)


def _listen(settings: SimulatorSettings) -> socket.socket:
    """Take the port before anybody is told of it, with a queue for those who come at once."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    return socket.create_server((settings.host, settings.port), family=family, backlog=2048)
