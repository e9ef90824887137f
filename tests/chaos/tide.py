"""The files that arrive during a storm: of several formats, good and bad, alone, as panels, twice, and one huge."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from running import wstf
from simulated import uut_report

from wats_worker.demo.expected import SAMPLES


@dataclass(frozen=True)
class Dropped:
    """One file and what has to become of it."""

    source: str
    name: str
    content: bytes
    serials: tuple[str, ...]  #: of its units, one report for each; a bad file has none

    @property
    def file_id(self) -> str:
        """What the line has to know the file by, worked out on our own."""
        return sha256(self.source.encode() + b"\0" + self.content).hexdigest()[:32]


#: One source per format, each with another way to end.
SOURCES: Final = {
    "text": {"after": "archive"},
    "json": {"after": "delete"},
    "teststand": {"process_code": 100, "revision": "A", "timezone": "Europe/Oslo"},
}
_XML: Final = next(sample for sample in SAMPLES if sample.name == "PSU12-4417_passed.xml")
#: Steps of the huge file; about 200 kB per thousand.
HUGE: Final = 20_000


def files(seed: int) -> Iterator[Dropped]:
    """The files of a storm, one after the other, the same for the same seed."""
    dice = random.Random(seed)
    makers = (_text, _text, _text, _panel, _json, _json, _xml, _note, _nameless)
    number = 0
    while True:
        number += 1
        made = dice.choice(makers)(f"{seed}-{number:05}")
        yield made
        if dice.random() < 0.05:
            # The tester copies its log once more under another name.
            yield Dropped(made.source, f"copy-of-{made.name}", made.content, made.serials)


def huge(seed: int, steps: int = HUGE) -> Dropped:
    """A log that takes its time to be copied, read, converted and sent."""
    serial = f"{seed}-HUGE"
    return Dropped("text", f"{serial}.txt", wstf(serial, steps=steps), (serial,))


def _text(mark: str) -> Dropped:
    return Dropped("text", f"{mark}.txt", wstf(mark), (mark,))


def _panel(mark: str) -> Dropped:
    serials = tuple(f"{mark}-{place}" for place in "ABCDE")
    return Dropped("text", f"{mark}-panel.txt", b"".join(wstf(serial) for serial in serials), serials)


def _json(mark: str) -> Dropped:
    import json

    report = uut_report(sn=mark)
    del report["id"]
    return Dropped("json", f"{mark}.json", json.dumps(report).encode(), (mark,))


def _xml(mark: str) -> Dropped:
    return Dropped(
        "teststand", f"{mark}.xml", _XML.content().replace(_XML.units[0].encode(), mark.encode()), (mark,)
    )


def _note(mark: str) -> Dropped:
    return Dropped("text", f"{mark}-note.txt", f"Dear all, tester {mark} is down again.".encode(), ())


def _nameless(mark: str) -> Dropped:
    return Dropped(
        "text", f"{mark}-nameless.txt", wstf(mark).replace(b"SerialNumber\t" + mark.encode(), b""), ()
    )
