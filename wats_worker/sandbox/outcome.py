"""What can come out of the jail. Pure data; every way a conversion can end is a value, none an exception."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Fault(StrEnum):
    """Why there is neither a result nor a refusal."""

    FAILED = "failed"  #: the converter raised
    CRASHED = "crashed"  #: the process ended without an answer
    TIMED_OUT = "timed out"
    CPU_LIMIT = "cpu limit"
    OUT_OF_MEMORY = "out of memory"
    TOO_MUCH_OUTPUT = "too much output"
    TOO_MUCH_SCRATCH = "too much scratch"
    BAD_RESULT = "bad result"  #: what came back is not a list of reports


@dataclass(frozen=True)
class Usage:
    """What one conversion took. Memory is the child's own word, everything else is measured from outside."""

    wall_s: float = 0.0
    cpu_s: float = 0.0
    peak_mb: float = 0.0
    #: From handing the file in until the answer, but for the time that the child was at work on it.
    overhead_s: float = 0.0


@dataclass(frozen=True)
class Converted:
    """At least one report, a WSJF JSON document each, as the child wrote them: still to be read strictly."""

    count: int
    warnings: tuple[str, ...]
    usage: Usage
    reports: tuple[bytes, ...] = ()  #: unless somebody took them as they came


@dataclass(frozen=True)
class Refusal:
    """The converter says that this file can't become a right report."""

    reason: str
    place: str | None
    field: str | None
    fix: str | None
    usage: Usage


@dataclass(frozen=True)
class Unready:
    """The file is not finished, or waits for another one. Ask again later."""

    reason: str
    usage: Usage


@dataclass(frozen=True)
class Broken:
    """No usable answer: the conversion failed, or was ended."""

    kind: Fault
    detail: str
    stderr: bytes  #: what the child wrote to stdout and stderr, at most ``Limits.log_kb``
    usage: Usage


Outcome = Converted | Refusal | Unready | Broken


@dataclass(frozen=True)
class Tried:
    """What the surest converter made of the file in the same run, should the owner choose it too."""

    converter: str
    outcome: Outcome


@dataclass(frozen=True)
class Probed:
    """How sure each converter is that the file is its own."""

    scores: Mapping[str, float]
    faults: Mapping[str, str]  #: converters that could not be asked, and why
    usage: Usage
    tried: Tried | None = None
