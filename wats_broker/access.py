"""Who may come in at the control door, and how often.

A token is ``wats_<id>_<secret>``. The id is its name in lists and logs; the secret has 256 bits and is kept
as a hash. A fast one is enough: nobody guesses 256 bits, so there is nothing for a slow hash to slow down.
"""

import hashlib
import hmac
import json
import re
import secrets
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Final, Self

from wats_broker.names import Keys
from wats_broker.scripts import Client, Scripts

_FORM: Final = re.compile(r"wats_([0-9a-f]{12})_([A-Za-z0-9_-]{43})")
#: The last so many refusals and changes of tokens are kept for people.
_NOTES: Final = 1000
#: So long a token that is over stands in the list.
_REMEMBERED_S: Final = 86400.0


class Scope(StrEnum):
    """What a token may do. Each one includes those before it."""

    READ = "read"
    OPERATE = "operate"
    ADMIN = "admin"

    def includes(self, other: "Scope") -> bool:
        """Whether this is enough for something that needs the other one.

        >>> Scope.ADMIN.includes(Scope.READ), Scope.READ.includes(Scope.OPERATE)
        (True, False)
        """
        order = list(Scope)
        return order.index(self) >= order.index(other)


@dataclass(frozen=True)
class Token:
    """All that is known of a token; not enough to use it."""

    id: str
    name: str  #: whom it was made for
    scope: Scope
    created_at: float  #: seconds since 1970
    expires_at: float | None = None
    #: Until then the secret of before the last rotation lets in as well.
    grace_until: float | None = None
    kept_elsewhere: bool = False  #: in a private file, say; whoever keeps it enters it again and again


@dataclass(frozen=True)
class _Kept:
    """A token as Redis has it."""

    token: Token
    hash: str
    hash_before: str = ""

    def dump(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def load(cls, text: str) -> Self:
        raw = json.loads(text)
        token = Token(**{**raw["token"], "scope": Scope(raw["token"]["scope"])})
        return cls(token, raw["hash"], raw["hash_before"])


@dataclass(frozen=True)
class Allowance:
    """So many requests a minute, and so many at once after a pause."""

    per_minute: int = 100
    burst: int = 20


@dataclass(frozen=True)
class Spent:
    """Whether a request was granted."""

    granted: bool
    left: int = 0  #: requests that could follow at once
    wait_s: float = 0.0  #: seconds until the next one is granted


@dataclass(frozen=True)
class Note:
    """Something about the door that a person may want to know."""

    at: float  #: seconds since 1970
    event: str
    who: str  #: a token's name and id, or an address
    about: str


class Access:
    """The tokens of one factory, and the buckets that its clients spend from.

    Args:
        redis: Client with ``decode_responses=True``.
        keys: The factory's key layout.
        clock: Source of the time in seconds. Only for testing.
    """

    def __init__(self, redis: Client, keys: Keys, *, clock: Callable[[], float] = time.time) -> None:
        self._redis = redis
        self._keys = keys
        self._scripts = Scripts(redis, "access", keys.access)
        self._clock = clock

    def create(self, name: str, scope: Scope, *, lasts_s: float | None = None) -> tuple[Token, str]:
        """Make a token. Returns it with its text, which nobody can be told a second time."""
        now = self._clock()
        token = Token(
            id=secrets.token_hex(6),
            name=name,
            scope=scope,
            created_at=now,
            expires_at=None if lasts_s is None else now + lasts_s,
        )
        secret = secrets.token_urlsafe(32)
        self._keep(_Kept(token, _hash(secret)))
        self.note("token_created", f"{name} ({token.id})", f"scope {scope}")
        return token, _text(token.id, secret)

    def admit(self, text: str, name: str, scope: Scope, *, term_s: float) -> Token:
        """Enter a token whose text somebody else keeps: a private file, or a secret of the container.

        It lets in for a term, so it is to be entered again and again: whoever takes it out of its place, or
        puts another one there, has ended it. Several replicas may enter the same one.

        Raises:
            ValueError: it has not the form of a token.
        """
        found = _FORM.fullmatch(text)
        if not found:
            raise ValueError("a token looks like wats_<12 hex digits>_<43 letters, digits, - or _>")
        kept = self._find(found[1])
        secret, now = _hash(found[2]), self._clock()
        known = kept is not None and hmac.compare_digest(kept.hash, secret) and kept.token.scope is scope
        # Asked once a second, written now and then.
        if kept and known and (kept.token.expires_at or 0) - now > term_s / 2:
            return kept.token
        token = Token(
            id=found[1],
            name=name,
            scope=scope,
            created_at=kept.token.created_at if kept and known else now,
            expires_at=now + term_s,
            kept_elsewhere=True,
        )
        self._keep(_Kept(token, secret))
        return token

    def who(self, text: str) -> Token | None:
        """Whose token this is, or None: it is none, unknown, revoked or over.

        The id may be guessed by the time an answer takes; it is no secret.
        """
        found = _FORM.fullmatch(text)
        kept = self._find(found[1]) if found else None
        if found is None or kept is None:
            return None
        token, now = kept.token, self._clock()
        if token.expires_at is not None and now >= token.expires_at:
            return None
        given = _hash(found[2])
        if hmac.compare_digest(given, kept.hash):
            return token
        in_grace = token.grace_until is not None and now < token.grace_until
        return token if in_grace and hmac.compare_digest(given, kept.hash_before) else None

    def rotate(self, token_id: str, *, grace_s: float) -> tuple[Token, str] | None:
        """Give a token a new secret; the old one lets in for a while yet. None: there is no such token."""
        kept = self._find(token_id)
        if kept is None:
            return None
        secret = secrets.token_urlsafe(32)
        token = replace(kept.token, grace_until=self._clock() + grace_s)
        self._keep(_Kept(token, _hash(secret), kept.hash))
        self.note("token_rotated", f"{token.name} ({token.id})", f"the old secret lets in for {grace_s:g} s")
        return token, _text(token.id, secret)

    def revoke(self, token_id: str) -> bool:
        """End a token at once. False: there is none of this id."""
        gone = bool(self._redis.hdel(self._keys.access("tokens"), token_id))
        if gone:
            self.note("token_revoked", token_id, "")
        return gone

    def tokens(self) -> list[Token]:
        """All tokens, the oldest first. Forgets those that were over long ago."""
        found = [_Kept.load(text).token for text in self._redis.hvals(self._keys.access("tokens"))]
        past = self._clock() - _REMEMBERED_S
        over = {token.id for token in found if token.expires_at is not None and token.expires_at < past}
        if over:
            self._redis.hdel(self._keys.access("tokens"), *over)
        return sorted((token for token in found if token.id not in over), key=lambda token: token.created_at)

    def spend(self, client: str, allowance: Allowance, *, cost: int = 1) -> Spent:
        """Take a request out of a client's bucket; a cost of 0 only asks whether there is one."""
        granted, told = self._scripts.run(
            "spend",
            key=lambda _: self._keys.access(f"bucket:{client}"),
            now="" if self._clock is time.time else str(int(self._clock() * 1000)),
            per_minute=allowance.per_minute,
            burst=allowance.burst,
            cost=cost,
        )
        return Spent(True, left=told) if granted else Spent(False, wait_s=told / 1000)

    def note(self, event: str, who: str, about: str) -> None:
        """Keep something for people; the oldest notes are forgotten."""
        key = self._keys.access("notes")
        pipeline = self._redis.pipeline(transaction=False)
        pipeline.lpush(key, json.dumps([self._clock(), event, who[:200], about[:500]]))
        pipeline.ltrim(key, 0, _NOTES - 1)
        pipeline.execute()

    def notes(self, *, count: int = 100) -> list[Note]:
        """The last notes, newest first."""
        return [
            Note(*json.loads(text)) for text in self._redis.lrange(self._keys.access("notes"), 0, count - 1)
        ]

    def _find(self, token_id: str) -> _Kept | None:
        text = self._redis.hget(self._keys.access("tokens"), token_id)
        return _Kept.load(text) if text else None

    def _keep(self, kept: _Kept) -> None:
        self._redis.hset(self._keys.access("tokens"), kept.token.id, kept.dump())


def make_text() -> str:
    """The text of a token that is not entered anywhere yet."""
    return _text(secrets.token_hex(6), secrets.token_urlsafe(32))


def _text(token_id: str, secret: str) -> str:
    return f"wats_{token_id}_{secret}"


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
