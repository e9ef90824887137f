"""The folder of the embedded server: what lies in it, who may read it, and where the server listens.

<folder>/              0700
  care.lock            held by the process that cares for the server
  serving.lock         held by the server itself, as long as it lives
  server.conf          0600, the only place where the password stands
  server.pid server.log appendonlydir/
  broker.sock          or, where that path is too long for a socket, in a 0700 folder under /tmp
"""

import re
import secrets
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Self

from pydantic import SecretStr

from wats_broker import sockets
from wats_broker.errors import EmbeddedServerError
from wats_broker.files import write_atomically


@dataclass(frozen=True)
class Address:
    """Where a process reaches the server."""

    socket: Path
    port: int | None = None
    password: SecretStr | None = None


@dataclass(frozen=True)
class Place:
    """One data folder, and the names in it. Links are followed once, so that every way in means one place."""

    folder: Path

    @classmethod
    def at(cls, folder: Path) -> Self:
        """The place that a configured folder means."""
        return cls(folder.resolve())

    @property
    def care_lock(self) -> Path:
        """Held by whoever cares for the server."""
        return self.folder / "care.lock"

    @property
    def serving_lock(self) -> Path:
        """Held by the server as long as it lives, even if it hangs or nobody knows it any more."""
        return self.folder / "serving.lock"

    @property
    def conf(self) -> Path:
        """The server's configuration file."""
        return self.folder / "server.conf"

    @property
    def pid_file(self) -> Path:
        """Written by the server."""
        return self.folder / "server.pid"

    @property
    def log(self) -> Path:
        """The server's own log."""
        return self.folder / "server.log"

    @property
    def data(self) -> Path:
        """The server's log of writes, in several files."""
        return self.folder / "appendonlydir"

    @property
    def socket(self) -> Path:
        """The unix socket, in this folder if its path fits."""
        return sockets.place(self.folder, "broker.sock")

    def prepare(self) -> None:
        """Make the folders, and make sure that nobody else can enter them.

        Raises:
            EmbeddedServerError: a folder can't be made, or belongs to somebody else.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._must_be_ours()
            self.folder.chmod(0o700)
            self.socket.parent.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise EmbeddedServerError(
                f"can't use {error.filename or self.folder} for the embedded server: {error.strerror}. "
                "Name a folder this user owns: [broker] url = embedded:/path"
            ) from error
        for folder in {self.folder, self.socket.parent}:
            _must_be_private(folder)

    def _must_be_ours(self) -> None:
        """Nobody's home is closed to others because of a slip in an address."""
        found = {entry.name for entry in self.folder.iterdir()} - {"lost+found"}
        if found and self.care_lock.name not in found:
            raise EmbeddedServerError(
                f"{self.folder} holds other files ({min(found)} …). "
                "Name a folder of its own: [broker] url = embedded:/path"
            )

    def address(self) -> Address:
        """Where the server listens, by its configuration file.

        Raises:
            OSError: there is no such file, or it is not for us to read.
        """
        conf = self.conf.read_text(encoding="utf-8")
        password = re.search(r"^requirepass (\S+)$", conf, re.MULTILINE)
        port = re.search(r"^port ([1-9]\d*)$", conf, re.MULTILINE)
        return Address(
            self.socket,
            port=int(port[1]) if port else None,
            password=SecretStr(password[1]) if password else None,
        )

    def configure(self, *, fsync: Literal["everysec", "always"], tcp: bool) -> bool:
        """Write the server's configuration; False when it already said exactly this.

        Port and password stay once chosen, so that whoever holds the address reaches the next server too.
        """
        try:
            before = self.address()
            old = self.conf.read_text(encoding="utf-8")
        except FileNotFoundError:
            before, old = Address(self.socket), ""
        lines = [
            f"dir {_quoted(self.folder)}",
            f"unixsocket {_quoted(self.socket)}",
            "unixsocketperm 700",
            f"pidfile {_quoted(self.pid_file)}",
            f"logfile {_quoted(self.log)}",
            "daemonize no",
            # The command line stays as it was started, and this file's path in it proves whose it is.
            "set-proc-title no",
            "appendonly yes",
            # The server's own "everysec" holds a write back while it flushes, yet confirms it: two of forty
            # kills lost such writes. So it writes at once, and we flush every second (EmbeddedServer.sync).
            f"appendfsync {'always' if fsync == 'always' else 'no'}",
            # A server that was killed leaves half a record at the end, of a write it never confirmed.
            "aof-load-truncated yes",
            "aof-use-rdb-preamble yes",
            'save ""',
            "maxmemory-policy noeviction",
            *_listening(before, tcp=tcp),
        ]
        new = "\n".join(lines) + "\n"
        if new == old:
            return False
        write_atomically(self.conf, new.encode())
        return True


def address(folder: Path) -> Address | None:
    """Where the server of this folder is to be found, or None if none was ever started there.

    For processes that only connect. It may be down at the moment; nothing is started here.
    """
    try:
        return Place.at(folder).address()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise EmbeddedServerError(
            f"can't read {error.filename}: {error.strerror}. Run every stage as the user who runs the broker."
        ) from error


def _listening(before: Address, *, tcp: bool) -> list[str]:
    if not tcp:
        return ["port 0"]
    password = before.password.get_secret_value() if before.password else secrets.token_hex(32)
    return ["bind 127.0.0.1", f"port {before.port or _free_port()}", f"requirepass {password}"]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _quoted(path: Path) -> str:
    text = str(path)
    if not text.isprintable():
        raise EmbeddedServerError(f"the folder {text!r} has signs in its name that the server can't take")
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _must_be_private(folder: Path) -> None:
    if not sockets.is_private(folder):
        raise EmbeddedServerError(
            f"{folder} is not a folder that only this user can enter, so the server is not safe in it. "
            "Remove it, or name another folder: [broker] url = embedded:/path"
        )
