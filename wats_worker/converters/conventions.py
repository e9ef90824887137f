"""How test frameworks of programmers tell what they have no fields for: the unit, and what was measured.

They keep free names with free values (properties of JUnit, metadata and tags of Robot Framework). The names
below are the ones people use; a source may name its own.
"""

import re
from collections.abc import Iterable, Mapping
from functools import cached_property, lru_cache
from typing import Annotated, Any, Final

from pydantic import AfterValidator, Field

from wats_worker.converters import file_names, measures
from wats_worker.converters.barcodes import code
from wats_worker.converters.base import Refused, Source
from wats_worker.converters.finish import remember
from wats_worker.converters.measures import Row
from wats_worker.converters.texts import OF_STEP, Step, fit, number, say, shown, whole

#: The members of the wire, and the names they go by without blanks and signs.
_FACTS: Final[Mapping[str, tuple[str, ...]]] = {
    "sn": (
        "serialnumber", "serial", "sn", "dutid", "dutserial", "dutserialnumber", "uutid", "uutserial",
        "uutserialnumber",
    ),
    "pn": ("partnumber", "pn", "partno"),
    "rev": ("revision", "rev", "partrevision", "hardwarerevision"),
    "process": ("process", "processcode", "operation", "operationtype"),
    "machineName": ("station", "stationid", "stationname"),
    "user": ("operator", "operatorname"),
    "batchSN": ("batch", "lot", "batchserialnumber", "workorder"),
    "fixtureId": ("fixture", "fixtureid"),
}  # fmt: skip
#: What belongs to the measurement before it.
_OF_MEASUREMENT: Final = {
    "unit": "unit", "units": "unit", "low": "low", "lowlimit": "low", "lowerlimit": "low", "min": "low",
    "high": "high", "highlimit": "high", "upperlimit": "high", "max": "high",
}  # fmt: skip
#: The type of a step with one row, and with several.
_STEP_TYPES: Final = {"numericMeas": ("ET_NLT", "ET_MNLT"), "stringMeas": ("ET_SVT", "ET_MSVT")}


@lru_cache(maxsize=1000)  # a file has few names, and each of them often
def _bare(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _fact(name: str) -> str:
    if name not in _FACTS:
        raise ValueError(f"{name!r} is none of {', '.join(_FACTS)}")
    return name


class Options(file_names.Options):
    """What may be different at one source of such logs."""

    #: Names of this site's own, such as {"board" = "sn"}. There are sn, pn, rev, process, machineName, user,
    #: batchSN and fixtureId.
    names: Mapping[str, Annotated[str, AfterValidator(_fact)]] = Field(default_factory=dict)

    @cached_property
    def known(self) -> Mapping[str, str]:
        """The fact that each name means, without blanks and signs."""
        usual = {name: fact for fact, names in _FACTS.items() for name in names}
        return usual | {_bare(name): fact for name, fact in self.names.items()}


class Facts:
    """Names and values of one unit, as they are found."""

    def __init__(self, options: Options) -> None:
        self._known = options.known
        self._found: dict[str, str] = {}
        self._others: dict[str, str] = {}

    def take(self, name: str, value: str, place: str | None = None) -> bool:
        """Keep a fact about the unit; False when the name means none.

        Raises:
            Refused: the fact is there already with another value.
        """
        fact = self._known.get(_bare(name))
        if fact is None:
            return False
        value = code(value) if fact == "sn" else value.strip()
        if self._found.setdefault(fact, value) != value:
            raise Refused(
                f"{shown(value)} stands here, and {shown(self._found[fact])} before",
                place=place,
                field={"sn": "serial number", "pn": "part number"}.get(fact, name),
            )
        return True

    def keep(self, name: str, value: str) -> None:
        """Keep what else is said about the run."""
        if value.strip():
            self._others.setdefault(name.strip() or "-", value.strip())

    @property
    def serial(self) -> str:
        """The serial number, if one was found."""
        return self._found.get("sn", "")

    def put(self, document: dict[str, Any]) -> None:
        """Put everything into a document."""
        uut = document.setdefault("uut", {})
        for fact, value in self._found.items():
            if not value:
                continue
            if fact == "process":
                try:
                    document["processCode"] = whole(value)
                except ValueError:  # its name
                    document["processName"] = value
            else:
                (uut if fact in {"user", "batchSN", "fixtureId"} else document)[fact] = value
        for name, value in self._others.items():
            remember(document, name, value)


def of_a_unit(document: dict[str, Any], source: Source, options: Options) -> None:
    """See that a document is about a unit, with the facts in the file's name if need be.

    Raises:
        Refused: nobody says which unit it was, or when.
    """
    try:
        file_names.put(document, source, options)
    except Refused as refused:
        if refused.field != "serial number":
            raise
        reason = "the tests name no unit, as those of software don't"
        fix = f"have the tests tell their serial_number; or, {refused.fix}" if refused.fix else None
        raise Refused(reason, field=refused.field, fix=fix) from None


def grouped(properties: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
    """Measurements out of names and values in order: a unit and limits belong to the value before them.

    >>> grouped([("rail", "3.3"), ("Unit", "V"), ("upper limit", "3.5"), ("gain", "2")])
    [{'name': 'rail', 'value': '3.3', 'unit': 'V', 'high': '3.5'}, {'name': 'gain', 'value': '2'}]
    """
    groups: list[dict[str, str]] = []
    for name, value in properties:
        member = _OF_MEASUREMENT.get(_bare(name))
        if member is None:
            groups.append({"name": name, "value": value.strip()})
        elif groups and member not in groups[-1]:
            groups[-1][member] = value.strip()
    return groups


def measure(step: Step, groups: Iterable[Mapping[str, str]], place: str) -> None:
    """Put measurements on a step that has a verdict.

    Args:
        step: The step, which has nothing but its verdict so far.
        groups: Of each measurement its name and value, and as far as they are known its unit, low and high.
        place: Where they stand, for messages.

    Raises:
        Refused: a value with a unit or limits is no number.
    """
    groups = list(groups)
    read = [_row(group, step, place) for group in groups]
    kinds = {kind for kind, _ in read}
    if len(kinds) != 1:  # one step has rows of one kind only
        for group in groups:
            say(step, " ".join(group.values()))
        return
    del step["booleanMeas"]
    rows = [row for _, row in read]
    if len(rows) == 1:
        del rows[0]["name"]
    [kind] = kinds
    step[kind] = rows
    single, several = _STEP_TYPES[kind]
    step["stepType"] = several if len(rows) > 1 else single


def _row(group: Mapping[str, str], step: Step, place: str) -> tuple[str, Row]:
    status = OF_STEP[step["status"]]
    name = fit(step, "Measurement", group["name"].strip() or "value", 100)
    try:
        value = number(group["value"])
        low, high = (number(group[side]) if group.get(side) else None for side in ("low", "high"))
    except ValueError as error:
        if group.keys() & {"unit", "low", "high"}:
            raise Refused(str(error), place=place, field=group["name"]) from None
        text = fit(step, name, group["value"], 100)
        return "stringMeas", {"compOp": "LOG", "status": status, "value": text, "name": name}
    unit = fit(step, "Unit", group.get("unit", ""), 20) or None
    return "numericMeas", measures.numeric(value, status, low=low, high=high, unit=unit, name=name)


def together(statuses: Iterable[str]) -> str:
    """What a run comes to: a failure tells more about a unit than a test that broke.

    Raises:
        Refused: nothing was run, so there is nothing to tell.
    """
    given = set(statuses)
    if given <= {"S"}:
        raise Refused("no test was run", field="result")
    return next((letter for letter in "FET" if letter in given), "P")
