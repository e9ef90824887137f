"""The broker stage: the foreground process that keeps the embedded server running."""

import logging
import threading
import time
from typing import Final

from wats_broker.embedded.diagnosis import system_hints
from wats_broker.embedded.server import EmbeddedServer
from wats_broker.errors import EmbeddedServerError
from wats_broker.settings import BrokerSettings

log = logging.getLogger(__name__)

#: A server may be silent this long, over a slow disk or a large fork, before it is taken to hang.
_HUNG_S: Final = 15.0
#: A server that lived this long has earned a quick restart.
_GOOD_S: Final = 60.0
_SYNC_S: Final = 1.0
_FIRST_DELAY_S: Final = 0.1
_LONGEST_DELAY_S: Final = 30.0


def run(
    settings: BrokerSettings, stop: threading.Event, *, look_s: float = 0.5, hung_s: float = _HUNG_S
) -> None:
    """Start or adopt the server, restart it whenever it dies or hangs, stop it when ``stop`` is set.

    Args:
        settings: They must name an embedded server.
        stop: Set by the signal handler.
        look_s: Time between two looks at the server.
        hung_s: How long it may be silent.

    Raises:
        EmbeddedServerError: the server can't be had; the text says what to do.
    """
    folder = settings.embedded_folder
    if folder is None:
        raise EmbeddedServerError(
            f"[broker] url is {settings.url}, a server that somebody else runs; there is none to run here. "
            "Leave the broker stage out, or set url to embedded:"
        )
    for hint in system_hints():
        log.info("broker_advised", extra={"hint": hint})
    server = EmbeddedServer(
        folder, fsync=settings.embedded_fsync, tcp=settings.embedded_tcp, silence_s=min(3.0, hung_s)
    )
    with server:
        _watch(server, stop, look_s=look_s, hung_s=hung_s)


def _watch(server: EmbeddedServer, stop: threading.Event, *, look_s: float, hung_s: float) -> None:
    started = heard = synced = time.monotonic()
    delay = _FIRST_DELAY_S
    while not stop.wait(look_s):
        now = time.monotonic()
        if now - synced >= _SYNC_S:
            server.sync()
            synced = now
        if server.alive():
            heard = now
            continue
        gone = server.gone()
        if not gone and now - heard < hung_s:
            continue
        log.error(
            "broker_died" if gone else "broker_hung",
            extra={"pid": server.pid, "lived_s": round(now - started)},
        )
        delay = _FIRST_DELAY_S if now - started > _GOOD_S else min(2 * delay, _LONGEST_DELAY_S)
        if stop.wait(delay):
            return
        server.ensure()
        started = heard = time.monotonic()
