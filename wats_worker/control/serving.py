"""Where the door is: a unix socket in a private folder, or a TCP address."""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import uvicorn
from starlette.types import ASGIApp

from wats_broker import sockets
from wats_worker.control.place import Place

#: Requests at once; more are told to come again.
_AT_ONCE: Final = 64


class CannotListen(Exception):
    """The address is taken, or not ours."""


@contextlib.contextmanager
def serving(
    app: ASGIApp, place: Place, *, cert_file: Path | None = None, key_file: Path | None = None
) -> Iterator[Callable[[], bool]]:
    """Serve for as long as the block lasts. Gives what tells whether it still does.

    Args:
        app: What is served.
        place: Where.
        cert_file: With a key, what makes it https.
        key_file: Its key.

    Raises:
        CannotListen: it says why and what to change.
    """
    listener = _listen(place)
    config = uvicorn.Config(
        app,
        loop="asyncio",
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="critical",
        access_log=False,
        server_header=False,
        proxy_headers=False,  # an address that a client names itself must not be believed
        limit_concurrency=_AT_ONCE,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=5,
        ssl_certfile=cert_file,
        ssl_keyfile=key_file,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="control", daemon=True)
    thread.start()
    try:
        yield thread.is_alive
    finally:
        server.should_exit = True
        thread.join(timeout=10)
        listener.close()
        if place.socket:
            place.socket.unlink(missing_ok=True)


def _listen(place: Place) -> socket.socket:
    try:
        return _unix(place.socket) if place.socket else _tcp(place.host, place.port)
    except OSError as error:
        reason = error.strerror or error
        raise CannotListen(
            f"can't listen on {place.address}: {reason}. Set [control] listen to another place"
        ) from error


def _tcp(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=128)


def _unix(path: Path) -> socket.socket:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not sockets.is_private(path.parent):
        raise PermissionError(None, f"{path.parent} is a folder that others can enter")
    with socket.socket(socket.AF_UNIX) as trial:
        try:
            trial.connect(str(path))
        except FileNotFoundError:
            pass
        except OSError:
            path.unlink(missing_ok=True)  # left behind by one that was killed
        else:
            raise OSError(None, "another process listens there")
    listener = socket.socket(socket.AF_UNIX)
    try:
        listener.bind(str(path))
        path.chmod(0o600)
        listener.listen(128)
    except BaseException:  # whatever went wrong, nobody else can close it
        listener.close()
        raise
    return listener
