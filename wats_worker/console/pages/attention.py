"""What waits for a person: quarantined files and buried reports, why, and what can be done."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from nicegui import ui

from wats_broker.queue import Buried
from wats_broker.states import FileState
from wats_worker.console import deeds, parts
from wats_worker.console.tab import Live, Tab
from wats_worker.console.words import clock, number, why
from wats_worker.control.models.files import FileLine, Files
from wats_worker.control.models.queue import BuriedReports

#: Shown at first, and with each further wish.
_PORTION = 10


@dataclass
class _Shown:
    """How many of each are shown."""

    quarantined: int = _PORTION
    buried: int = _PORTION


@dataclass(frozen=True)
class _Graves:
    """Buried reports, with the files they are of as far as these are known."""

    reports: BuriedReports
    files: dict[str, FileLine]


def page(tab: Tab) -> None:
    """Build it."""
    shown = _Shown()

    async def quarantined() -> Files | None:
        count = shown.quarantined
        return await tab.look(f"quarantined {count}", lambda door: door.quarantined(count=count))

    async def buried() -> _Graves | None:
        count = shown.buried
        reports = await tab.look(f"buried {count}", lambda door: door.buried(count=count))
        files = await tab.look(
            "buried files", lambda door: door.files(state=FileState.BURIED, count=1000), fresh_s=10
        )
        if reports is None:
            return None
        return _Graves(reports, {one.file_id: one for one in (files.files if files else ())})

    def show_quarantined(found: Files) -> None:
        if not found.files:
            parts.empty("task_alt", "Nothing is quarantined", "Every file could be converted.")
            return
        for one in found.files:
            _file(tab, one, files)
        if found.next:
            _more(lambda: setattr(shown, "quarantined", shown.quarantined + _PORTION), files)

    def show_buried(found: _Graves) -> None:
        if not found.reports.total:
            parts.empty("task_alt", "Nothing is buried", "The server took every report.")
            return
        for one in found.reports.reports:
            _report(tab, one, found.files.get(one.file_id), reports)
        if found.reports.total > len(found.reports.reports):
            _more(lambda: setattr(shown, "buried", shown.buried + _PORTION), reports)

    def requeue_all() -> None:
        if tab.operates:
            parts.button("Requeue all", icon="replay", on_click=lambda: deeds.requeue_all(tab, reports))

    with parts.card("Quarantined files"):
        parts.words(
            "No converter could turn these into reports. Nothing is lost: look why, then replay.", "soft lead"
        )
        files = Live(quarantined, show_quarantined, classes="entries")
    with parts.card("Buried reports", aside=requeue_all):
        parts.words("The server refused these. When the cause is mended, requeue them.", "soft lead")
        reports = Live(buried, show_buried, classes="entries")


def _more(grow: Callable[[], None], live: Live[Any]) -> None:
    async def more() -> None:
        grow()
        await live.look()

    parts.button("Show more", icon="expand_more", on_click=more).classes("more")


def _file(tab: Tab, one: FileLine, live: Live[Files]) -> None:
    with parts.box("entry"):
        with parts.box("entry-main"):
            parts.link(one.name, f"/files/{one.file_id}", "entry-title")
            parts.words(why(one.facts), "entry-why")
            if fix := one.facts.get("fix"):
                parts.words(fix, "entry-answer")
            with parts.box("entry-small"):
                parts.words(one.source)
                if converter := one.facts.get("converter"):
                    parts.words(converter)
                parts.words(clock(one.seen_at))
                parts.words(one.file_id[:8], "code")
        with parts.box("entry-keys"):
            parts.button("Look", icon="visibility", on_click=lambda: ui.navigate.to(f"/files/{one.file_id}"))
            if tab.operates:
                parts.button(
                    "Replay", icon="replay", on_click=lambda: deeds.replay(tab, one.file_id, one.name, live)
                )


def _report(tab: Tab, one: Buried, file: FileLine | None, live: Live[_Graves]) -> None:
    with parts.box("entry"):
        with parts.box("entry-main"):
            parts.link(file.name if file else one.file_id[:8], f"/files/{one.file_id}", "entry-title")
            parts.words(one.reason, "entry-why")
            if one.answer and one.answer not in one.reason:
                parts.words(one.answer, "entry-answer")
            with parts.box("entry-small"):
                if file:
                    parts.words(file.source)
                parts.words(f"{number(one.attempts)} attempt{'' if one.attempts == 1 else 's'}")
                parts.words(clock(one.at))
                parts.words(one.report_id[:8], "code")
        with parts.box("entry-keys"):
            parts.button("Look", icon="visibility", on_click=lambda: ui.navigate.to(f"/files/{one.file_id}"))
            if tab.operates:
                parts.button(
                    "Requeue", icon="replay", on_click=lambda: deeds.requeue(tab, one.report_id, live)
                )
                parts.button(
                    "Discard", icon="delete", on_click=lambda: deeds.discard(tab, one.report_id, live)
                )
