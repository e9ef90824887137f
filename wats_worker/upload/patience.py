"""The time one request may take in all, and what is done while it waits.

httpx counts its time-outs anew for every read, so a server that drips one byte a minute holds a request for
ever, and with it a lease. Here every read and write also ends at the request's own end; and a read that takes
long is waited for in slices, between which the caller's *beat* runs (it keeps the lease alive). That needs no
thread and no lock: whoever waits renews, and who hangs elsewhere loses the lease as he should.

Only a name look-up can overrun: the system's resolver knows no deadline but its own (half a minute).
"""

import ssl
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from threading import local
from typing import Any, Final

import httpcore

#: Bytes per write, so that time and beat are looked at between them.
_CHUNK: Final = 256 * 1024
#: The shortest wait; zero would mean "do not wait" to a socket, and nothing "for ever".
_INSTANT: Final = 0.001


class Patience:
    """What is left of one request's time.

    Args:
        total_s: From now to the last byte of the answer.
        beat: Called about every ``every_s`` seconds while the request waits.
        every_s: See ``beat``.
        clock: Source of the time. Only for testing.
    """

    def __init__(
        self,
        total_s: float,
        *,
        beat: Callable[[], object] = lambda: None,
        every_s: float = float("inf"),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._clock = clock
        self._end = clock() + total_s
        self._beat = beat
        self._every_s = every_s
        self._next = clock() + every_s

    def left(self, timeout: float | None) -> float:
        """Seconds that a step with this time-out of its own may take."""
        left = self._end - self._clock()
        return max(_INSTANT, left if timeout is None else min(timeout, left))

    def slices(self, timeout: float | None) -> Iterator[float]:
        """Waits that together last as long as the step may take; the beat comes between them."""
        end = self._clock() + self.left(timeout)
        while (now := self._clock()) < end:
            yield max(_INSTANT, min(end, self._next) - now)
            self.beat_if_due()

    def beat_if_due(self) -> None:
        """Make the beat if its time has come."""
        if self._clock() >= self._next:
            self._beat()
            self._next = self._clock() + self._every_s


class PatientBackend(httpcore.SyncBackend):
    """Opens connections whose every step keeps to the patience of the request in hand."""

    def __init__(self) -> None:
        self._here = local()  # a kept-alive connection serves one thread after the other

    @contextmanager
    def having(self, patience: Patience) -> Iterator[None]:
        """Hold this thread's requests to one patience meanwhile."""
        self._here.patience = patience
        try:
            yield
        finally:
            del self._here.patience

    @property
    def patience(self) -> Patience:
        """The patience of the request in hand."""
        found: Patience = self._here.patience
        return found

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect within what time is left."""
        left = self.patience.left(timeout)
        return _PatientStream(super().connect_tcp(host, port, left, local_address, socket_options), self)


class _PatientStream(httpcore.NetworkStream):
    def __init__(self, inner: httpcore.NetworkStream, backend: PatientBackend) -> None:
        self._inner = inner
        self._backend = backend

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        for wait in self._backend.patience.slices(timeout):
            try:
                return self._inner.read(max_bytes, wait)
            except httpcore.ReadTimeout:
                continue  # the slice is over, not the patience; nothing has been read
        raise httpcore.ReadTimeout("no answer in time")

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        patience = self._backend.patience
        for start in range(0, len(buffer), _CHUNK):
            patience.beat_if_due()
            self._inner.write(buffer[start : start + _CHUNK], patience.left(timeout))

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        left = self._backend.patience.left(timeout)
        return _PatientStream(self._inner.start_tls(ssl_context, server_hostname, left), self._backend)

    def close(self) -> None:
        self._inner.close()

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)
