"""One line of the trail, as it is written and read. Pure."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import Any, Self


class Event(StrEnum):
    """What a line tells."""

    ASKED = "asked"  #: somebody who may is about to change something
    ANSWERED = "answered"  #: what came of it
    REFUSED = "refused"  #: somebody was not let in, or not let do it
    DONE = "done"  #: the line did it by itself: a rule of its configuration wanted it


@dataclass(frozen=True)
class Told:
    """What is to be written."""

    event: Event
    action: str  #: such as "queue pause"
    who: str = ""  #: a token's name and id; never the token
    peer: str = ""  #: where from
    target: str = ""
    reason: str = ""
    request: str = ""  #: what question and answer have in common
    status: int = 0  #: the answer's, as HTTP has it
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Entry:
    """A line: what was told, when, and where it stands in the chain."""

    number: int  #: from 1 on, through all days
    at: str  #: UTC, ISO 8601, by the clock of whoever wrote it
    before: str  #: hash of the line before; empty for the first
    told: Told
    #: What was wrong with the end of the trail when this was written. Nobody can take this back.
    gap: str = ""

    def line(self) -> bytes:
        """Its bytes, without the line feed."""
        # What is not said is left out: most lines say little.
        told = {name: value for name, value in vars(self.told).items() if value}
        place = {"number": self.number, "at": self.at, "before": self.before}
        odd = {"gap": self.gap} if self.gap else {}
        return json.dumps(place | told | odd, ensure_ascii=False, separators=(",", ":")).encode()

    @classmethod
    def read(cls, line: bytes) -> Self:
        """The other way round.

        Raises:
            ValueError: this is no line of ours.
        """
        raw = json.loads(line)
        try:
            told = {one.name: raw.pop(one.name) for one in fields(Told) if one.name in raw}
            told["event"] = Event(told["event"])
            return cls(told=Told(**told), **raw)
        except (AttributeError, TypeError, KeyError) as wrong:
            raise ValueError(str(wrong)) from None


def hash_of(line: bytes) -> str:
    """What the next line says of this one."""
    return hashlib.sha256(line).hexdigest()
