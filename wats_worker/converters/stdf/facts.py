"""Reads the records that are about a lot and not about one part."""

from datetime import UTC, datetime
from typing import Final

from wats_worker.converters.base import Refused
from wats_worker.converters.stdf import records
from wats_worker.converters.stdf.lot import NOBODY, Bin, Lot
from wats_worker.converters.stdf.records import Fields

_MODES: Final = {
    "A": "AEL",
    "C": "Checker",
    "D": "Development",
    "E": "Engineering",
    "M": "Maintenance",
    "P": "Production",
    "Q": "Quality control",
}
#: The texts of an MIR in their order, each with the name a report knows it by.
_TEXTS: Final = (
    "Lot", "Part type", "Node", "Tester type", "Job", "Job revision", "Sublot", "Operator", "Tester software",
    "Tester software version", "Test phase", "Test temperature", "User text", "Auxiliary file", "Package",
    "Product family", "Date code", "Facility", "Floor", "Fabrication process", "Operation frequency",
    "Test specification", "Test specification version", "Test flow", "Test setup", "Design revision",
    "Engineering lot", "ROM code", "Tester serial number", "Supervisor",
)  # fmt: skip
#: The texts of an SDR in pairs of type and id.
_EQUIPMENT: Final = (
    "Handler", "Probe card", "Load board", "DIB board", "Interface cable", "Contactor", "Laser",
    "Extra equipment",
)  # fmt: skip


def lot_of(fields: Fields, order: str) -> Lot:
    """The lot that an MIR begins.

    Raises:
        Refused: it has no start.
    """
    fields.whole("I")  # when the job was set up
    start = fields.whole("I")
    station = fields.whole("B")
    mode, retest, protection = (fields.take(1).decode("latin-1").strip() for _ in range(3))
    burn_in = fields.whole("H")
    command = fields.take(1).decode("latin-1").strip()
    texts = {name: text for name in _TEXTS if (text := fields.text())}
    if not start:
        raise Refused("the lot has none", field="start")
    codes = {
        "Test mode": mode if mode not in _MODES else "",
        "Lot retest": retest,
        "Protection": protection,
        "Command mode": command,
        "Station number": str(station) if station else "",
        "Burn-in minutes": str(burn_in) if burn_in != 0xFFFF else "",
    }
    return Lot(
        order=order,
        start=datetime.fromtimestamp(start, UTC),
        texts=texts,
        codes={name: code for name, code in codes.items() if code},
        purpose=_MODES.get(mode, ""),
    )


def _site(lot: Lot, fields: Fields) -> None:
    head = fields.need(3).whole("B")
    fields.whole("B")  # the group
    sites = fields.take(fields.whole("B")) or bytes((NOBODY,))
    found: dict[str, str] = {}
    for name in _EQUIPMENT:
        kind, identity = fields.text(), fields.text()
        if kind or identity:
            found[name] = " ".join(part for part in (kind, identity) if part)
            found[f"{name} id"] = identity
    for site in sites:
        lot.equipment.setdefault((head, site), {}).update(found)


def _pin(lot: Lot, fields: Fields) -> None:
    index = fields.need(4).whole("H")
    fields.whole("H")  # the kind of its channel
    channel, physical, logical = fields.text(), fields.text(), fields.text()
    head, site = fields.number("B"), fields.number("B")
    where = (1 if head is None else head, 1 if site is None else site, index)
    lot.pins[where] = logical or physical or channel


def _hard_bin(lot: Lot, fields: Fields) -> None:
    _bin(lot.hard, fields)


def _soft_bin(lot: Lot, fields: Fields) -> None:
    _bin(lot.soft, fields)


def _bin(bins: dict[int, Bin], fields: Fields) -> None:
    fields.need(8).take(2)  # head and site: a number means the same everywhere
    number = fields.whole("H")
    fields.whole("I")  # how many parts
    verdict = fields.take(1).decode("latin-1") if fields.left else ""
    name = fields.text()
    if name or number not in bins:
        bins[number] = Bin(name, verdict if verdict in {"P", "F"} else "")


def _test(lot: Lot, fields: Fields) -> None:
    fields.need(7).take(3)  # head, site, type
    number = fields.whole("I")
    fields.take(min(12, fields.left))  # how often it was executed, failed, raised an alarm
    if name := fields.text():
        lot.tests.setdefault(number, name)


def _part_count(lot: Lot, fields: Fields) -> None:
    head, _, count = fields.need(6).whole("B"), fields.whole("B"), fields.whole("I")
    if head == NOBODY:
        lot.counted = count


def _text(_lot: Lot, fields: Fields) -> None:
    """Nothing is kept of it here, but it has to be one."""
    fields.need(1).text()


#: By kind, what puts a record into the lot.
READERS: Final = {
    records.DTR: _text,
    records.SDR: _site,
    records.PMR: _pin,
    records.HBR: _hard_bin,
    records.SBR: _soft_bin,
    records.TSR: _test,
    records.PCR: _part_count,
}
