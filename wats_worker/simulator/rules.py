"""What a call has to pass before anybody reads what it brings: token, scope, rate, size, content type."""

import fnmatch
import hmac
import math
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterable
from enum import Enum, auto

from wats_worker.simulator.answers import Refusal
from wats_worker.simulator.settings import Scope, Token


class Right(Enum):
    """What a route asks of a token."""

    READ = auto()
    WRITE = auto()
    REGISTER = auto()


_RIGHTS = {
    Scope.FULL: frozenset(Right),
    Scope.READ: frozenset({Right.READ}),
    Scope.REGISTER: frozenset({Right.REGISTER}),
}


def owner(authorization: str, tokens: Iterable[Token]) -> Token:
    """Find the token that an Authorization header shows.

    The secret is compared as it stands: it already is Base64, and a client that encodes it once more gets
    the 401 it would get from a real server.

    Raises:
        Refusal: 401.
    """
    scheme, _, shown = authorization.partition(" ")
    if scheme.lower() == "basic":
        for token in tokens:
            if hmac.compare_digest(shown.strip().encode(), token.secret.encode()):
                return token
    raise Refusal(
        401, "Authorization has been denied for this request.", headers={"WWW-Authenticate": "Basic"}
    )


def permit(token: Token, right: Right) -> None:
    """Hold a token against what the route asks.

    Raises:
        Refusal: 403.
    """
    if right not in _RIGHTS[token.scope]:
        raise Refusal(403, f"The token '{token.name}' may not do this: its scope is '{token.scope}'.")


def permit_product(token: Token, part_number: object) -> None:
    """Hold a token against the part number of a report. Its body is the only place that tells.

    Raises:
        Refusal: 403.
    """
    if token.part_numbers and not any(
        fnmatch.fnmatchcase(str(part_number), pattern) for pattern in token.part_numbers
    ):
        raise Refusal(403, f"The token '{token.name}' has no right to the product '{part_number}'.")


def type_is(content_type: str, allowed: frozenset[str], *, encoding: str) -> None:
    """Hold the content type of a body against what the route reads.

    Raises:
        Refusal: 415, also for a compressed body: no request compression is documented.
    """
    media, _, parameters = content_type.lower().partition(";")
    charset = parameters.partition("charset=")[2].strip().strip('"')
    if (
        media.strip() not in allowed
        or charset not in {"", "utf-8", "utf8"}
        or encoding not in {"", "identity"}
    ):
        raise Refusal(415, f"The content type '{content_type}' is not supported for this resource.")


class RateWindow:
    """Counts the requests of each token in a sliding window."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._taken: defaultdict[str, deque[float]] = defaultdict(deque)

    def take(self, secret: str, *, rate: int, window_s: float) -> None:
        """Count one request.

        Refused requests don't count, so a client that waits as told is let in.

        Raises:
            Refusal: 429 with the seconds after which a request will pass.
        """
        if not rate:
            return
        now = self._clock()
        taken = self._taken[secret]
        while taken and taken[0] <= now - window_s:
            taken.popleft()
        if len(taken) >= rate:
            wait = math.ceil(taken[len(taken) - rate] + window_s - now)
            raise Refusal(
                429,
                f"More than {rate} requests in {window_s:g} s.",
                headers={"Retry-After": str(max(wait, 1))},
            )
        taken.append(now)

    def forget(self) -> None:
        """Start every window anew."""
        self._taken.clear()
