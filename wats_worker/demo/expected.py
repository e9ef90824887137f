"""What the demo drops, and what must become of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Final


@dataclass(frozen=True)
class Sample:
    """One file."""

    source: str
    name: str
    units: tuple[str, ...] = ()  #: serial numbers, one report for each
    kind: str = "T"  #: T for tests, R for a repair
    because: tuple[str, ...] = ()  #: words that must stand in the reason of a file that can't be converted
    slowly: bool = False  #: its tester takes its time to write it

    def content(self) -> bytes:
        """The bytes of the file."""
        return files("wats_worker.demo").joinpath("samples", self.source, self.name).read_bytes()


#: The sources, and what their files don't say themselves.
SOURCES: Final[Mapping[str, Mapping[str, object]]] = {
    "functional-test": {"timezone": "Europe/Oslo"},
    "repair-bench": {},
    "teststand": {"process_code": 100, "revision": "A", "timezone": "Europe/Oslo"},
}

SAMPLES: Final = (
    Sample("functional-test", "LD48-24001_passed.txt", ("LD48-24001",)),
    Sample("functional-test", "LD48-24002_failed.txt", ("LD48-24002",)),
    Sample(
        "functional-test",
        "LD48_panel-0117.txt",
        ("LD48-24100", "LD48-24101", "LD48-24102", "LD48-24103"),
        slowly=True,
    ),
    Sample("functional-test", "AMP6-3007_response-curve.txt", ("AMP6-3007",)),
    Sample("repair-bench", "TPC200-88041_failed.json", ("TPC200-88041",)),
    Sample("repair-bench", "TPC200-88041_repair.json", ("TPC200-88041",), kind="R"),
    Sample("teststand", "PSU12-4417_passed.xml", ("PSU12-4417",)),
    Sample("teststand", "PSU12-4418_failed.xml", ("PSU12-4418",)),
    Sample("functional-test", "LD48-24003_no-serial-number.txt", because=("serial number", "line 1")),
    Sample("functional-test", "shift-notes.txt", because=("unknown format",)),
    Sample("teststand", "PSU12-4419_cut-off.xml", because=("never finished",)),
)

#: The bytes of the first sample under another name: recognised, and not delivered again.
COPY_OF: Final = SAMPLES[0]
COPY_NAME: Final = "LD48-24001_passed (2).txt"
