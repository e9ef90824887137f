"""The server's processes: which codes there are, what kind they are, how repairs are classified.

Every customer has a list of its own. Whoever fetches it keeps the last good copy for offline checks; here it
is only read, written and asked.
"""

import hashlib
from collections.abc import Iterable, Iterator
from enum import IntEnum
from typing import Annotated, Any, Final, Self

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator
from pydantic.alias_generators import to_camel

#: More than this is not the list of a factory, and would be handed to every conversion.
MOST_PROCESSES: Final = 5000
_Text = Annotated[str, Field(max_length=1000)]


class Binding(IntEnum):
    """Whether a repair must, may or must not name something."""

    REQUIRED = 0
    OPTIONAL = 1
    NEVER = 2


class _Part(BaseModel):
    # Servers of different ages send more or fewer members; none of the others decides anything here.
    model_config = ConfigDict(extra="ignore", frozen=True, alias_generator=to_camel, validate_by_name=True)

    @model_validator(mode="before")
    @classmethod
    def _absent(cls, data: Any) -> Any:
        """Servers write null for what they leave out."""
        return (
            {key: value for key, value in data.items() if value is not None}
            if isinstance(data, dict)
            else data
        )


class RepairCode(_Part):
    """What can be wrong, within a category."""

    description: _Text


class RepairCategory(_Part):
    """A group of repair codes."""

    description: _Text
    repair_codes: tuple[RepairCode, ...] = ()

    def has(self, code: str) -> bool:
        """Whether a code of this description is in the category."""
        return any(known.description == code for known in self.repair_codes)


class RepairOperation(_Part):
    """What a repair report of a process must look like."""

    uut_binding: Binding = Binding.OPTIONAL
    comp_ref_mask: _Text | None = None  # a regular expression
    comp_ref_validation_text: _Text | None = None
    repair_categories: tuple[RepairCategory, ...] = ()

    def category(self, description: str) -> RepairCategory | None:
        """The category of this description; its case counts."""
        return next((known for known in self.repair_categories if known.description == description), None)


class Process(_Part):
    """One step of production that reports belong to."""

    code: Annotated[int, Field(ge=-32768, le=32767)]
    name: Annotated[_Text, Field(min_length=1)]
    description: _Text | None = None
    is_test_operation: bool = False
    is_repair_operation: bool = False
    is_wip_operation: bool = False
    state: int = 1
    repair_operation: RepairOperation | None = None

    @property
    def active(self) -> bool:
        """Whether reports may still be filed under it."""
        return self.state == 1


class Processes:
    """The list, asked by code and by name.

    >>> known = Processes([Process(code=60, name="Functional test", is_test_operation=True)])
    >>> known.named("Functional test").code, known.named("functional test"), known.coded(61)
    (60, None, None)
    """

    def __init__(self, processes: Iterable[Process]) -> None:
        self._all = tuple(processes)
        # An inactive process never hides an active one of the same code or name.
        in_order = sorted(self._all, key=lambda process: process.active)
        self._by_code = {process.code: process for process in in_order}
        self._by_name = {process.name: process for process in in_order}

    @classmethod
    def of(cls, answer: Any) -> Self:
        """Read the server's answer once it is parsed.

        Raises:
            ValueError: it is not a list of processes; the text says where.
        """
        try:
            return cls(_LIST.validate_python(answer))
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(f"[{part}]" if isinstance(part, int) else part for part in first["loc"])
            raise ValueError(f"{place}: {first['msg']}" if place else first["msg"]) from None

    def coded(self, code: int) -> Process | None:
        """The process of a code."""
        return self._by_code.get(code)

    def named(self, name: str) -> Process | None:
        """The process of exactly this name."""
        return self._by_name.get(name)

    def by_name(self) -> dict[str, dict[str, list[int]]]:
        """For converters of logs that name their process: the codes of each name, for tests and repairs.

        >>> Processes([Process(code=60, name="FCT", is_test_operation=True)]).by_name()
        {'T': {'FCT': [60]}, 'R': {}}
        """
        found: dict[str, dict[str, list[int]]] = {"T": {}, "R": {}}
        for process in self._all:
            kinds = [("T", process.is_test_operation), ("R", process.is_repair_operation)]
            for kind in (kind for kind, wanted in kinds if wanted and process.active):
                codes = found[kind].setdefault(process.name, [])
                if process.code not in codes:
                    codes.append(process.code)
        return found

    def __iter__(self) -> Iterator[Process]:
        return iter(self._all)

    def __len__(self) -> int:
        return len(self._all)


_LIST: Final = TypeAdapter(Annotated[list[Process], Field(max_length=MOST_PROCESSES)])


class Copy(BaseModel):
    """The last good answer of a server, kept for when it can't be asked."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    server: str  #: its address
    confirmed_at: Annotated[float, Field(ge=0, allow_inf_nan=False)]  #: seconds since 1970
    processes: Annotated[tuple[Process, ...], Field(min_length=1, max_length=MOST_PROCESSES)]

    @classmethod
    def load(cls, text: str | bytes) -> Self:
        """Read what ``dump`` wrote.

        Raises:
            ValueError: it is something else.
        """
        return cls.model_validate_json(text)

    def dump(self) -> str:
        """The copy as JSON."""
        return self.model_dump_json(by_alias=True)

    @property
    def version(self) -> str:
        """The same as long as server and list are the same."""
        content = self.model_dump_json(by_alias=True, exclude={"confirmed_at"})
        return hashlib.sha256(content.encode()).hexdigest()[:16]
