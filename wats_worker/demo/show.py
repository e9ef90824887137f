"""What the demo prints: steps, progress, tables. On a terminal the progress is one line that changes."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from wats_broker.states import FileState
from wats_worker.demo.audit import why
from wats_worker.demo.timings import Timing


class Show:
    """Prints to one console."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def step(self, text: str) -> None:
        """Say what happens now."""
        self._console.print(f"• {text}", highlight=False, markup=False)

    @contextmanager
    def progress(self) -> Iterator["Progress"]:
        """Show how far the files are, as long as the block runs."""
        if not self._console.is_terminal:
            yield Progress(self._console, None)
            return
        with Live(console=self._console, transient=True) as live:
            yield Progress(self._console, live)

    def files(self, rows: Iterable[Mapping[str, Any]], again: Sequence[str]) -> None:
        """What became of every file, and why some are set aside."""
        table = Table("file", "converter", "reports", "outcome", title="Files", title_justify="left")
        listed = sorted(rows, key=lambda row: (row["state"], row["source"], row["name"]))
        for row in listed:
            facts = row["facts"]
            table.add_row(Text(row["name"]), facts.get("converter"), facts.get("reports"), row["state"])
        for name in again:
            table.add_row(Text(name), None, None, "recognised")
        self._console.print(table)
        for row in listed:
            if row["state"] == FileState.QUARANTINED:
                self._console.print(f"{row['name']}\n    {why(row)}", highlight=False, markup=False)

    def timings(self, found: Iterable[Timing]) -> None:
        """How long the stages took."""
        table = Table("stage", "files", "median", "longest", title="Time per stage", title_justify="left")
        for timing in found:
            table.add_row(timing.stage, str(timing.files), _ms(timing.median_s), _ms(timing.longest_s))
        self._console.print(table)

    def verdict(self, faults: Sequence[str], *, reports: int, took_s: float) -> None:
        """The end of the story."""
        if faults:
            for fault in faults:
                self._console.print(f"✗ {fault}", style="red", highlight=False, markup=False)
        else:
            self._console.print(
                f"✓ {reports} reports delivered, each once, and nothing else, in {took_s:.1f} s.",
                style="green",
                highlight=False,
            )

    def failure(self, reason: str, last_words: str, folder: str) -> None:
        """What went wrong, and where to look."""
        self._console.print(f"✗ {reason}", style="red", highlight=False, markup=False)
        self._console.print(f"The end of the line's log ({folder}/line.log):", highlight=False, markup=False)
        self._console.print(last_words or "(nothing)", highlight=False, markup=False, soft_wrap=True)


class Progress:
    """One changing line on a terminal; elsewhere a line per change."""

    def __init__(self, console: Console, live: Live | None) -> None:
        self._console = console
        self._live = live
        self._said = ""

    def say(self, states: Mapping[FileState, int], stored: int) -> None:
        """Show how many files are in each state, and how many reports the server has."""
        counts = [f"{count} {state}" for state, count in states.items() if count]
        said = f"  {', '.join(counts) or 'nothing yet'} → {stored} reports on the server"
        if self._live is not None:
            self._live.update(Text(said))
        elif said != self._said:
            self._console.print(said, highlight=False, markup=False)
        self._said = said


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.2f} s"
