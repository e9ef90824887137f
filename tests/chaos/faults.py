"""What can be done to a line, by name. Each fault is a context: it begins, lasts, and is mended at the end.

``kill-…``, ``term-…`` and ``stop-…`` (SIGSTOP, and SIGCONT at the end) are followed by a role of ``Rig.processes``.
A fault that finds nobody to do it to says so, and does not count.
"""

import os
import random
import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Final

from chaos.proxy import Mood
from chaos.rig import Rig, read_only, send
from redis.exceptions import RedisError


class NobodyThere(Exception):
    """There is nothing to hurt at the moment."""


@contextmanager
def inject(rig: Rig, fault: str, dice: random.Random) -> Iterator[None]:
    """Do it, and mend it at the end.

    Raises:
        NobodyThere: it could not be done.
    """
    verb, _, role = fault.partition("-")
    if verb in {"kill", "term", "stop"}:
        with _signalled(rig, verb, role, dice):
            yield
    elif fault.startswith("server-") and fault in _ANSWERS:
        rig.server.mix(_ANSWERS[fault], seed=dice.randrange(1 << 30), seconds=1.0)
        try:
            yield
        finally:
            with suppress(OSError, ValueError):
                rig.server.clear_faults()
    else:
        with _OTHERS[fault](rig):
            yield


@contextmanager
def _signalled(rig: Rig, verb: str, role: str, dice: random.Random) -> Iterator[None]:
    there = rig.processes(role)
    if not there:
        raise NobodyThere(role)
    process = dice.choice(there)
    number = {"kill": signal.SIGKILL, "term": signal.SIGTERM, "stop": signal.SIGSTOP}[verb]
    if not send(process, number):
        raise NobodyThere(role)
    try:
        yield
    finally:
        if verb == "stop":
            send(process, signal.SIGCONT)


#: The share of requests that are answered like this.
_ANSWERS: Final[Mapping[str, Mapping[str, float]]] = {
    "server-429": {"429": 0.2, "429-bare": 0.1},
    "server-500": {"500": 0.4},
    "server-502-page": {"502": 0.4},
    "server-503": {"503": 0.4},
    "server-cut-before": {"cut-before": 0.4},
    "server-cut-after": {"cut-after": 0.4},
    "server-empty-answer": {"empty": 0.3},
    "server-slow-body": {"slow-body": 0.4},
}


@contextmanager
def _forgets(rig: Rig) -> Iterator[None]:
    _ask(rig, "flushall")
    yield


@contextmanager
def _forgets_scripts(rig: Rig) -> Iterator[None]:
    _ask(rig, "script_flush")
    yield


@contextmanager
def _cuts_connections(rig: Rig) -> Iterator[None]:
    _ask(rig, "execute_command", "CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
    yield


@contextmanager
def _is_full(rig: Rig) -> Iterator[None]:
    _ask(rig, "config_set", "maxmemory", 1)
    try:
        yield
    finally:
        with suppress(NobodyThere):  # a server that was restarted meanwhile has its own setting again
            _ask(rig, "config_set", "maxmemory", 0)


def _ask(rig: Rig, command: str, *words: object) -> None:
    try:
        getattr(rig.line.redis, command)(*words)
    except RedisError as error:
        raise NobodyThere(str(error)) from error


@contextmanager
def _server_down(rig: Rig) -> Iterator[None]:
    rig.server.kill()
    try:
        yield
    finally:
        rig.server.start()


@contextmanager
def _server_frozen(rig: Rig) -> Iterator[None]:
    assert rig.server.pid is not None
    os.kill(rig.server.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(rig.server.pid, signal.SIGCONT)


@contextmanager
def _server_slow(rig: Rig) -> Iterator[None]:
    usual = rig.server.settings.latency_ms
    rig.server.change(latency_ms=1500)
    try:
        yield
    finally:
        rig.server.change(latency_ms=usual)


@contextmanager
def _link_cut(rig: Rig) -> Iterator[None]:
    rig.proxy.cut()
    yield


def _link(mood: Mood) -> Callable[[Rig], "contextmanager[None]"]:
    @contextmanager
    def moody(rig: Rig) -> Iterator[None]:
        rig.proxy.mood = mood
        try:
            yield
        finally:
            rig.proxy.mood = Mood.PASS

    return moody


@contextmanager
def _disk_full(rig: Rig) -> Iterator[None]:
    if not rig.disk.is_mount():
        raise NobodyThere("the spool has no disk of its own; that takes root")
    filler = rig.disk / "filler"
    try:
        with suppress(OSError), filler.open("wb", buffering=0) as file:
            while True:
                file.write(bytes(1 << 20))
        yield
    finally:
        filler.unlink(missing_ok=True)


@contextmanager
def _disk_read_only(rig: Rig) -> Iterator[None]:
    if not rig.disk.is_mount():
        raise NobodyThere("the spool has no disk of its own; that takes root")
    with read_only(rig.disk):
        yield


@contextmanager
def _second_watcher(rig: Rig) -> Iterator[None]:
    other = rig.begin("watch")
    try:
        yield
    finally:
        other.terminate()
        other.wait(timeout=60)


_OTHERS: Final[Mapping[str, Callable[[Rig], "contextmanager[None]"]]] = {
    "redis-flushall": _forgets,
    "redis-full": _is_full,
    "redis-cut": _cuts_connections,
    "redis-forgets-scripts": _forgets_scripts,
    "server-down": _server_down,
    "server-frozen": _server_frozen,
    "server-slow": _server_slow,
    "link-cut": _link_cut,
    "link-refused": _link(Mood.REFUSE),
    "link-hangs": _link(Mood.HANG),
    "link-cuts-answers": _link(Mood.BITE_ANSWERS),
    "link-cuts-reports": _link(Mood.BITE_REQUESTS),
    "disk-full": _disk_full,
    "disk-read-only": _disk_read_only,
    "second-watcher": _second_watcher,
}
