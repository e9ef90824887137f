"""Faults on purpose: scripted for the next calls, or at random from a seed.

This module only decides which fault a call meets. ``app.py`` does what the kind says.
"""

import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

#: What a fault hits unless told otherwise: every upload, JSON or XML.
ANY_POST = "POST /api/report/ws"


class Kind(StrEnum):
    """What goes wrong. Whether the report was stored is part of the promise."""

    # Nothing is stored, and the answer says so.
    BAD_REQUEST = "400"
    UNAUTHORIZED = "401"
    FORBIDDEN = "403"
    TOO_LARGE = "413"
    TOO_MANY = "429"
    TOO_MANY_BARE = "429-bare"  # without Retry-After
    SERVER_ERROR = "500"
    BAD_GATEWAY = "502"  # a proxy's HTML page
    UNAVAILABLE = "503"
    # Nothing is stored, but the answer looks like success or leads elsewhere.
    EMPTY = "empty"  # 200 without a body
    LOGIN_PAGE = "login-page"  # 200 with HTML
    LOGIN_REDIRECT = "login-redirect"  # 302 to that page
    CUT_BEFORE = "cut-before"  # the connection goes before anything was stored
    # Stored like any other call, only the answer suffers.
    CUT_AFTER = "cut-after"  # the connection goes after the report was stored
    STALL = "stall"  # silence for `seconds`, then the usual work and answer
    SLOW_BODY = "slow-body"  # the answer trickles in over `seconds`
    OBJECT = "object"  # an object instead of an array with one object
    QUARANTINE = "quarantine"  # the usual 200, but the report is set aside instead of processed


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault and the calls it waits for."""

    kind: Kind
    times: int = 1  # 0 = until the script is cleared
    on: str = ANY_POST  # start of "METHOD /path", without regard to case and prefix
    holding: str = ""  # only calls whose body holds this text, such as an id or a serial number
    seconds: float = 120.0  # how long a stall or a slow body lasts
    retry_after: str = ""  # seconds or an HTTP date; empty = 1 second for 429, no header for 503

    def hits(self, call: str, body: bytes) -> bool:
        """Tell whether this fault is meant for that call.

        >>> Fault(Kind.STALL).hits("POST /api/report/wsjf", b"{}")
        True
        >>> Fault(Kind.STALL, holding="SN-7").hits("POST /api/report/wsjf", b'{"sn": "SN-8"}')
        False
        """
        return call.lower().startswith(self.on.lower()) and self.holding.encode() in body


@dataclass(frozen=True, slots=True)
class Mix:
    """Random faults: each kind hits its share of the calls, and the same seed hits the same calls."""

    shares: Mapping[Kind, float] = field(default_factory=dict)  # 0–1 each, at most 1 together
    seed: int = 0
    on: str = ANY_POST
    seconds: float = 120.0
    retry_after: str = ""

    def __post_init__(self) -> None:
        if sum(self.shares.values()) > 1 or any(share < 0 for share in self.shares.values()):
            raise ValueError(f"the shares of a fault mix lie between 0 and 1, also together: {self.shares}")

    def fault(self, dice: random.Random) -> Fault | None:
        """Roll once."""
        rest = dice.random()
        for kind, share in self.shares.items():
            rest -= share
            if rest < 0:
                return Fault(kind, on=self.on, seconds=self.seconds, retry_after=self.retry_after)
        return None


class Script:
    """The faults to come: scripted ones in order, then the dice."""

    def __init__(self, faults: Iterable[Fault] = (), *, mix: Mix | None = None) -> None:
        self._faults = list(faults)
        self.roll(mix or Mix())

    def add(self, faults: Iterable[Fault]) -> None:
        """Queue more faults behind those that wait."""
        self._faults.extend(faults)

    def roll(self, mix: Mix) -> None:
        """From now on, and from the start of its seed, take random faults from this mix."""
        self._mix = mix
        self._dice = random.Random(mix.seed)  # noqa: S311 - it has to be predictable

    def clear(self) -> None:
        """Forget every fault, scripted or random."""
        self._faults.clear()
        self.roll(Mix())

    def waiting(self) -> list[Fault]:
        """Scripted faults that have not been used up."""
        return list(self._faults)

    def meet(self, method: str, path: str, body: bytes) -> Fault | None:
        """Say which fault this call meets, and use it up.

        >>> script = Script([Fault(Kind.UNAVAILABLE)])
        >>> [script.meet("POST", "/api/report/wsjf", b"") is not None for _ in range(2)]
        [True, False]
        """
        call = f"{method} {path}"
        for place, fault in enumerate(self._faults):
            if fault.hits(call, body):
                self._use_up(place)
                return fault
        if self._mix.shares and call.lower().startswith(self._mix.on.lower()):
            return self._mix.fault(self._dice)
        return None

    def _use_up(self, place: int) -> None:
        fault = self._faults[place]
        if fault.times == 1:
            del self._faults[place]
        elif fault.times > 1:
            self._faults[place] = replace(fault, times=fault.times - 1)
