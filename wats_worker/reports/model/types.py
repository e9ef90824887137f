"""The small types of the wire: how long a text may be, what counts as a number, how a date is written.

Every length is counted in characters here, as the wire's JSON Schema does. The server counts UTF-16 units;
the few texts where that differs are caught by check 8 in ``validate``.

What is said here is checked in Rust, value by value, and Python is asked only about values that are out of
the ordinary: a file of a hundred megabytes has millions of them.
"""

from typing import Annotated, Any, Final, NoReturn, TypeVar

from pydantic import Field, GetCoreSchemaHandler, with_config
from pydantic_core import CoreSchema, PydanticCustomError, PydanticOmit, core_schema

#: A part of a report has a closed set of members.
closed: Final = with_config(extra="forbid")


def fault(member: str, text: str) -> PydanticCustomError:
    """An error of a rule over several members, to be shown at ``member``.

    A validator of a whole part can't choose the place of its error, so the place travels in the context and
    ``wsjf`` puts it back on the path.
    """
    return PydanticCustomError("rule", "{text}", {"member": member, "text": text})


#: What a choice between a value and null adds to the place of an error. It is no part of the document.
OR_ABSENT: Final = "(value or null)"


class _OrAbsent:
    """What is null is left out: it says the same, and there is one form of every report."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        null = core_schema.no_info_after_validator_function(_leave_out, core_schema.none_schema())
        # Python is asked about nulls only, and there are few of them.
        return core_schema.union_schema(
            [(handler(source), OR_ABSENT), (null, OR_ABSENT)], mode="left_to_right"
        )


def _leave_out(_null: None) -> NoReturn:
    raise PydanticOmit


_T = TypeVar("_T")
#: A member that may be null on the wire, and then is absent in the report.
Maybe = Annotated[_T, _OrAbsent()]
#: A list of which only the first bad item is told: telling of a million takes gigabytes and minutes.
Several = Annotated[list[_T], Field(fail_fast=True)]

#: What stands on the wire for the three values that JSON has no number for.
_NOT_JSON: Final = {"NaN": float("nan"), "Infinity": float("inf"), "-Infinity": float("-inf")}


class _Real:
    """A double, or one of the strings that stand for what JSON has no number for."""

    def __get_pydantic_core_schema__(self, _source: Any, _handler: GetCoreSchemaHandler) -> CoreSchema:
        word = core_schema.literal_schema(list(_NOT_JSON))
        return core_schema.union_schema(
            [
                core_schema.float_schema(strict=True),
                core_schema.no_info_after_validator_function(_NOT_JSON.__getitem__, word),
            ],
            mode="left_to_right",
            custom_error_type="number",
            custom_error_message="Input should be a valid number",
        )


class _Whole:
    """A signed integer of so many bits. JSON knows one kind of number: 3.0 is the integer 3."""

    def __init__(self, bits: int) -> None:
        self._limit = 2 ** (bits - 1)

    def __get_pydantic_core_schema__(self, _source: Any, _handler: GetCoreSchemaHandler) -> CoreSchema:
        whole = core_schema.int_schema(strict=True, ge=-self._limit, lt=self._limit)
        real = core_schema.float_schema(strict=True, ge=-self._limit, lt=self._limit, multiple_of=1)
        return core_schema.union_schema(
            [whole, core_schema.no_info_after_validator_function(int, real)],
            mode="left_to_right",
            custom_error_type="whole_number",
            custom_error_message=f"Input should be an integer from {-self._limit} to {self._limit - 1}",
        )


#: A measured value or a limit: a double, or one of the strings "NaN", "Infinity", "-Infinity".
Number = Annotated[float, _Real()]
#: A double that is never NaN or infinite, such as a time in seconds.
Finite = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Int16 = Annotated[int, _Whole(16)]
Int32 = Annotated[int, _Whole(32)]
Flag = Annotated[bool, Field(strict=True)]

Text = Annotated[str, Field(strict=True)]
Text20 = Annotated[str, Field(strict=True, max_length=20)]
Text30 = Annotated[str, Field(strict=True, max_length=30)]
Text50 = Annotated[str, Field(strict=True, max_length=50)]
Text100 = Annotated[str, Field(strict=True, max_length=100)]
Text200 = Annotated[str, Field(strict=True, max_length=200)]
Text500 = Annotated[str, Field(strict=True, max_length=500)]
Text5000 = Annotated[str, Field(strict=True, max_length=5_000)]
Text100000 = Annotated[str, Field(strict=True, max_length=100_000)]
#: Texts that may not be empty.
Name = Annotated[str, Field(strict=True, min_length=1)]
Name50 = Annotated[str, Field(strict=True, min_length=1, max_length=50)]
Name100 = Annotated[str, Field(strict=True, min_length=1, max_length=100)]
Name200 = Annotated[str, Field(strict=True, min_length=1, max_length=200)]
Name256 = Annotated[str, Field(strict=True, min_length=1, max_length=256)]
#: A .NET display pattern such as ``0.00``; it stands beside nearly every number and changes nothing.
Format = Text100

_GUID: Final = r"^[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$"
_SECONDS: Final = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}"
_OFFSET: Final = r"(?:Z|[+-][0-9]{2}:[0-9]{2})"

Guid = Annotated[str, Field(strict=True, pattern=_GUID)]
#: Dates stay the text that was written: .NET writes seven fraction digits and Python keeps six.
OffsetDate = Annotated[str, Field(strict=True, pattern=rf"{_SECONDS}(?:\.[0-9]{{1,7}})?{_OFFSET}$")]
#: A date that may lack its offset (then it is UTC) or end in a bare point, as some servers write it.
LooseDate = Annotated[str, Field(strict=True, pattern=rf"{_SECONDS}(?:\.[0-9]{{0,7}})?{_OFFSET}?$")]
Base64 = Annotated[str, Field(strict=True, pattern=r"^[A-Za-z0-9+/]*={0,2}$")]
Base64Filled = Annotated[str, Field(strict=True, min_length=1, pattern=r"^[A-Za-z0-9+/]*={0,2}$")]
#: Numbers joined by semicolons, with a point as decimal sign.
Points = Annotated[str, Field(strict=True, pattern=r"^[^;\s]+(?:;[^;\s]+)*$")]
