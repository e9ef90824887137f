"""The jail's level, and what the configuration says about single converters."""

from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field

from wats_broker.settings import Seconds, Section, mistake
from wats_worker.settings.kinds import Count, Folder

#: What the jail has to enforce, strictest first. The names are those of its levels.
JailLevel = Literal["strict", "seccomp", "limits", "process"]
#: What the audit's findings come to.
Audit = Literal["warn", "refuse"]
ConverterName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")]


def _variable(name: str) -> str:
    # Ours hold tokens and passwords.
    if name.upper().startswith("WATS_"):
        raise mistake(f"{name} is a setting of the worker", "hand it over under another name")
    return name


Variable = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$"), AfterValidator(_variable)]
Module = Annotated[str, Field(pattern=r"^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*$")]


class SandboxSettings(Section):
    """How strict the jail has to be, and where it may write."""

    #: Where this can't be enforced, nothing is converted at all.
    level: JailLevel = "strict"
    #: Best on a tmpfs of limited size. None: beside the spool.
    scratch: Folder | None = None


class LimitSettings(Section):
    """What one conversion may use; None is no difference to ``[convert]``."""

    memory_mb: Count | None = None
    cpu_s: Count | None = None
    wall_s: Seconds | None = None
    descriptors: Annotated[int, Field(ge=8)] | None = None
    output_mb: Count | None = None
    reports: Count | None = None


class ConverterSettings(LimitSettings):
    """What one converter may do that others may not. The default grants nothing."""

    enabled: bool = True
    #: None: as in ``[convert]``.
    audit: Audit | None = None
    #: What the audit would find fault with, by name, and is wanted all the same: ``["ctypes"]``.
    accept: tuple[str, ...] = ()
    #: It may read the folders of the sources that it may convert for.
    drop_folder: bool = False
    #: Further threads at once.
    threads: Annotated[int, Field(ge=0, le=1000)] = 0
    #: Variables that are handed over from the worker's environment.
    environment: tuple[Variable, ...] = ()
    #: Modules that are loaded before the files come, so that none of them pays for it.
    libraries: tuple[Module, ...] = ()
    #: No jail: its own process and its limits, nothing else. It can do what the worker can.
    trusted: bool = False


#: The keys of a converter's table that are limits.
LIMITS: Final = frozenset(LimitSettings.model_fields)
