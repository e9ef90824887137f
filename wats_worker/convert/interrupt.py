"""How a conversion is broken off when its worker has to end before it does.

By a signal, which strikes only while the jail works: everything else that is done about a file takes moments,
and must not be left half done. Nothing is lost by it, since the file is untouched and nothing is offered yet.
"""

import signal
from collections.abc import Iterator
from contextlib import contextmanager


class GoingHome(BaseException):
    """The worker ends now. No ordinary exception, so that nobody takes it for a fault of the file."""


class Interrupt:
    """The signal of one process.

    >>> interrupt = Interrupt()
    >>> interrupt.strike()
    >>> with interrupt.allowed():
    ...     interrupt.strike()
    Traceback (most recent call last):
    ...
    wats_worker.convert.interrupt.GoingHome
    """

    def __init__(self) -> None:
        self._allowed = False

    def listen(self, number: signal.Signals = signal.SIGTERM) -> None:
        """Take this signal for it from now on. For the main thread of the process that converts."""
        signal.signal(number, lambda *_: self.strike())

    def strike(self) -> None:
        """Break off what may be broken off; else do nothing. Whoever wants an end asks again.

        Raises:
            GoingHome: at whatever point the main thread was.
        """
        if self._allowed:
            self._allowed = False
            raise GoingHome

    @contextmanager
    def allowed(self) -> Iterator[None]:
        """Let the signal break off what happens in here."""
        self._allowed = True
        try:
            yield
        finally:
            self._allowed = False
