"""``wats-worker doctor``: would the line work on this machine, and what is missing?"""

from collections.abc import Sequence
from dataclasses import asdict
from itertools import groupby
from pathlib import Path
from typing import Final

from rich.table import Table
from rich.text import Text

from wats_worker.app.doctor import Health, Look, examine
from wats_worker.cli.common import Exit, borrowed_scratch, console, load, print_json

_STYLES: Final = {
    Health.GOOD: "green",
    Health.ADVICE: "yellow",
    Health.TROUBLE: "red",
    Health.FATAL: "bold red",
}


def doctor(config: Path | None, *, as_json: bool) -> Exit:
    """Look at everything, print it, and say how it is."""
    settings = load(config)
    with borrowed_scratch(settings) as scratch:
        looks = list(examine(settings, scratch))
    if as_json:
        print_json([asdict(look) for look in looks])
    else:
        _print(looks)
    worst = {look.health for look in looks}
    if Health.FATAL in worst:
        return Exit.BROKEN
    return Exit.ATTENTION if Health.TROUBLE in worst else Exit.FINE


def _print(looks: Sequence[Look]) -> None:
    for area, group in groupby(looks, key=lambda look: look.area):
        table = Table(title=area, title_justify="left", title_style="bold", box=None, show_header=False)
        table.add_column(overflow="fold", max_width=24)
        table.add_column(no_wrap=True, width=8)
        table.add_column(overflow="fold")
        for look in group:
            found = Text(look.found)
            if look.fix:
                found.append(f"\n→ {look.fix}", style="italic")
            table.add_row(Text(look.what), Text(look.health, _STYLES[look.health]), found)
        console.print(table)
