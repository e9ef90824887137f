"""The lines of one test: measurements, verdicts, lists of what failed."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from wats_worker.converters import measures
from wats_worker.converters.base import Refused
from wats_worker.converters.measures import Row
from wats_worker.converters.scale import scaled
from wats_worker.converters.texts import OF_STEP, Step, say, shown

_FAILURES: Final[Mapping[str, str]] = {
    "S": "SHORTS test, failed",
    "O": "OPENS test, failed",
    "F": "CONTACT fixture failure",
    "B": "BUSTEST, failure caused by bus",
    "C": "SCRATCHPROBING connection failure",
}
_STATUSES: Final[Mapping[str, str]] = {"=": "P", "<": "F", ">": "F", "%": "F", "#": "D"}
_PREFIXES: Final[Mapping[str, int]] = {"": 0, "P": -12, "N": -9, "U": -6, "M": -3, "K": 3, "MEG": 6}
_UNITS: Final[Mapping[str, str]] = {
    **dict.fromkeys(("R", "RP", "RS", "XS", "XP", "ZM"), "Ohm"),
    **dict.fromkeys(("CP", "CS"), "F"),
    **dict.fromkeys(("LP", "LS"), "H"),
    **dict.fromkeys(("V", "VS", "AC", "AV", "DC"), "V"),
    **dict.fromkeys(("I", "IS", "AI"), "A"),
    "HZ": "Hz",
}  # those of ratios, arithmetic and the rest are not known
#: What the program itself may print for us: the member it fills.
_PRINTED: Final[Mapping[str, str]] = {
    "WATS_partNumber": "pn",
    "WATS_partRevision": "rev",
    "WATS_sequenceName": "program",
    "WATS_sequenceVersion": "version",
    "WATS_operator": "user",
    "WATS_stationName": "machineName",
}

_NUMBER: Final = r"[^(),\s]{0,60}"
_MEASURED: Final = re.compile(
    rf"(?P<name>[^=<>#%()\s]{{1,200}})(?P<sign>[=<>#%])(?P<value>{_NUMBER})"
    rf"(?:\((?P<low>{_NUMBER}),(?P<high>{_NUMBER})\)(?P<type>[A-Za-z0-9]{{0,10}}))?(?:\s+=?\s*(?P<told>.*))?"
)
_VALUE: Final = re.compile(r"([+-]?[0-9.]+(?:E[+-]?[0-9]+)?)(MEG|[PNUMK]?)")
_LOOP: Final = re.compile(r"TOP_OF_LOOP-([A-H])\b.*")


@dataclass
class Run:
    """One test, as far as its lines have been read."""

    line: int
    program: str
    start: datetime
    serial: str
    end: datetime | None = None
    mark: str = ""
    steps: list[Step] = field(default_factory=list)
    facts: dict[str, str] = field(default_factory=dict)
    loops: dict[str, list[Step]] = field(default_factory=dict)  # steps by the board of the panel
    remarks: list[str] = field(default_factory=list)

    @property
    def place(self) -> str:
        """Where it begins, for a message."""
        return f"the test that begins in line {self.line}"


def printed(text: str) -> dict[str, str]:
    """What the program printed for us; nothing for any other line."""
    name, sign, value = text.partition("=")
    return {_PRINTED[name]: value.strip()} if sign and name in _PRINTED else {}


def is_result(text: str) -> bool:
    """Whether a line that can't be read may be a damaged result, and no remark."""
    return text[0] == "(" or any(sign in text for sign in _STATUSES) or not text.isprintable()


class Reader:
    """Reads the lines of one test."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._steps = run.steps
        self._continued: Step | None = None  # a list of failures whose last line ended in a plus

    def take(self, text: str, place: str) -> None:
        """One line between the beginning and the end."""
        if text[0] == "(" and text[1:2] in _FAILURES:
            self._failure(text)
        elif fact := printed(text):
            self._run.facts.update(fact)
        elif found := _LOOP.fullmatch(text):
            self._steps = self._run.loops.setdefault(found[1], [])
        elif found := _MEASURED.fullmatch(text):
            self._measured(found, place)
        elif self._continued is not None and text[0].isdigit():
            self._more(self._continued, text)
        elif is_result(text):
            raise Refused(f"{shown(text)} is not a line of this format", place=place)
        else:
            self._run.remarks.append(text)

    def _failure(self, text: str) -> None:
        name, places = _FAILURES[text[1]], text[2:].strip()
        more = places.endswith("+")
        step = measures.noted(name, "F", places.removesuffix("+").strip())
        self._steps.append(step)
        self._continued = step if more else None

    def _more(self, step: Step, text: str) -> None:
        places = text.removesuffix("+").strip()
        row = step["stringMeas"][0]
        joined = f"{row['value']}{'' if row['value'].endswith(',') else ','}{places}"
        if len(joined) <= 100:
            row["value"] = joined
        else:
            say(step, places)
        self._continued = step if text.endswith("+") else None

    def _measured(self, found: re.Match[str], place: str) -> None:
        self._continued = None
        name, sign, value = found["name"], found["sign"], found["value"]
        kind, status = (found["type"] or "").upper(), _STATUSES[sign]
        told = (found["told"] or "").strip()
        limits = self._limits_told(found)
        raw = "\n".join(part for part in (f"{value} {limits}".strip(), told) if part)
        if value:
            step = measures.numbers(name, status, [_row(found, kind, status, place)], raw)
        elif sign == "#":
            step = measures.action(name, raw)
        else:  # nothing was read, and there is a verdict all the same
            step = measures.passed_or_failed(name, status, raw)
        self._steps.append(step)

    def _limits_told(self, found: re.Match[str]) -> str:
        return f"({found['low']},{found['high']}){found['type']}" if found["low"] or found["high"] else ""


def _row(found: re.Match[str], kind: str, status: str, place: str) -> Row:
    try:
        return measures.numeric(
            _number(found["value"]),
            OF_STEP[status],
            low=_number(found["low"]) if found["low"] else None,
            high=_number(found["high"]) if found["high"] else None,
            unit=_UNITS.get(kind),
            name=kind or None,
        )
    except ValueError as error:
        raise Refused(str(error), place=place, field=found["name"]) from None


def _number(text: str) -> float:
    """A number with its prefix."""
    found = _VALUE.fullmatch(text.upper())
    return scaled(found[1], _PREFIXES[found[2]]) if found else scaled(text, 0)
