"""The kinds of records that are tests: what they are called, what they measure in, where their fields are."""

from collections.abc import Mapping
from typing import Final, NamedTuple


class Analog(NamedTuple):
    """A record with a value."""

    title: str
    unit: str | None  # None where the same record is used for several


ANALOG: Final[Mapping[str, Analog]] = {
    "A-RES": Analog("Resistors", "Ohm"),
    "A-CAP": Analog("Capacitors", "F"),
    "A-IND": Analog("Inductors", "H"),
    "A-JUM": Analog("Jumpers", "Ohm"),
    "A-FUS": Analog("Fuses", "Ohm"),
    "A-POT": Analog("Potentiometers", "Ohm"),
    "A-SWI": Analog("Switches", "Ohm"),
    "A-DIO": Analog("Diodes", "V"),
    "A-ZEN": Analog("Zener diodes", "V"),
    "A-NPN": Analog("NPN transistors", None),
    "A-PNP": Analog("PNP transistors", None),
    "A-NFE": Analog("N channel FETs", None),
    "A-PFE": Analog("P channel FETs", None),
    "A-MEA": Analog("Measurements", None),
}


class Verdict(NamedTuple):
    """A record without one: the numbers of its fields."""

    title: str
    status: int  # field numbers
    name: int
    counts: Mapping[str, int]


VERDICTS: Final[Mapping[str, Verdict]] = {
    "TS": Verdict("Shorts", 0, 4, {"shorts": 1, "opens": 2, "phantoms": 3}),
    "PF": Verdict("Pins", 1, 0, {"pins": 2}),
    "D-T": Verdict("Digital", 0, 4, {"substatus": 1, "failing vector": 2, "failing pins": 3}),
    "TJET": Verdict("Vectorless", 0, 2, {"pins": 1}),
    "CCHK": Verdict("Connect check", 0, 2, {"pins": 1}),
    "PCHK": Verdict("Polarity check", 0, 1, {}),
    "PRB": Verdict("Probing", 0, 2, {"pins": 1}),
    "BS-CON": Verdict("Boundary scan", 1, 0, {"shorts": 2, "opens": 3}),
    "ARRAY": Verdict("Arrays", 1, 0, {"failures": 2, "samples": 3}),
    "D-PLD": Verdict("Programming", 2, 1, {"return code": 2}),
}
#: What the records that tell more about a verdict are called in its text.
TOLD: Final[Mapping[str, str]] = {
    "TS-S": "Short",
    "TS-D": "To",
    "TS-O": "Open",
    "TS-P": "Phantom",
    "PIN": "Pins",
    "DPIN": "Pins",
    "NODE": "Nodes",
    "BS-O": "Open",
    "BS-S": "Short",
    "INDICT": "Indicted",
    "RPT": "",
    "NOTE": "Note",
    "EXPRT": "Note",
    "ALM": "Alarm",
    "AID": "Alarm id",
}
