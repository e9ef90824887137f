"""The small types of the wire: how long a text may be, what counts as a number, how a date is written.

Every length is counted in characters here, as the wire's JSON Schema does. The server counts UTF-16 units;
the few texts where that differs are caught by check 8 in ``validate.py``.
"""

from typing import Annotated, Any, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError


class Part(BaseModel):
    """What every part of a report has in common: a closed set of members, camelCase on the wire.

    Python code builds parts by their snake_case names. Documents are read by their wire names only, see
    ``wsjf.load``, so that a document with ``part_number`` is refused.
    """

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
        ser_json_inf_nan="strings",
    )


def fault(member: str, text: str) -> PydanticCustomError:
    """An error of a rule over several members, to be shown at ``member``.

    A validator of a whole part can't choose the place of its error, so the place travels in the context and
    ``wsjf.faults`` puts it back on the path.
    """
    return PydanticCustomError("rule", "{text}", {"member": member, "text": text})


#: What stands on the wire for the three values that JSON has no number for.
_NOT_JSON: Final = {"NaN": float("nan"), "Infinity": float("inf"), "-Infinity": float("-inf")}


def _number(value: Any) -> Any:
    return _NOT_JSON.get(value, value) if isinstance(value, str) else value


def _whole(value: Any) -> Any:
    # JSON knows one kind of number: 3.0 is the integer 3.
    return int(value) if isinstance(value, float) and value.is_integer() else value


#: A measured value or a limit: a double, or one of the strings "NaN", "Infinity", "-Infinity".
Number = Annotated[float, Field(strict=True), BeforeValidator(_number)]
#: A double that is never NaN or infinite, such as a time in seconds.
Finite = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Int16 = Annotated[int, Field(strict=True, ge=-(2**15), lt=2**15), BeforeValidator(_whole)]
Int32 = Annotated[int, Field(strict=True, ge=-(2**31), lt=2**31), BeforeValidator(_whole)]
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
