"""One embedded server: started, adopted, stopped.

folder free ──start──► ours ──our death──► orphan ──adopted by the next carer──► ours
                         └──its death, its silence──► ended for certain, then started again
"""

import logging
import os
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Final, Literal, Self

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import BusyLoadingError, RedisError
from redis.retry import Retry

from wats_broker.embedded import binary
from wats_broker.embedded.diagnosis import explain
from wats_broker.embedded.place import Address, Place
from wats_broker.embedded.process import command_line, try_lock, wait
from wats_broker.errors import DataDirectoryBusy, EmbeddedServerError
from wats_broker.files import open_lock, open_log

log = logging.getLogger(__name__)

#: A new server answers within this time, if only to say that it is loading.
_START_S: Final = 15.0
_LOOK_S: Final = 0.005
#: The server's log is put aside when it is larger than this.
_LOG_BYTES: Final = 1_000_000


class EmbeddedServer:
    """The server of one data folder, in the care of this process.

    What it has confirmed survives its own ``kill -9`` and ours. Use it as a context manager, or call
    ``ensure`` whenever the server should be there and ``stop`` at the end.

    Args:
        data_dir: Its folder; made if absent. One server per folder, and one carer.
        fsync: Both survive the crash of any process. "always" also survives a power cut, at the price of a
            flush per command; with "everysec" whoever runs this calls ``sync`` once a second.
        tcp: Listen on a loopback port too, with a generated password.
        silence_s: A server that leaves a question without answer for this long hangs.
    """

    def __init__(
        self,
        data_dir: Path,
        *,
        fsync: Literal["everysec", "always"] = "everysec",
        tcp: bool = False,
        silence_s: float = 3.0,
    ) -> None:
        self._place = Place.at(data_dir)
        self._fsync = fsync
        self._tcp = tcp
        self._silence_s = silence_s
        self._care: int | None = None  # descriptor of the lock that makes us the carer
        self._process: subprocess.Popen[bytes] | None = None  # None too for an adopted server
        self._pid: int | None = None
        self._synced: dict[Path, int] = {}  # what each file's time of change was when it was last flushed

    def __enter__(self) -> Self:
        try:
            self.ensure()
        except EmbeddedServerError:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def pid(self) -> int | None:
        """The server's process id, once it is known."""
        return self._pid

    def ensure(self) -> Address:
        """Return when the server answers: the one that runs, one left by a dead carer, or a new one.

        Raises:
            DataDirectoryBusy: another process cares for this folder.
            EmbeddedServerError: no server can be had; the text names what to do.
        """
        self._place.prepare()
        self._take_care()
        changed = self._place.configure(fsync=self._fsync, tcp=self._tcp)
        lock = self._lock_for_server()
        if lock is None and not changed and self._adopt():
            return self._place.address()
        if lock is None:
            self._end()
            return self.ensure()
        try:
            self._start(lock)
        finally:
            os.close(lock)  # the server holds its own copy
        return self._place.address()

    def alive(self) -> bool:
        """Whether the server answers. One that is loading its data does."""
        try:
            with self._client() as client:
                client.ping()
        except BusyLoadingError:
            return True
        except (RedisError, OSError):
            return False
        return True

    def gone(self) -> bool:
        """Whether there is no server process any more. A server that hangs is not gone."""
        if self._process is not None and self._process.poll() is None:
            return False
        lock = self._lock_for_server()
        if lock is not None:
            os.close(lock)
        return lock is not None

    def sync(self) -> int:
        """Force to the disk what was written since the last call; the number of files that had to be."""
        forced = 0
        for file in self._place.data.glob("*.incr.aof"):
            # Compacting removes files at any moment, after it has flushed their content in a new one.
            with suppress(FileNotFoundError):
                changed = file.stat().st_mtime_ns
                if self._synced.get(file) != changed:
                    _flush(file)
                    self._synced[file] = changed
                    forced += 1
        return forced

    def stop(self) -> None:
        """End the server in order and give up the care for it. Harmless when nothing runs."""
        if self._care is None:
            return
        try:
            if not self.gone():
                self._end()
                log.info("broker_stopped", extra={"pid": self._pid})
        finally:
            os.close(self._care)
            self._care = self._process = self._pid = None

    def _take_care(self) -> None:
        if self._care is not None:
            return
        lock = open_lock(self._place.care_lock)
        try:
            locked = try_lock(lock)
        except OSError as error:
            os.close(lock)
            raise EmbeddedServerError(
                f"{self._place.folder} can't be locked: {error.strerror}. "
                "It has to lie on a local disk; name another folder in [broker] url."
            ) from error
        if not locked:
            holder = os.pread(lock, 20, 0).decode("ascii", "replace").strip()
            os.close(lock)
            raise DataDirectoryBusy(
                f"process {holder or '?'} already runs the broker of {self._place.folder}. "
                "Run it once per folder: end that process, or name another folder in [broker] url."
            )
        os.ftruncate(lock, 0)
        os.pwrite(lock, str(os.getpid()).encode(), 0)
        self._care = lock

    def _lock_for_server(self) -> int | None:
        """The lock a new server is to inherit, or None while a server lives."""
        lock = open_lock(self._place.serving_lock)
        if try_lock(lock):
            return lock
        os.close(lock)
        return None

    def _adopt(self) -> bool:
        """Take over the server that answers here, if it is the one of this folder."""
        try:
            with self._client() as client:
                info = client.info("server")
                serves = client.config_get("dir")
        except (RedisError, OSError):
            return False
        if not isinstance(info, dict) or not isinstance(serves, dict):
            return False
        pid = int(info["process_id"])
        if Path(serves["dir"]).resolve() != self._place.folder.resolve() or not self._is_ours(pid):
            return False
        if self._pid != pid:
            log.info("broker_adopted", extra={"pid": pid, "folder": str(self._place.folder)})
            self._pid = pid
        self._await_data()
        return True

    def _start(self, lock: int) -> None:
        if self._process is not None:
            self._process.wait(timeout=_START_S)  # it let go of the lock, so it is dead: no zombie stays
        self._keep_log_small()
        program = binary.find()
        with open_log(self._place.log) as output:
            told_before = output.tell()
            # Its own session: neither Ctrl-C nor our end reaches it. Only the lock is inherited.
            self._process = subprocess.Popen(
                [program, self._place.conf],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                pass_fds=(lock,),
                umask=0o077,
            )
        self._pid = self._process.pid
        end = time.monotonic() + _START_S
        while not self.alive():
            if self._process.poll() is not None:
                raise EmbeddedServerError(explain(self._place, told_before))
            if time.monotonic() > end:
                self._end()
                raise EmbeddedServerError(
                    f"the server did not answer within {_START_S:g} s; see {self._place.log}"
                )
            time.sleep(_LOOK_S)
        self._await_data()
        log.info("broker_started", extra={"pid": self._pid, "folder": str(self._place.folder)})

    def _await_data(self) -> None:
        """Loading takes as long as it takes; a server that dies of it is noticed."""
        while True:
            try:
                with self._client() as client:
                    client.ping()
            except BusyLoadingError:
                time.sleep(_LOOK_S)
            except (RedisError, OSError) as error:
                # Who dies closes its connections first, and lets go of its lock a moment later.
                if wait(self.gone, self._silence_s):
                    raise EmbeddedServerError(explain(self._place, 0)) from error
                raise EmbeddedServerError(f"the server fell silent: {error}") from error
            else:
                return

    def _end(self) -> None:
        """End the server that holds this folder: by its own command, else by force if it is ours.

        Raises:
            EmbeddedServerError: it lives on.
        """
        try:
            with self._client() as client:
                client.shutdown(nosave=True)  # the log of writes is flushed; there is nothing else to save
        except (RedisError, OSError):
            pass  # it hangs, or is gone already: what follows decides
        else:
            if wait(self.gone, 10.0):
                return
        for number, patience_s in ((signal.SIGTERM, self._silence_s), (signal.SIGKILL, 3.0)):
            pid = self._known_pid()
            if pid is not None:
                log.warning("broker_ended", extra={"pid": pid, "by": number.name})
                os.kill(pid, number)
            # Without a process to end, a child of the dead server may still hold the folder for a moment.
            if wait(self.gone, patience_s):
                return
        raise EmbeddedServerError(
            f"a server that can't be ended holds {self._place.serving_lock}. "
            f"`fuser {self._place.serving_lock}` names its process; end it."
        )

    def _known_pid(self) -> int | None:
        """The server's process, as we know it or its pid file says, if it still is this folder's server."""
        pids = [self._pid]
        with suppress(OSError, ValueError):
            pids.append(int(self._place.pid_file.read_text(encoding="ascii")))
        return next((pid for pid in pids if pid is not None and self._is_ours(pid)), None)

    def _is_ours(self, pid: int) -> bool:
        """Whether that process was started with this folder's configuration. A pid alone proves nothing."""
        return os.fsencode(self._place.conf) in command_line(pid)

    def _client(self) -> Redis:
        address = self._place.address()
        return Redis(
            unix_socket_path=str(address.socket),
            password=address.password.get_secret_value() if address.password else None,
            socket_timeout=self._silence_s,
            retry=Retry(NoBackoff(), 0),
            protocol=2,
            decode_responses=True,
        )

    def _keep_log_small(self) -> None:
        if self._place.log.exists() and self._place.log.stat().st_size > _LOG_BYTES:
            self._place.log.replace(self._place.log.with_suffix(".log.1"))


def _flush(file: Path) -> None:
    descriptor = os.open(file, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
