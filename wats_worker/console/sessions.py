"""Who is logged in. All of it is in this process and nowhere else: a console that ends logs everybody out."""

import asyncio
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Literal

from pydantic import SecretStr

from wats_broker.access import Scope, Token
from wats_worker.console.asker import Asker
from wats_worker.console.trend import Past
from wats_worker.control.client import Client

#: Of more, the oldest is logged out.
_MOST: Final = 200

Theme = Literal["auto", "light", "dark"]


@dataclass
class Session:
    """One operator, on any number of tabs."""

    token: Token  #: what is known of the token, not the token
    asker: Asker
    opened_at: float
    theme: Theme = "auto"
    past: Past = field(default_factory=Past)

    def may(self, scope: Scope) -> bool:
        """Whether the door will let this operator do something; it decides by itself all the same."""
        return self.token.scope.includes(scope)


class Sessions:
    """All of them.

    Args:
        client: Gives a client for somebody's token.
        term_s: Seconds after which one logs in again.
        clock: Source of the time in seconds. Only for testing.
    """

    def __init__(
        self,
        client: Callable[[SecretStr], Client],
        *,
        term_s: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = client
        self._term_s = term_s
        self._clock = clock
        self._sessions: dict[str, Session] = {}

    async def open(self, text: SecretStr) -> str:
        """Log somebody in; what the cookie says.

        Raises:
            ControlError: the door does not know the token, or does not answer.
        """
        client = self._client(text)
        try:
            mine = await asyncio.to_thread(client.mine)
        except BaseException:  # whatever it was, nobody else knows this client
            client.close()
            raise
        self._tidy()
        name = secrets.token_urlsafe(32)
        self._sessions[name] = Session(mine.token, Asker(client), self._clock())
        # A page that stays open asks for nothing that a cookie comes with.
        asyncio.get_running_loop().call_later(self._term_s, self.close, name)
        return name

    def find(self, name: str) -> Session | None:
        """Whose cookie this is."""
        session = self._sessions.get(name)
        if session is not None and self._clock() - session.opened_at >= self._term_s:
            self.close(name)
            return None
        return session

    def close(self, name: str) -> None:
        """Log somebody out, on all tabs."""
        if session := self._sessions.pop(name, None):
            session.asker.close()

    def _tidy(self) -> None:
        for name in list(self._sessions):
            self.find(name)
        while len(self._sessions) >= _MOST:
            self.close(next(iter(self._sessions)))
