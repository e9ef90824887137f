"""How fast files become reports, and how much memory that takes, against a bare parser in the same run.

    python benchmarks/converters.py [format ...]     # every format that the corpus has files of

The floor is the parser that a reader of the format can't do without, run on the same bytes in the same
process: lxml's iterparse for XML, json, csv, a walk with struct for STDF, splitting every line into its
fields for the rest. Nothing is made of what it finds. A conversion is the file's reports as bytes ready to be
sent; the check is what the worker does with them after that, in its own process: read, tidy, hold against the
checks, write.

Times are processor time, the best of several rounds in which both take turns, so that a busy machine hits
both alike. Memory is what a fresh process holds at most, its imports included, for one file. The last line is
JSON.
"""

import argparse
import csv
import gzip
import io
import itertools
import json
import struct
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lxml import etree

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from formats import FORMATS  # noqa: E402 - what the tests know of the corpus, and what each format needs

from wats_worker.converters.base import NotReady, Refused, Source  # noqa: E402 - as above
from wats_worker.converters.registry import Converter, bundled  # noqa: E402 - as above
from wats_worker.reports import wsjf  # noqa: E402 - as above
from wats_worker.reports.tidy import tidy  # noqa: E402 - as above
from wats_worker.reports.validate import check  # noqa: E402 - as above

FILES = ROOT.parent / "shared" / "corpus" / "files"
ANYBODY = {"process_code": 10, "part_number": "PN-1", "revision": "A", "timezone": "Europe/Oslo"}
ID = "a520dd0b-2b50-5755-ba0b-446e6aa5dfec"
ROUND_S = 2.0
#: What a table of a factory looks like, for the converter that knows no format of its own.
TABLE = {
    "layout": "unit-per-group",
    "delimiter": ";",
    "fields": {"serial_number": "Serial", "start": "Start", "part_number": "Part"},
    "step": {
        "name": "Step", "value": "Value", "unit": "Unit", "low": "Low", "high": "High", "status": "Status",
    },
    "date_format": "%Y-%m-%d %H:%M:%S",
    "statuses": {"PASS": "P", "FAIL": "F"},
}  # fmt: skip
_ROW = "{:22} {:>9} {:>6} {:>7} {:>10} {:>6} {:>10} {:>8}"


@dataclass(frozen=True)
class Sample:
    """One file of a format."""

    converter: Converter
    name: str
    data: bytes
    options: dict[str, Any]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("formats", nargs="*")
    parser.add_argument(
        "--peak", metavar="FORMAT", help="convert one file of it and print the memory it took"
    )
    asked = parser.parse_args()
    if asked.peak:
        print(peak_here(asked.peak))
        return
    rows = {}
    print(_ROW.format("format", "file", "floor", "MB/s", "floor MB/s", "ratio", "check MB/s", "peak MB"))
    for name in asked.formats or bundled():
        sample = largest(name)
        if sample is None:
            continue
        rows[name] = row = measure(sample)
        row["peak_mb"] = float(
            subprocess.run(
                [sys.executable, __file__, "--peak", name], check=True, capture_output=True, text=True
            ).stdout
        )
        print(
            _ROW.format(
                name,
                f"{len(sample.data) / 1e3:.0f} kB",
                row["floor"],
                f"{row['mb_per_s']:.2f}",
                f"{row['floor_mb_per_s']:.1f}",
                f"{row['floor_ratio']:.3f}",
                f"{row['check_mb_per_s']:.2f}",
                f"{row['peak_mb']:.1f}",
            ),
            flush=True,
        )
    print(json.dumps(rows))


def largest(name: str) -> Sample | None:
    """The largest file of a format that becomes reports."""
    converter = bundled()[name]
    if name == "mapped-csv":
        return Sample(converter, "table.csv", table(1_000_000), {**ANYBODY, **TABLE})
    own = FORMATS.get(name)
    if own is None or own.refuses or own.named:
        return None
    options = {**ANYBODY, **own.options}
    paths = sorted(
        {path for pattern in own.mine for path in FILES.glob(pattern)}, key=lambda path: -path.stat().st_size
    )
    for path in paths:
        sample = Sample(converter, path.name if own.file == "log" else own.file, own.whole(path), options)
        try:
            if converted(sample):
                return sample
        except (Refused, NotReady):
            continue
    return None


def table(size: int) -> bytes:
    lines = ["Serial;Start;Part;Step;Value;Unit;Low;High;Status\n"]
    for unit in itertools.count():
        lines += [
            f"SN-{unit:06};2026-01-{unit // 1440 % 28 + 1:02} {unit // 60 % 24:02}:{unit % 60:02}:00;PN-1;"
            f"Step {at};{at * 1.01:.4f};V;{at - 1};{at + 1};PASS\n"
            for at in range(100)
        ]
        if sum(map(len, lines)) > size:
            return "".join(lines).encode()
    raise AssertionError


def converted(sample: Sample) -> list[bytes]:
    source = Source.of_bytes(sample.data, sample.name)
    options = sample.converter.options.model_validate(sample.options)
    return [wsjf.dump(report) for report in sample.converter.convert(source, options)]


def checked(bodies: list[bytes]) -> None:
    for body in bodies:
        report = wsjf.load(body, draft=True)
        report.setdefault("id", ID)
        report, _ = tidy(report)
        check(report, body=wsjf.dump(report))


def measure(sample: Sample) -> dict[str, Any]:
    kind, parse = floor_of(sample.data, sample.name)
    bodies = converted(sample)
    best = taking_turns(lambda: parse(sample.data), lambda: converted(sample), lambda: checked(bodies))
    megabytes = len(sample.data) / 1e6
    floor, conversion, checks = (megabytes / seconds for seconds in best)
    return {
        "floor": kind,
        "mb_per_s": round(conversion, 2),
        "floor_mb_per_s": round(floor, 1),
        "floor_ratio": round(conversion / floor, 3),
        "check_mb_per_s": round(checks, 2),
    }


def taking_turns(*acts: Callable[[], object]) -> list[float]:
    """The shortest processor time of each, out of rounds in which all take turns."""
    best = [float("inf")] * len(acts)
    end = time.perf_counter() + ROUND_S
    while time.perf_counter() < end or best[0] == float("inf"):
        for at, act in enumerate(acts):
            started = time.process_time()
            act()
            best[at] = min(best[at], time.process_time() - started)
    return best


def floor_of(data: bytes, name: str) -> tuple[str, Callable[[bytes], object]]:
    """The bare parser for a file."""
    if data.startswith(b"\x1f\x8b"):
        kind, inner = floor_of(gzip.decompress(data), name.removesuffix(".gz"))
        return kind, lambda packed: inner(gzip.decompress(packed))
    if data.startswith(b"PK\x03\x04"):
        return "zip", unzip
    if data[:4] in {b"\x02\x00\x00\x0a", b"\x00\x02\x00\x0a"}:
        return "struct", walk_stdf
    start = data.removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    if start == b"<":
        return "lxml", parse_xml
    if start == b"{" and data.rstrip().endswith(b"}") and b'":' in data:
        return "json", json.loads
    separator = max(b";,\t|", key=lambda one: data.count(bytes([one])))
    if name.lower().endswith(".csv"):
        return "csv", lambda data: parse_csv(data, chr(separator))
    return "split", lambda data: split_lines(data, chr(separator))


def parse_xml(data: bytes) -> None:
    for _, element in etree.iterparse(io.BytesIO(data)):
        element.clear()


def parse_csv(data: bytes, separator: str) -> None:
    for _ in csv.reader(io.StringIO(data.decode("cp1252", "replace"), newline=""), delimiter=separator):
        pass


def split_lines(data: bytes, separator: str) -> None:
    for line in data.decode("cp1252", "replace").splitlines():
        line.split(separator)


def walk_stdf(data: bytes) -> None:
    head = struct.Struct("<HBB" if data[:2] == b"\x02\x00" else ">HBB")
    at = 0
    while at < len(data):
        length, _, _ = head.unpack_from(data, at)
        at += 4 + length


def unzip(data: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for name in archive.namelist():
            archive.read(name)


def peak_here(name: str) -> float:
    sample = largest(name)
    assert sample is not None
    converted(sample)
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


if __name__ == "__main__":
    main()
