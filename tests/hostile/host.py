"""A host to attack, with evidence of what it has been through."""

import os
import secrets
import socket
import subprocess
import sys
from pathlib import Path

import psutil
from support import ROOT


class Host:
    """Targets, and whether they were touched."""

    def __init__(self, folder: Path) -> None:
        self.token = secrets.token_hex(8)
        self.folder = folder / "outside"
        self.folder.mkdir()
        self.secret = self.folder / "secret"
        self.neighbour = folder / "neighbour.log"
        self.restore()
        self.tcp = socket.create_server(("127.0.0.1", 0))
        self.udp = socket.socket(type=socket.SOCK_DGRAM)
        self.udp.bind(("127.0.0.1", 0))
        self.unix = socket.socket(socket.AF_UNIX)
        self.unix.bind(str(folder / "s"))
        self.unix.listen()
        self.abstract = socket.socket(socket.AF_UNIX)
        self.abstract.bind(f"\0{self.token}")
        self.abstract.listen()
        self.dgram = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.dgram.bind(str(folder / "d"))
        for listener in self._listeners():
            listener.setblocking(False)
        self.victim = subprocess.Popen([sys.executable, "-S", "-c", "input()"], stdin=subprocess.PIPE)
        #: Below us already, the session's broker perhaps, and nothing to do with any jail.
        self.bystanders = {child.pid for child in psutil.Process().children(recursive=True)}
        self.before = self.state()

    def targets(self) -> dict[str, object]:
        """What the attacks are told."""
        return {
            "secret": str(self.secret),
            "folder": str(self.folder),
            "neighbour": str(self.neighbour),
            "project": str(ROOT),
            "owner": os.getpid(),
            "victim": self.victim.pid,
            "tcp": self.tcp.getsockname()[1],
            "udp": self.udp.getsockname()[1],
            "unix": self.unix.getsockname(),
            "abstract": self.token,
            "dgram": self.dgram.getsockname(),
        }

    def restore(self) -> None:
        """Put the files back as they were; only for where attacks are meant to get through."""
        for path in (*self.folder.iterdir(), *_PLANTED):
            if path.is_dir():
                path.rmdir()
            else:
                path.unlink(missing_ok=True)
        for path in (self.secret, self.neighbour):
            path.write_text("hush")
            path.chmod(0o600)

    def state(self) -> dict[str, object]:
        """Everything an attack might have changed."""
        victim = psutil.Process(self.victim.pid)
        return {
            "files": sorted(str(path) for path in self.folder.iterdir()),
            "secret": (self.secret.read_text(), _marks(self.secret)),
            "neighbour": (self.neighbour.read_text(), _marks(self.neighbour)),
            "planted": [str(path) for path in _PLANTED if path.exists()],
            "received": [listener.getsockname() for listener in self._listeners() if _received(listener)],
            "victim": (victim.status() in _LIVELY, victim.nice(), victim.cpu_affinity()),
            "victim limits": victim.rlimit(psutil.RLIMIT_NOFILE),
            "ipc": [Path(f"/proc/sysvipc/{kind}").read_text() for kind in ("shm", "sem", "msg")],
            "keys": Path("/proc/keys").read_text().count("wats-attack"),
            "mounts": Path("/proc/self/mountinfo").read_text().count(str(self.folder.parent.parent)),
            "host name": socket.gethostname(),
        }

    def close(self) -> None:
        """Put the targets away."""
        self.victim.communicate(b"\n")
        for listener in self._listeners():
            listener.close()

    def _listeners(self) -> tuple[socket.socket, ...]:
        return self.tcp, self.udp, self.unix, self.abstract, self.dgram


_LIVELY = {psutil.STATUS_RUNNING, psutil.STATUS_SLEEPING}
_PLANTED = [Path("/tmp/wats-attack"), Path("/dev/shm/wats-attack"), Path("/dev/mqueue/wats-attack")]


def _marks(path: Path) -> tuple[int, ...]:
    status = path.stat()
    return status.st_mode, status.st_uid, status.st_gid, status.st_mtime_ns, status.st_nlink


def _received(listener: socket.socket) -> bool:
    try:
        if listener.type == socket.SOCK_DGRAM:
            listener.recv(1)
        else:
            listener.accept()[0].close()
    except BlockingIOError:
        return False
    return True
