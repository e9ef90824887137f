"""How things are said to people. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from wats_broker.states import FileState, ReportState

#: How something is, as a colour says it.
Mood = Literal["good", "busy", "warn", "bad", "idle"]

#: Of a file that is no text, so much is shown.
_HEX_SHOWN: Final = 1024
_MOODS: Final[Mapping[str, Mood]] = {
    FileState.SEEN: "busy",
    FileState.CONVERTING: "busy",
    FileState.SUSPENDED: "warn",
    FileState.CONVERTED: "busy",
    FileState.DELIVERED: "good",
    FileState.BURIED: "bad",
    FileState.QUARANTINED: "bad",
    ReportState.READY: "busy",
    ReportState.LEASED: "busy",
    ReportState.DELAYED: "warn",
    ReportState.HELD: "warn",
}


def mood(state: str | None) -> Mood:
    """The colour of a file's or a report's state."""
    return _MOODS.get(state or "", "idle")


def span(seconds: float) -> str:
    """A while, as people say it.

    >>> span(0.2), span(9), span(150), span(8000), span(300_000)
    ('0 s', '9 s', '2 min', '2 h', '3 days')
    """
    for size, unit in ((86400, "days"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds // size:.0f} {unit}"
    return f"{max(seconds, 0):.0f} s"


def ago(seconds: float) -> str:
    """How long something is past.

    >>> ago(0.4), ago(150)
    ('just now', '2 min ago')
    """
    return f"{span(seconds)} ago" if seconds >= 2 else "just now"


def number(count: float) -> str:
    r"""A number that can be read at a glance.

    >>> number(1234).split("\N{NO-BREAK SPACE}"), number(3.04), number(0)
    (['1', '234'], '3', '0')
    """
    return f"{round(count):,}".replace(",", "\N{NO-BREAK SPACE}")


def size(count: int) -> str:
    """A number of bytes.

    >>> size(812), size(20_480), size(3_500_000_000)
    ('812 B', '20.0 kB', '3.3 GB')
    """
    amount = float(count)
    for unit in ("B", "kB", "MB"):
        if amount < 1024:
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1024
    return f"{amount:.1f} GB"


@dataclass(frozen=True)
class Portion:
    """A share of all, to be read and to be drawn."""

    text: str
    percent: float


def portion(share: float) -> Portion:
    """A share from 0 to 1. What is not quite all is never shown as all, and next to nothing not as nothing.

    >>> [portion(share).text for share in (1, 0.99996, 0.5, 0.00001, 0)]
    ['100 %', '99.9 %', '50.0 %', '0.1 %', '0 %']
    """
    percent = min(max(share, 0.0), 1.0) * 100
    if percent in {0.0, 100.0}:
        return Portion(f"{percent:.0f} %", percent)
    return Portion(f"{min(max(round(percent, 1), 0.1), 99.9)} %", round(percent, 1))


def clock(at: float) -> str:
    """A time of today, or a day before, on this machine's clock."""
    moment = datetime.fromtimestamp(at).astimezone()
    today = datetime.now().astimezone().date()
    return f"{moment:%H:%M:%S}" if moment.date() == today else f"{moment:%Y-%m-%d %H:%M:%S}"


def event(name: str) -> str:
    """An event of the journal as a heading.

    >>> event("file_converted")
    'File converted'
    """
    return name.replace("_", " ").capitalize()


def fact(value: Any) -> str:
    """A fact beside an event, in one line.

    >>> fact(0.12345), fact(["a", 1]), fact("x")
    ('0.123', 'a, 1', 'x')
    """
    if isinstance(value, float):
        return f"{value:.3f}".rstrip("0").rstrip(".")
    if isinstance(value, (list, tuple)):
        return ", ".join(fact(one) for one in value)
    return str(value)


def why(facts: Mapping[str, str]) -> str:
    """Why a file is in quarantine, of what the journal noted.

    >>> why({"field": "serial number", "reason": "the file has none", "place": "line 3"})
    'serial number: the file has none (line 3)'
    >>> why({})
    'nobody noted why'
    """
    field, reason, place = (facts.get(key, "") for key in ("field", "reason", "place"))
    if not reason:
        return "nobody noted why"
    return f"{f'{field}: ' if field else ''}{reason}{f' ({place})' if place else ''}"


def preview(piece: bytes) -> str:
    """The beginning of a file as text; as bytes where it is none.

    >>> preview(b"SN;4711"), preview(bytes([0, 1, 65, 66]))
    ('SN;4711', '00000000  00 01 41 42                                      ..AB')
    """
    text = piece.decode("utf-8", errors="replace")
    strange = sum(1 for sign in text if not (sign.isprintable() or sign in "\r\n\t"))
    if "\0" not in text and strange * 50 <= len(text):
        return text
    rows = (piece[at : at + 16] for at in range(0, min(len(piece), _HEX_SHOWN), 16))
    return "\n".join(
        f"{number * 16:08x}  {row.hex(' '):<47}  {''.join(chr(b) if 32 <= b < 127 else '.' for b in row)}"
        for number, row in enumerate(rows)
    )
