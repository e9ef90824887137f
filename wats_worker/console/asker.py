"""Asks the door for one session: once for all widgets and tabs that want to know the same, and not too often.

When the door does not answer, what was known last goes on being shown, and ``weather`` says how it stands. So
no page has to know what to do about it, and all of them recover as soon as somebody hears the door again.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, TypeVar, cast

from wats_broker.errors import VersionMismatchError
from wats_worker.control.client import Client, ControlError, Denied, NoDoor

Answer = TypeVar("Answer")

#: Answers that are kept; what was asked for long ago is forgotten.
_KEPT: Final = 100


class Sky(StrEnum):
    """How the door is."""

    CLEAR = "clear"
    AWAY = "away"  #: it does not answer, or can't
    BUSY = "busy"  #: this token asks too often
    STRANGE = "strange"  #: it does not know the token any more
    OTHER = "other"  #: it speaks another protocol, or is no door
    OVER = "over"  #: this session was logged out


#: Seconds to the next try. A token that is unknown may come back, when a broker has lost its memory, say.
_AGAIN_S: Final = {Sky.AWAY: 2.0, Sky.BUSY: 5.0, Sky.STRANGE: 10.0, Sky.OTHER: 10.0}


@dataclass(frozen=True)
class Weather:
    """How the door is, and since when."""

    sky: Sky = Sky.CLEAR
    text: str = ""
    since: float = 0.0  #: seconds since 1970


@dataclass
class _Kept:
    answer: Any
    at: float


class Asker:
    """One session's way to the door.

    Args:
        client: With its token.
        clock: Source of the time in seconds. Only for testing.
    """

    def __init__(self, client: Client, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._client = client
        self._clock = clock
        self._kept: dict[str, _Kept] = {}
        self._asking: dict[str, asyncio.Task[Any]] = {}
        self._not_before = 0.0
        self.weather = Weather()

    async def look(self, name: str, question: Callable[[Client], Answer], *, fresh_s: float) -> Answer | None:
        """What the door says, or said not long ago, or said last if it does not answer now.

        Args:
            name: What is asked for; the same name is the same question.
            question: Asks the client.
            fresh_s: Seconds for which an answer is good enough.

        Raises:
            Denied: this one question was refused, for a reason of its own.
        """
        kept = self._kept.get(name)
        if kept and self._clock() - kept.at < fresh_s:
            return cast("Answer", kept.answer)
        if self._clock() >= self._not_before and self.weather.sky is not Sky.OVER:
            if name not in self._asking:
                task = asyncio.create_task(self._ask(name, question))
                self._asking[name] = task
                task.add_done_callback(lambda _: self._asking.pop(name, None))
            # Whoever goes away meanwhile must not take the answer from the others.
            await asyncio.shield(self._asking[name])
            kept = self._kept.get(name)
        return cast("Answer", kept.answer) if kept else None

    async def act(self, deed: Callable[[Client], Answer]) -> Answer:
        """Do something. Everything that is known may be different after it.

        Raises:
            ControlError: the door said no, or nothing.
            VersionMismatchError: it speaks another protocol.
        """
        if self.weather.sky is Sky.OVER:
            raise ControlError("you are logged out")
        try:
            return await asyncio.to_thread(deed, self._client)
        finally:
            for kept in self._kept.values():
                kept.at = float("-inf")

    def close(self) -> None:
        """Ask nothing more, and forget what was told."""
        self.weather = Weather(Sky.OVER, "You are logged out.", time.time())
        self._kept.clear()
        self._client.close()

    async def _ask(self, name: str, question: Callable[[Client], Any]) -> None:
        try:
            answer = await asyncio.to_thread(question, self._client)
        except (ControlError, VersionMismatchError) as error:
            sky = _sky(error)
            if sky is None:
                raise
            self._turn(sky, str(error))
        else:
            self._turn(Sky.CLEAR, "")
            if self.weather.sky is not Sky.OVER:
                self._kept.pop(name, None)
                self._kept[name] = _Kept(answer, self._clock())
                while len(self._kept) > _KEPT:
                    self._kept.pop(next(iter(self._kept)))

    def _turn(self, sky: Sky, text: str) -> None:
        if self.weather.sky is Sky.OVER:
            return
        self._not_before = self._clock() + _AGAIN_S.get(sky, 0.0)
        since = self.weather.since if self.weather.sky is sky else time.time()
        self.weather = Weather(sky, text, since)
        if sky is Sky.STRANGE:
            self._kept.clear()  # nobody is to be shown what this token may not ask for any more


def _sky(error: Exception) -> Sky | None:
    """What a failure says about the door; None if it is only about what was asked."""
    match error:
        case NoDoor():
            return Sky.AWAY
        case Denied(status=401):
            return Sky.STRANGE
        case Denied(status=429):
            return Sky.BUSY
        case Denied(status=status) if status >= 500:
            return Sky.AWAY
        case Denied():
            return None
        case _:
            return Sky.OTHER
