"""What a mapping says about a tester's texts, whatever shape the file has: numbers, dates, words, limits."""

import re
from collections.abc import Mapping as MappingOf
from datetime import UTC, datetime
from typing import Annotated, Final, Generic, Literal, Self, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from wats_worker.converters import base
from wats_worker.converters.mapped.patterns import Pattern

Letter = Literal["P", "F", "D", "S", "E", "T"]
Name = Annotated[str, Field(min_length=1, max_length=200)]
#: What a value is: a number, a text, a bare verdict, or nothing that was measured.
Kind = Literal["number", "text", "verdict", "action"]
TwoLimits = Literal["GELE", "GELT", "GTLE", "GTLT", "LTGT", "LTGE", "LEGT", "LEGE"]

#: Words of testers that mean the same everywhere. 0 and 1 do not, so a mapping has to say what they mean.
STATUSES: Final[MappingOf[str, Letter]] = {
    **dict.fromkeys(("passed", "pass", "ok", "good", "p"), "P"),
    **dict.fromkeys(("failed", "fail", "nok", "not ok", "ng", "bad", "f"), "F"),
    **dict.fromkeys(("done", "completed"), "D"),
    **dict.fromkeys(("skipped", "skip", "not tested", "not executed"), "S"),
    **dict.fromkeys(("error", "err"), "E"),
    **dict.fromkeys(("terminated", "aborted", "abort", "cancelled"), "T"),
}
KINDS: Final[MappingOf[str, Kind]] = {
    "number": "number",
    "text": "text",
    "verdict": "verdict",
    "action": "action",
    **dict.fromkeys(("numericlimit", "numericlimittest", "numeric", "analog"), "number"),
    **dict.fromkeys(("stringvalue", "stringvaluetest", "string"), "text"),
    **dict.fromkeys(("passfail", "passfailtest", "boolean", "digital"), "verdict"),
    **dict.fromkeys(("info", "comment"), "action"),
}

#: Dates that are not a format of Python's: ISO 8601, seconds and milliseconds since 1970.
_NAMED_DATES: Final = frozenset({"iso", "unix", "unix-ms"})
_DAY: Final = (("%Y", "%y"), ("%m", "%b", "%B"), ("%d",), ("%H", "%I"), ("%M",))


def _date_format(text: str) -> str:
    if text in _NAMED_DATES:
        return text
    if text == "%s" or re.search("%[^YymbBdHIMSfpzZjaA% ]", text):
        raise ValueError(f"{text!r}: use %Y %m %d %H %M %S (or %y %b %I %p %f %z)")
    for alternatives in _DAY:
        if not any(code in text for code in alternatives) and "%j" not in text:
            raise ValueError(f"{text!r} has no {' or '.join(alternatives)}, so it tells no start")
    if "%I" in text and "%p" not in text:
        raise ValueError(f"{text!r}: %I needs %p, or 3 o'clock is in the night and in the afternoon")
    try:
        datetime.strptime(datetime(2026, 3, 17, 20, 14, tzinfo=UTC).strftime(text), text)  # noqa: DTZ007 - only tried
    except ValueError as error:
        raise ValueError(f"{text!r} is not a date format: {error}") from None
    return text


DateFormat = Annotated[str, AfterValidator(_date_format)]


class Part(BaseModel):
    """A part of a mapping: what it doesn't know it refuses."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Mapping(base.Options):
    """How the texts of one kind of file are read.

    ``part_number``, ``revision`` and ``process_code`` may stand in for what the files don't have. A serial
    number and a start never can: they are in the file or, if the mapping says so, in its name.
    """

    #: The code page of files that are not UTF-8; ``utf-16`` is read where the file begins with its mark.
    encoding: Literal["cp1252", "latin-1", "cp1250", "cp437", "cp850", "utf-8", "utf-16"] = "cp1252"
    #: The sign before the decimals.
    decimal: Literal[".", ","] = "."
    #: What stands between thousands; the empty text is nothing.
    thousands: Literal["", ".", ",", " ", "'"] = ""
    #: Letters between number and unit: none, as everywhere, or as in circuit simulators, where M is milli.
    prefixes: Literal["none", "si", "spice"] = "none"
    #: "iso", "unix", "unix-ms", or a format such as "%d.%m.%Y %H:%M:%S". Day and month are never guessed.
    date_format: DateFormat = "iso"
    #: What this tester's words mean, beside the usual ones: {"1" = "P", "0" = "F"}.
    statuses: MappingOf[str, Letter] = Field(default_factory=dict)
    #: What the words in a column of kinds mean, beside the usual ones: {"ANALOG" = "number"}.
    kinds: MappingOf[str, Kind] = Field(default_factory=dict)
    #: Texts in the place of a value that say there is none, beside an empty one. Others are refused.
    no_value: tuple[str, ...] = ()
    #: Texts and numbers in the place of a limit that say there is none, beside an empty one.
    no_limit: tuple[str, ...] = ("-", "--", "N/A", "n/a", "NaN")
    #: How two limits are meant where the file doesn't say: including both of them.
    comparison: TwoLimits = "GELE"
    #: A line that the file must end with; until then it is not complete.
    ends: Pattern | None = None
    #: The tester ends its last line. Where it doesn't, a file that is cut off looks like a whole one.
    last_line_ends: bool = True

    def letters(self) -> dict[str, Letter]:
        """The wire's letter for each status word in lower case."""
        return {**STATUSES, **{word.strip().lower(): letter for word, letter in self.statuses.items()}}

    def meanings(self) -> dict[str, Kind]:
        """What each word of a kind means, in lower case."""
        return {**KINDS, **{word.strip().lower(): kind for word, kind in self.kinds.items()}}

    @model_validator(mode="after")
    def _separators_differ(self) -> Self:
        if self.thousands == self.decimal:
            raise ValueError(f"decimal and thousands can't both be {self.decimal!r}")
        return self


class FileName(Part):
    """A fact that stands in the file's name."""

    #: What is looked for in the name; its first group is the fact.
    file_name: Pattern


PlaceT = TypeVar("PlaceT")


class Fields(Part, Generic[PlaceT]):
    """Where a unit's facts stand."""

    serial_number: PlaceT
    start: PlaceT
    part_number: PlaceT | None = None
    revision: PlaceT | None = None
    #: The code of the process, or its name; names get their codes from ``process_codes``.
    process: PlaceT | None = None
    #: Without it the result is what the steps come to.
    result: PlaceT | None = None
    station: PlaceT | None = None
    location: PlaceT | None = None
    purpose: PlaceT | None = None
    operator: PlaceT | None = None
    batch: PlaceT | None = None
    fixture: PlaceT | None = None
    socket: PlaceT | None = None
    program: PlaceT | None = None
    program_version: PlaceT | None = None
    #: Seconds, or h:mm:ss.
    execution_time: PlaceT | None = None
    error_code: PlaceT | None = None
    error_message: PlaceT | None = None
    comment: PlaceT | None = None

    def given(self) -> dict[str, PlaceT]:
        """The places that the mapping names, by what stands there."""
        return {name: place for name, place in self if place is not None}
