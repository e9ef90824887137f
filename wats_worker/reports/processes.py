"""The server's processes: which codes there are, what kind they are, how repairs are classified.

Every customer has a list of its own. Whoever fetches it keeps the last good copy for offline checks; here it
is only read, written and asked.
"""

import json
from collections.abc import Iterable, Iterator
from enum import IntEnum
from typing import Any, Final, Self

from pydantic import BaseModel, ConfigDict, TypeAdapter
from pydantic.alias_generators import to_camel


class Binding(IntEnum):
    """Whether a repair must, may or must not name something."""

    REQUIRED = 0
    OPTIONAL = 1
    NEVER = 2


class _Part(BaseModel):
    # Servers of different ages send more or fewer members; none of the others decides anything here.
    model_config = ConfigDict(extra="ignore", frozen=True, alias_generator=to_camel, validate_by_name=True)


class RepairCode(_Part):
    """What can be wrong, within a category."""

    description: str
    id: str | None = None
    failure_type: int = 0
    status: int | None = None


class RepairCategory(_Part):
    """A group of repair codes."""

    description: str
    id: str | None = None
    status: int | None = None
    repair_codes: tuple[RepairCode, ...] = ()

    def has(self, code: str) -> bool:
        """Whether a code of this description is in the category."""
        return any(known.description == code for known in self.repair_codes)


class RepairOperation(_Part):
    """What a repair report of a process must look like."""

    uut_binding: Binding = Binding.OPTIONAL
    bom_binding: Binding = Binding.OPTIONAL
    vendor_binding: Binding = Binding.OPTIONAL
    comp_ref_mask: str | None = None  # a regular expression
    comp_ref_validation_text: str | None = None
    repair_categories: tuple[RepairCategory, ...] = ()

    def category(self, description: str) -> RepairCategory | None:
        """The category of this description; its case counts."""
        return next((known for known in self.repair_categories if known.description == description), None)


class Process(_Part):
    """One step of production that reports belong to."""

    code: int
    name: str
    description: str | None = None
    is_test_operation: bool = False
    is_repair_operation: bool = False
    is_wip_operation: bool = False
    process_index: int | None = None
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
    def load(cls, data: bytes) -> Self:
        """Read the server's answer, or a copy that ``dump`` wrote.

        Raises:
            ValueError: it is neither.
        """
        return cls(_LIST.validate_json(data))

    @classmethod
    def of(cls, answer: Any) -> Self:
        """Read the server's answer once it is parsed.

        Raises:
            ValueError: it is not a list of processes.
        """
        return cls(_LIST.validate_python(answer))

    def dump(self) -> bytes:
        """The list as the server would send it."""
        rows = [process.model_dump(mode="json", by_alias=True) for process in self._all]
        return json.dumps(rows, ensure_ascii=False).encode()

    def coded(self, code: int) -> Process | None:
        """The process of a code."""
        return self._by_code.get(code)

    def named(self, name: str) -> Process | None:
        """The process of exactly this name."""
        return self._by_name.get(name)

    def codes(self) -> dict[str, int]:
        """The code of every active process by its name, for converters of logs that carry only names."""
        return {process.name: process.code for process in self._all if process.active}

    def __iter__(self) -> Iterator[Process]:
        return iter(self._all)

    def __len__(self) -> int:
        return len(self._all)


_LIST: Final = TypeAdapter(list[Process])
