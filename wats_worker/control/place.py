"""Where the door of a line is, and where its operator's token lies."""

import ipaddress
from dataclasses import dataclass
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from wats_broker import sockets
from wats_worker.settings import WorkerSettings


@dataclass(frozen=True)
class Place:
    """One door: a unix socket, or a host and a port.

    >>> Place(Path("/srv/control"), None, "::1", 8042).address
    'http://[::1]:8042'
    """

    folder: Path
    socket: Path | None
    host: str = ""
    port: int = 0
    tls: bool = False

    @classmethod
    def of(cls, settings: WorkerSettings) -> Self:
        """The door that a configuration means."""
        folder, listen = settings.control_folder(), settings.control.listen
        if listen == "unix:":
            return cls(folder, sockets.place(folder, "control.sock"))
        if listen.startswith("unix:"):
            return cls(folder, Path(listen.removeprefix("unix:")))
        parts = urlsplit(f"//{listen}")
        tls = settings.control.cert_file is not None
        return cls(folder, None, parts.hostname or "", parts.port or 0, tls)

    @property
    def address(self) -> str:
        """How it is written for people and clients."""
        if self.socket:
            return f"unix:{self.socket}"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.tls else 'http'}://{host}:{self.port}"

    @property
    def is_open_to_eavesdroppers(self) -> bool:
        """Whether tokens go over a network that others may listen to.

        >>> Place(Path("/srv"), None, "0.0.0.0", 8042).is_open_to_eavesdroppers
        True
        >>> Place(Path("/srv"), None, "127.0.0.1", 8042).is_open_to_eavesdroppers
        False
        """
        return not (self.socket or self.tls or _is_loopback(self.host))

    @property
    def token_file(self) -> Path:
        """Where the operator's token lies that nobody configured."""
        return self.folder / "token"


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:  # a name; whatever else it may mean, this one never leaves the machine
        return host == "localhost"
