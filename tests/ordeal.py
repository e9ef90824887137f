"""Every broken variant that the corpus knows, through choice, jail and checks as a convert worker does it.

``make bad`` tries all of them and prints a table; among the tests a part of them is tried.
"""

import argparse
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Self

import bad
import golden
from formats import FORMATS
from support import shared

from wats_worker.cli.gathering import gathered
from wats_worker.convert.accept import Pile
from wats_worker.convert.attempt import Attempt, attempt
from wats_worker.convert.choose import Thresholds
from wats_worker.convert.rules import AUTO, Rule
from wats_worker.convert.workshop import Workshop
from wats_worker.converters.base import Options
from wats_worker.sandbox.outcome import Broken, Unready
from wats_worker.settings import Source, WorkerSettings

#: What the corpus says that a file may take, whatever is in it.
MOST_S: Final = 60.0
MOST_MB: Final = 512
#: Files that may still be written to, as far as anybody can tell: they are given time, and then they are refused.
_UNFINISHED: Final = frozenset(
    {
        *(
            "empty",
            "one_byte",
            "whitespace_only",
            "bom_only",
            "truncated_50",
            "truncated_99",
            "footer_missing",
        ),
        *("xml_unclosed", "zip_no_central_directory", "stdf_no_mrr", "stdf_gz_truncated"),
    }
)
#: What the corpus makes for a folder, and is a plain file all the same.
_GIANTS: Final = frozenset({"line_200MB", "json_token_200MB", "sparse_10GB"})
#: A measured value that is none stays in its step, so just that differs from the good file's reports.
_ONE_VALUE: Final = frozenset({"num_nan", "num_inf", "stdf_nan_result", "stdf_inf_result"})


@dataclass(frozen=True)
class Variant:
    """One broken file, and what may become of it."""

    format: str  #: the corpus's folder
    kind: str
    path: Path
    good: Path  #: what it was before it was broken
    expected: frozenset[str]  #: converted, refused, waits
    converter: str | None  #: whose files these are; None while nobody converts them

    def __str__(self) -> str:
        return f"{self.format}/{self.kind}"


@dataclass
class Tally:
    """What became of them all."""

    took_s: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    peak_mb: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)


def variants(out: Path, *, big: bool = False) -> list[Variant]:
    """Write them below ``out``."""
    made = bad.everything(out, big=big)
    told = [entry for entry in made if entry["format"] != "_folder" or entry["variant"] in _GIANTS]
    goods = {entry["format"]: out / entry["file"] for entry in told if entry["variant"] == "upper_extension"}
    return [
        Variant(
            format=entry["format"],
            kind=entry["variant"],
            path=out / entry["file"],
            good=goods.get(entry["format"], out / entry["file"]),
            expected=frozenset(_expected(entry)),
            converter=_owner(f"{entry['format']}/{entry['source']}"),
        )
        for entry in told
    ]


def _expected(entry: Mapping[str, Any]) -> Iterator[str]:
    words = {entry["expected"], *entry.get("accept_also", ())}
    if words & {"rejected", "quarantined"}:
        yield "refused"  # to us both are the quarantine, and the reason says which
    half = (
        entry["format"] == "klippel" and "converted" in words
    )  # most have no folder, and wait for it in vain
    if "deferred" in words or entry["variant"] in _UNFINISHED or half:
        yield "waits"
    if "converted" in words:
        yield "converted"


def _owner(file: str) -> str | None:
    path = shared("corpus/files") / file
    for name, format_ in FORMATS.items():
        if any(path in path.parents[1].glob(pattern) for pattern in format_.mine):
            return name
    return None


def a_part(all_of_them: Sequence[Variant], *, of_a_kind: int, of_a_format: int) -> list[Variant]:
    """So many of each kind and of each format at the least, each time the same ones."""
    kinds, formats = Counter[str](), Counter[str]()
    chosen = []
    # In the order of a number that has nothing to do with what they are.
    for variant in sorted(all_of_them, key=lambda variant: hash_of(str(variant))):
        if kinds[variant.kind] < of_a_kind or formats[variant.format] < of_a_format:
            kinds[variant.kind] += 1
            formats[variant.format] += 1
            chosen.append(variant)
    return chosen


def hash_of(text: str) -> int:
    """The same in every process, unlike Python's own."""
    return int.from_bytes(text.encode()[::-1], "big") % 1_000_003


class Ordeal:
    """The convert stage up to the checked reports, with the limits that the corpus names.

    Args:
        scratch: Where jails may write.
    """

    def __init__(self, scratch: Path) -> None:
        settings = WorkerSettings(convert={"wall_s": MOST_S, "memory_mb": MOST_MB})
        self._workshop = Workshop(settings, scratch=scratch)
        self._good: dict[Path, list[dict[str, Any]]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._workshop.close()

    def run(self, variants: Iterable[Variant]) -> Tally:
        """Try them one after the other."""
        tally = Tally()
        for variant in variants:
            started = time.monotonic()
            tried, made = self._try(variant, variant.path)
            took = time.monotonic() - started
            tally.took_s[variant.format].append(took)
            tally.peak_mb[variant.format] = max(tally.peak_mb[variant.format], round(tried.usage.peak_mb))
            tally.wrong += [f"{variant}: {what}" for what in self._wrong(variant, tried, made, took)]
        return tally

    def _try(self, variant: Variant, path: Path) -> tuple[Attempt, list[dict[str, Any]]]:
        own = FORMATS.get(variant.converter or "")
        name = path.name if own is None or own.file == "log" else own.file
        pile = Pile()
        # What belongs to it is tried with it, as the watcher hands it over.
        with gathered(path, Source(name="ordeal", folder=path.parent)) as whole:
            tried = attempt(
                "0" * 32,
                whole,
                name,
                rule_for(variant.converter),
                tray=pile,
                workshop=self._workshop,
                thresholds=Thresholds(),
            )
        return tried, list(pile) if isinstance(tried.result, tuple) else []

    def _wrong(
        self, variant: Variant, tried: Attempt, made: list[dict[str, Any]], took_s: float
    ) -> Iterator[str]:
        expected = variant.expected if variant.converter else {"refused"}
        found = _word(tried)
        if took_s > MOST_S or tried.usage.peak_mb > MOST_MB:
            yield f"{took_s:.0f} s, {tried.usage.peak_mb:.0f} MB"
        if found == "converted" and variant.path.read_bytes() == variant.good.read_bytes():
            return  # what is to be broken was not there
        if found not in expected:
            yield f"{found}, not {' or '.join(sorted(expected))}: {_reason(tried)}"
        elif found == "refused" and not _reason(tried).strip():
            yield "refused without a reason"
        elif found == "converted" and not self._same(variant, made):
            yield "other reports than those of the good file"

    def _same(self, variant: Variant, made: list[dict[str, Any]]) -> bool:
        if variant.good not in self._good:
            _, self._good[variant.good] = self._try(variant, variant.good)
        good = self._good[variant.good]
        if variant.kind in _ONE_VALUE:
            return _verdicts(made) == _verdicts(good)
        # Where the corpus would rather have it set aside, the change is what makes the difference.
        return made == good or "refused" in variant.expected


def rule_for(converter: str | None) -> Rule:
    """What a source of such files has to say. It names the converter only where that is needed."""
    if converter is None:
        return Rule()
    format_ = FORMATS[converter]
    options = {"timezone": "Europe/Oslo", **format_.options}
    named = format_.named or not options.keys() <= Options.model_fields.keys()
    return Rule(converter if named else AUTO, options)


def _word(tried: Attempt) -> str:
    match tried.result:
        case tuple():
            return "converted"
        case Unready():
            return "waits"
        case Broken():
            return "broke"
        case _:
            return "refused"


def _reason(tried: Attempt) -> str:
    return str(getattr(tried.result, "reason", "") or getattr(tried.result, "detail", ""))


def _verdicts(reports: list[dict[str, Any]]) -> list[Any]:
    return [
        (report["sn"], report["start"], [(path, step["status"]) for path, step in golden.steps(report)])
        for report in reports
    ]


def main() -> int:
    """Try them all and print a table; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--big", action="store_true", help="the bombs and the lines of 200 MB as well")
    parser.add_argument("--format", help="one folder of the corpus only")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, Ordeal(Path(folder) / "scratch") as ordeal:
        made = variants(Path(folder) / "bad", big=asked.big)
        tally = ordeal.run([one for one in made if asked.format in (None, one.format)])
    print(f"{'format':24} {'files':>6} {'seconds':>8} {'slowest':>8} {'peak MB':>8}")
    for name, times in sorted(tally.took_s.items()):
        print(f"{name:24} {len(times):6} {sum(times):8.1f} {max(times):8.2f} {tally.peak_mb[name]:8}")
    total = sum(len(times) for times in tally.took_s.values())
    print("\n".join([*tally.wrong, f"{total} variants, {len(tally.wrong)} of them wrong"]))
    return 1 if tally.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
