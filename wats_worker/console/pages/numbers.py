"""Numbers: what came and went by the hour, how much of it was good, why the rest is in quarantine."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from nicegui import ui
from pydantic import BaseModel

from wats_worker.console import parts, plots, questions
from wats_worker.console.numbers import TELLINGS, Span, hourly, named, told_by, totals
from wats_worker.console.tab import Live, Tab
from wats_worker.console.words import number, portion
from wats_worker.control.models.numbers import HourLine, Hours, ReasonLine, Reasons, YieldLine, Yields
from wats_worker.control.sheets import sheet

#: Rows that a table shows; the CSV has all of them.
_ROWS: Final = 50


@dataclass
class _Wanted:
    """What is looked at."""

    span: Span = Span.DAY
    telling: str = "all"
    lives: list[Live[Any]] = field(default_factory=list)

    async def look(self) -> None:
        """Look anew: something else is wanted."""
        for live in self.lives:
            await live.look()


@dataclass
class _Shown:
    """What stands on the page, to be taken along as it stands there.

    Args:
        name: What the file is called.
        kind: What its lines are.
    """

    name: str
    kind: type[BaseModel]
    span: Span = Span.DAY
    lines: Sequence[BaseModel] = ()

    def keep(self, span: Span, lines: Sequence[BaseModel]) -> None:
        """This stands there now."""
        self.span, self.lines = span, lines

    def button(self) -> None:
        """What one presses to have it."""
        pressed = parts.button("CSV", icon="download", on_click=self._take)
        pressed.props(f'aria-label="{self.name} as CSV"')

    def _take(self) -> None:
        ui.download.content(sheet(self.kind, self.lines), f"wats-{self.name}-{self.span}.csv", "text/csv")


def page(tab: Tab) -> None:
    """Build it."""
    wanted = _Wanted()
    with parts.card("Numbers"), parts.box("search"):
        spans = {span: f"the last {span}" for span in Span}
        span = ui.select(spans, label="Time", value=wanted.span, on_change=wanted.look)
        span.bind_value_to(wanted, "span").props("outlined")
        telling = ui.select(dict(TELLINGS), label="Yield by", value=wanted.telling, on_change=wanted.look)
        telling.bind_value_to(wanted, "telling").props("outlined")
    wanted.lives += [_hours(tab, wanted), _yields(tab, wanted), _reasons(tab, wanted)]


def _hours(tab: Tab, wanted: _Wanted) -> Live[tuple[Span, int, Hours]]:
    shown = _Shown("hours", HourLine)

    async def load() -> tuple[Span, int, Hours] | None:
        span = wanted.span
        found = await questions.hours(tab, span)
        return (span, span.since(time.time()), found) if found and span is wanted.span else None

    def show(found: tuple[Span, int, Hours]) -> None:
        span, since, told = found
        shown.keep(span, told.hours)
        if not told.hours:
            parts.empty("bar_chart", "Nothing came and nothing went", f"Not in the last {span}.")
            return
        files, reports = totals(told.hours)
        parts.words(f"{number(files)} files taken in, {number(reports)} reports delivered", "soft")
        every = hourly(told.hours, since, time.time())
        ui.echart(plots.hours(every, days=span is not Span.DAY)).classes("plot")

    with parts.card("Files and reports, per hour", aside=shown.button):
        return Live(load, show)


def _yields(tab: Tab, wanted: _Wanted) -> Live[tuple[Span, str, Yields]]:
    shown = _Shown("yield", YieldLine)

    async def load() -> tuple[Span, str, Yields] | None:
        span, telling = wanted.span, wanted.telling
        found = await questions.yields(tab, span, telling)
        return (span, telling, found) if found and (span, telling) == (wanted.span, wanted.telling) else None

    def show(found: tuple[Span, str, Yields]) -> None:
        span, telling, told = found
        shown.keep(span, told.yields)
        if not told.yields:
            parts.empty("checklist", "No unit was tested", f"Not in the last {span}.")
            return
        heads = [TELLINGS[by].capitalize() for by in told_by(telling)]
        with parts.table([*heads, "Units", "Tests", "First pass", "Last pass"]):
            for one in told.yields[:_ROWS]:
                _yield(one, telling)
        _left(len(told.yields))

    with parts.card("Yield", aside=shown.button):
        parts.words(
            "Of all units, those that passed their first test, and those that passed their last.", "soft lead"
        )
        return Live(load, show)


def _yield(one: YieldLine, telling: str) -> None:
    with parts.box(tag="tr"):
        for name in named(one, telling):
            parts.words(name, "cell-name", "td")
        for count in (one.units, one.tests):
            parts.words(number(count), "cell-number", "td")
        for share in (one.first_pass_yield, one.last_pass_yield):
            with parts.box("cell-bar", "td"):
                parts.bar(portion(share))


def _reasons(tab: Tab, wanted: _Wanted) -> Live[tuple[Span, Reasons]]:
    shown = _Shown("reasons", ReasonLine)

    async def load() -> tuple[Span, Reasons] | None:
        span = wanted.span
        found = await questions.reasons(tab, span)
        return (span, found) if found and span is wanted.span else None

    def show(found: tuple[Span, Reasons]) -> None:
        span, told = found
        shown.keep(span, told.reasons)
        if not told.reasons:
            parts.empty("task_alt", "Nothing is quarantined", f"Nothing of the last {span}.")
            return
        with parts.table(["Reason", "Source", "Files"]):
            for one in told.reasons[:_ROWS]:
                with parts.box(tag="tr"):
                    parts.words(one.reason or "nobody noted why", "cell-name", "td")
                    parts.words(one.source, "cell-name", "td")
                    parts.words(number(one.files), "cell-number", "td")
        _left(len(told.reasons))

    with parts.card("Why files are in quarantine", aside=shown.button):
        return Live(load, show)


def _left(count: int) -> None:
    if count > _ROWS:
        parts.words(f"… and {number(count - _ROWS)} more, which the CSV has.", "soft")
