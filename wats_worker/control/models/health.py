"""How the line is, for monitors and for people."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, computed_field


class Alive(BaseModel):
    """This process answers."""

    model_config = ConfigDict(frozen=True)

    alive: Literal[True] = True


class Readiness(BaseModel):
    """Whether the line does its work."""

    model_config = ConfigDict(frozen=True)

    ready: bool
    failing: list[str]  #: names of the dependencies that keep it from that


class Dependency(BaseModel):
    """One thing that the line stands on."""

    model_config = ConfigDict(frozen=True)

    name: str
    ok: bool
    needed: bool  #: the line is not ready without it
    reason: str = ""  #: how it stands, where that is worth a word
    fix: str = ""  #: what mends it
    #: More of it. The jail tells the level that is required, the one each worker has built, and which
    #: converters and pollers work outside of it.
    facts: dict[str, str] = {}


class Health(BaseModel):
    """All dependencies at one moment."""

    model_config = ConfigDict(frozen=True)

    dependencies: tuple[Dependency, ...]

    @property
    def failing(self) -> list[Dependency]:
        """Those that keep the line from its work."""
        return [one for one in self.dependencies if one.needed and not one.ok]

    @computed_field  # type: ignore[prop-decorator]  # mypy knows no property below a decorator
    @property
    def ready(self) -> bool:
        """Whether nothing does."""
        return not self.failing
