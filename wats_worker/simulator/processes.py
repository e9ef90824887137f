"""The processes of a fresh server, and what they demand of a report."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Any
from uuid import NAMESPACE_OID, uuid5


class Binding(IntEnum):
    """Whether something belongs to a repair."""

    REQUIRED = 0
    OPTIONAL = 1
    NEVER = 2


class FailureType(IntEnum):
    """What a repair code says about the cause."""

    DEFAULT = 0
    AUTOMATIC_PROCESS = 1
    SCRAPPED = 2
    NO_FAILURE_FOUND = 3
    COMPONENT = 4
    DESIGN = 5
    MANUAL_PROCESS = 6
    REPLACED = 7


@dataclass(frozen=True, slots=True)
class RepairCode:
    """One finding, such as "Burned Component"."""

    description: str
    failure_type: FailureType = FailureType.DEFAULT

    def wire(self, category: str) -> dict[str, Any]:
        """The code as the server lists it."""
        return {
            "id": _guid(category, self.description),
            "description": self.description,
            "failureType": int(self.failure_type),
            "imageConstraint": int(Binding.OPTIONAL),
            "status": 1,
        }


@dataclass(frozen=True, slots=True)
class RepairCategory:
    """A group of findings, such as "Component"."""

    description: str
    codes: tuple[RepairCode, ...]

    def wire(self) -> dict[str, Any]:
        """The category as the server lists it."""
        return {
            "id": _guid(self.description),
            "description": self.description,
            "imageConstraint": int(Binding.OPTIONAL),
            "status": 1,
            "repairCodes": [code.wire(self.description) for code in self.codes],
        }


@dataclass(frozen=True, slots=True)
class RepairOperation:
    """What a repair process wants to know."""

    categories: tuple[RepairCategory, ...]
    uut_binding: Binding = Binding.OPTIONAL
    #: A reference designator: letters and digits, parts of a name joined by . _ / or -
    component_mask: str = r"^[A-Za-z0-9]+([._/-][A-Za-z0-9]+)*$"

    def wire(self) -> dict[str, Any]:
        """The operation as the server lists it."""
        return {
            "uutBinding": int(self.uut_binding),
            "bomBinding": int(Binding.OPTIONAL),
            "vendorBinding": int(Binding.OPTIONAL),
            "compRefMask": self.component_mask,
            "compRefValidationText": "a reference designator such as C12",
            "repairCategories": [category.wire() for category in self.categories],
            "miscInfos": [],
        }

    def codes(self) -> dict[str, frozenset[str]]:
        """The codes of each category, by their descriptions."""
        return {
            category.description: frozenset(code.description for code in category.codes)
            for category in self.categories
        }


@dataclass(frozen=True, slots=True)
class Process:
    """One step of production a report can belong to."""

    code: int
    name: str
    is_test: bool = True
    repair: RepairOperation | None = None  # given = a repair operation
    is_wip: bool = False
    active: bool = True

    def wire(self, index: int) -> dict[str, Any]:
        """The process as ``GET /api/App/Processes`` lists it."""
        return {
            "name": self.name,
            "code": self.code,
            "description": self.name,
            "isTestOperation": self.is_test,
            "isRepairOperation": self.repair is not None,
            "isWipOperation": self.is_wip,
            "processIndex": index,
            "state": 1 if self.active else 0,
            "repairOperation": self.repair.wire() if self.repair else None,
        }


def _guid(*words: str) -> str:
    return str(uuid5(NAMESPACE_OID, "/".join(words)))


_CATEGORIES = (
    RepairCategory(
        "Assembly Process",
        (
            RepairCode("Missing Component", FailureType.AUTOMATIC_PROCESS),
            RepairCode("Wrong Component", FailureType.AUTOMATIC_PROCESS),
        ),
    ),
    RepairCategory(
        "Solder Process",
        (
            RepairCode("Cold Solder", FailureType.AUTOMATIC_PROCESS),
            RepairCode("Solder Bridge", FailureType.AUTOMATIC_PROCESS),
        ),
    ),
    RepairCategory("Manual Process", (RepairCode("Wrong Assembly", FailureType.MANUAL_PROCESS),)),
    RepairCategory(
        "Component",
        (
            RepairCode("Burned Component", FailureType.COMPONENT),
            RepairCode("Defect Component", FailureType.COMPONENT),
            RepairCode("Outside Specification", FailureType.COMPONENT),
        ),
    ),
    RepairCategory("Label/Marking", (RepairCode("Wrong Label", FailureType.MANUAL_PROCESS),)),
    RepairCategory(
        "Misc",
        (
            RepairCode("No failure found", FailureType.NO_FAILURE_FOUND),
            RepairCode("Readjust", FailureType.DEFAULT),
            RepairCode("Reprogram", FailureType.DEFAULT),
            RepairCode("Replaced", FailureType.REPLACED),
            RepairCode("Scrapped", FailureType.SCRAPPED),
        ),
    ),
)

#: What a fresh server comes with; every customer changes it.
GENERIC: tuple[Process, ...] = (
    Process(0, "Default"),
    Process(10, "SW Debug"),
    Process(20, "First of line test"),
    Process(30, "ICT test"),
    Process(40, "Programming"),
    Process(50, "PCBA test"),
    Process(60, "Functional test"),
    Process(70, "Insulation test"),
    Process(80, "Stress test"),
    Process(90, "Burn In test"),
    Process(100, "End of line test"),
    Process(120, "Manual Inspection"),
    Process(500, "Repair", is_test=False, repair=RepairOperation(_CATEGORIES)),
    Process(510, "RMA repair", is_test=False, repair=RepairOperation(_CATEGORIES)),
)
