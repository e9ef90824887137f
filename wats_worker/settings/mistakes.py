"""Mistakes in the configuration, told so that they can be mended: where, which key, what, and the fix."""

import difflib
import typing
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails, PydanticUndefined

from wats_worker.settings.lines import Loc

#: What is wrong with a key that nobody knows.
UNKNOWN: Final = "unknown key"
#: What is wrong where a required key is not there.
MISSING: Final = "is missing"


@dataclass(frozen=True)
class Mistake:
    """One thing that is wrong.

    >>> print(Mistake(("sources", 0, "folder"), "is missing", "add it", place="wats.toml:7"))
    wats.toml:7: sources #1 folder: is missing; add it
    """

    loc: Loc
    what: str
    fix: str
    place: str = ""  # "<file>:<line>", or the environment variable

    def __str__(self) -> str:
        where = f"{self.place}: " if self.place else ""
        key = f"{dotted(self.loc)}: " if self.loc else ""
        fix = f"; {self.fix}" if self.fix else ""
        return f"{where}{key}{self.what}{fix}"


class Misconfigured(Exception):
    """The configuration can't be used. Its text names every mistake, one per line."""

    def __init__(self, mistakes: Iterable[Mistake]) -> None:
        self.mistakes = tuple(mistakes)
        count = len(self.mistakes)
        title = "1 mistake" if count == 1 else f"{count} mistakes"
        super().__init__("\n  ".join([f"{title} in the configuration:", *map(str, self.mistakes)]))


def dotted(loc: Loc) -> str:
    """A key as a person says it; positions count from 1.

    >>> dotted(("sources", 1, "options", "sheet"))
    'sources #2 options.sheet'
    """
    said = ""
    for part in loc:
        if isinstance(part, int):
            said += f" #{part + 1} "
        else:
            said += part if not said or said.endswith(" ") else f".{part}"
    return said.strip()


def read(error: ValidationError, model: type[BaseModel], place: Callable[[Loc], str]) -> Iterator[Mistake]:
    """What pydantic found, in our words. No value is repeated: it may be a secret in the wrong place."""
    for details in error.errors(include_url=False, include_input=False):
        loc, what, fix = _explain(details, model)
        yield Mistake(loc, what, fix, place(loc))


def _explain(details: ErrorDetails, model: type[BaseModel]) -> tuple[Loc, str, str]:
    loc: Loc = tuple(details["loc"])
    context = details.get("ctx", {})
    match details["type"]:
        case "mistake":
            return (*loc, context["key"]) if context["key"] else loc, context["what"], context["fix"]
        case "extra_forbidden":
            return loc, UNKNOWN, suggest(str(loc[-1]), _fields(model, loc[:-1]))
        case "missing":
            return loc, MISSING, "add it"
        case "string_pattern_mismatch":
            return loc, f"must match {context['pattern']}", "write it in small letters, digits and hyphens"
        case _:
            what = details["msg"].removeprefix("Input ").removeprefix("Value error, ")
            return loc, what, _default(model, loc)


def suggest(key: str, known: Iterable[str]) -> str:
    """What somebody who wrote ``key`` may have meant.

    >>> suggest("max_queue_sise", ["url", "max_queue_size"])
    'did you mean max_queue_size?'
    >>> suggest("colour", ["url", "token"])
    'known here: token, url'
    """
    names = sorted(known)
    near = difflib.get_close_matches(key.lower(), names, n=1)
    return f"did you mean {near[0]}?" if near else f"known here: {', '.join(names)}"


def _default(model: type[BaseModel], loc: Loc) -> str:
    """The default, as a hint to what belongs there."""
    field = _fields(model, loc[:-1]).get(str(loc[-1])) if loc else None
    if field is None or field.default in (None, PydanticUndefined):
        return ""
    return f"the default is {field.default!r}"


def _fields(model: type[BaseModel], loc: Loc) -> Mapping[str, FieldInfo]:
    section = section_at(model, loc)
    return section.model_fields if section else {}


def section_at(model: type[BaseModel], loc: Loc) -> type[BaseModel] | None:
    """The section that ``loc`` leads to, or None where it leads to a value, a list or nothing."""
    here: Any = model
    for part in loc:
        if _is_section(here):
            field = here.model_fields.get(part)
            here = field.annotation if field else None
        else:  # a position in a list or a name in a table: what counts is the kind of its values
            kinds = [kind for kind in typing.get_args(here) if kind is not ...]
            here = kinds[-1] if kinds else None
    return here if _is_section(here) else None


def _is_section(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)
