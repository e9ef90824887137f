"""What a simulator can be told before it starts, and partly while it runs."""

from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path

from pydantic import BaseModel

from wats_worker.simulator.faults import Fault, Mix
from wats_worker.simulator.processes import GENERIC, Process


class Mode(StrEnum):
    """How closely a report is held against the wire schema."""

    STRICT = "strict"
    LENIENT = "lenient"  # takes unknown members and a missing startUTC, as real servers do


class Scope(StrEnum):
    """What a token may do."""

    FULL = "full"
    READ = "read"
    REGISTER = "register"  # may only register clients


@dataclass(frozen=True, slots=True)
class Token:
    """A token as the server's token page gives it out."""

    secret: str = field(repr=False)
    name: str = "station"
    scope: Scope = Scope.FULL
    part_numbers: tuple[
        str, ...
    ] = ()  # patterns (PSU-*) that stand for product groups; empty = every product


@dataclass(frozen=True, slots=True)
class SimulatorSettings:
    """Everything one simulator needs; the defaults are a fresh server that nobody has changed."""

    store: Path  # the SQLite file; created when absent
    tokens: tuple[Token, ...]
    control_token: str = field(repr=False)  # opens /_simulator/, and nothing else does
    host: str = "127.0.0.1"
    port: int = 0  # 0 = any free one
    prefix: str = ""  # "/wats" on old installations
    mode: Mode = Mode.STRICT
    rate: int = 500  # requests per token in any stretch of rate_window_s; 0 = as many as they like
    rate_window_s: float = 60.0
    max_body: int = 30_000_000
    latency_ms: float = 0.0  # added to every request
    processing_delay_s: float = 0.0  # between the 200 and the moment a GET finds the report
    future_tolerance_s: float = 300.0  # a start later than this goes to quarantine
    clock_offset_s: float = 0.0  # how far this server's clock is ahead of the machine's
    faults: tuple[Fault, ...] = ()  # scripted, taken in order
    mix: Mix = field(default_factory=Mix)  # random
    synchronous: bool = (
        False  # also survive a power cut (a sync per checkpoint) and not only a killed process
    )
    processes: tuple[Process, ...] = GENERIC


class Changes(BaseModel, frozen=True, extra="forbid"):
    """What may change while a simulator runs. Only members that are given are changed."""

    mode: Mode = Mode.STRICT
    rate: int = 0
    rate_window_s: float = 0.0
    max_body: int = 0
    latency_ms: float = 0.0
    processing_delay_s: float = 0.0
    future_tolerance_s: float = 0.0
    clock_offset_s: float = 0.0

    def of(self, settings: SimulatorSettings) -> SimulatorSettings:
        """The settings with these changes."""
        return replace(settings, **self.model_dump(exclude_unset=True))
