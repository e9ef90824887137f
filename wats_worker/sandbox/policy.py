"""What a conversion may use: limits, and what one converter is granted beyond the rule. Pure data."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import IntEnum
from pathlib import Path
from typing import Any, Final, Literal, Self


class Level(IntEnum):
    """How much of the jail the kernel enforces. Lower levels exist only for those who ask for them."""

    #: A process of its own, ended with its file or when the time is up, and an environment made for it. The
    #: only level where there is no Linux. Converter code can do all that the worker can.
    PROCESS = 1
    #: Besides: limits on memory, output, scratch files, and on the rest as well.
    LIMITS = 2
    #: Besides: no privileges, no network, no other process. Files that the worker's user may touch stay open,
    #: and with /proc among them much else.
    SECCOMP = 3
    #: Besides: no files but the runtime, the one to convert, and the scratch folder (Landlock).
    STRICT = 4


#: How long compiling one plugin may take. Forty lines can be made to take minutes, and all others wait.
COMPILING_S: Final = 5.0
#: What becomes of a plugin's import of a module it has no use for: nothing, a note in the log, an error.
Imports = Literal["free", "warn", "refuse"]


@dataclass(frozen=True)
class Limits:
    """How much one conversion may use before it is ended.

    >>> Limits(memory_mb=0)
    Traceback (most recent call last):
        ...
    ValueError: the limit memory_mb must be at least 1, not 0
    """

    memory_mb: int = 512  #: on top of what the empty jail needs
    cpu_s: int = 120
    wall_s: float = 300
    descriptors: int = 50
    output_mb: int = 2000  #: all reports of one file together
    log_kb: int = 256  #: stdout and stderr together; what goes beyond is dropped
    scratch_mb: int = 32  #: all files in the scratch folder together; looked at 50 times a second
    scratch_entries: int = 4096
    reports: int = 250_000  #: per file
    report_mb: int = 32  #: of one report
    report_values: int = 1_500_000  #: of one report: a step has a dozen, and each takes the worker's memory

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            least = 0.01 if name == "wall_s" else 8 if name == "descriptors" else 1
            if value < least:
                raise ValueError(f"the limit {name} must be at least {least}, not {value}")


@dataclass(frozen=True)
class Capabilities:
    """What one converter may do that others may not. The default grants nothing.

    Hashable, because converters with equal capabilities share a zygote.
    """

    trusted: bool = False  #: ``Level.LIMITS`` for this converter, whatever the jail's level is
    threads: int = 0
    folders: tuple[Path, ...] = ()  #: readable besides the runtime, e.g. the drop folder for sibling files
    environment: tuple[tuple[str, str], ...] = ()
    libraries: tuple[str, ...] = ()  #: imported before confinement so that no file pays for it, e.g. numpy
    limits: Limits | None = None  #: instead of the jail's own
    imports: Imports = "free"  #: how plugins are held to what is of use to them
    accepted: tuple[str, ...] = ()  #: what they may import all the same

    def to_json(self) -> dict[str, Any]:
        """The same as JSON values, for the way to the zygote."""
        return {
            "trusted": self.trusted,
            "threads": self.threads,
            "folders": [str(folder) for folder in self.folders],
            "environment": dict(self.environment),
            "libraries": list(self.libraries),
            "imports": self.imports,
            "accepted": list(self.accepted),
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """The way back. The limits travel beside the capabilities, not in them.

        >>> granted = Capabilities(threads=2, folders=(Path("/data"),), environment=(("A", "b"),))
        >>> Capabilities.from_json(granted.to_json()) == granted
        True
        """
        return cls(
            trusted=values["trusted"],
            threads=values["threads"],
            folders=tuple(Path(folder) for folder in values["folders"]),
            environment=tuple(values["environment"].items()),
            libraries=tuple(values["libraries"]),
            imports=values["imports"],
            accepted=tuple(values["accepted"]),
        )


#: What a converter gets of which the configuration says nothing.
NOTHING = Capabilities()


@dataclass(frozen=True)
class Setup:
    """Everything a zygote is told once, at its start."""

    scratch: Path
    limits: Limits
    owner: int = 0  #: process id; the zygote does not outlive it
    dies_with_owner_thread: bool = False
    modules: tuple[str, ...] = ()
    plugins: Mapping[str, Path] = field(default_factory=dict)
    capabilities: Capabilities = NOTHING
    level: Level = Level.STRICT
    program: str = "wats_worker.sandbox.zygote"  #: the module to execute; another one only for testing

    def to_json(self) -> dict[str, Any]:
        """What the zygote needs of it, as JSON values."""
        return {
            "owner": self.owner,
            "dies_with_owner_thread": self.dies_with_owner_thread,
            "scratch": str(self.scratch),
            "limits": asdict(self.limits),
            "modules": list(self.modules),
            "plugins": {name: str(path) for name, path in self.plugins.items()},
            "capabilities": self.capabilities.to_json(),
            "level": self.level,
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """The way back."""
        return cls(
            owner=values["owner"],
            dies_with_owner_thread=values["dies_with_owner_thread"],
            scratch=Path(values["scratch"]),
            limits=Limits(**values["limits"]),
            modules=tuple(values["modules"]),
            plugins={name: Path(path) for name, path in values["plugins"].items()},
            capabilities=Capabilities.from_json(values["capabilities"]),
            level=Level(values["level"]),
        )
