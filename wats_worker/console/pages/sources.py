"""The sources: when the last file came from each, who watches it, what is wrong; a switch for each."""

from collections.abc import Awaitable, Callable
from functools import partial

from wats_worker.console import parts, questions
from wats_worker.console.tab import Live, Tab
from wats_worker.console.words import Mood, ago, clock, number
from wats_worker.control.models.status import Scheduled, SourceLine, Sources, Status


def page(tab: Tab) -> None:
    """Build it."""

    async def switch(one: SourceLine) -> None:
        if one.paused:
            done = await tab.do(
                lambda door: door.resume_source(one.name), f"Files of {one.name} are taken again."
            )
        else:
            answered = await tab.ask(
                f"Pause {one.name}", "Nothing more is taken. Its files wait where they are.", confirm="Pause"
            )
            done = answered is not None and await tab.do(
                lambda door: door.pause_source(one.name, reason=answered.reason),
                f"Nothing is taken from {one.name} any more.",
            )
        if done:
            await live.look()

    async def load() -> tuple[_Row, ...] | None:
        found = await questions.sources(tab)
        return _rows(found) if found else None

    def show(found: tuple[_Row, ...]) -> None:
        if not found:
            parts.empty(
                "folder_off", "No source is configured", "Add a [[sources]] table to the configuration."
            )
        for row in found:
            _source(tab, row, partial(switch, row[0]))

    with parts.card("Sources"):
        live = Live(load, show, classes="entries")
    Live(partial(_scheduled, tab), _show_scheduled)


#: A source without what changes all the time, and how long ago its last file came, in words.
_Row = tuple[SourceLine, str]


def _rows(found: Sources) -> tuple[_Row, ...]:
    return tuple(
        (
            one.model_copy(update={"silence_s": None}),
            "" if one.silence_s is None else ago(one.silence_s),
        )
        for one in found.sources
    )


def _standing(one: SourceLine) -> tuple[str, Mood]:
    if one.paused:
        return "paused", "warn"
    if one.kind == "watched" and not one.watched_by:
        return "nobody watches", "bad"
    if one.silent:
        return "silent", "bad"
    if one.troubles:
        return f"{len(one.troubles)} in trouble", "warn"
    return ("no file yet", "idle") if one.last_file is None else ("at work", "good")


def _source(tab: Tab, row: _Row, switch: Callable[[], Awaitable[None]]) -> None:
    one, when = row
    with parts.box("entry"):
        with parts.box("entry-main"):
            with parts.box("entry-line"):
                parts.words(one.name, "entry-title")
                parts.chip(*_standing(one))
            if one.paused:
                parts.words(
                    f"{one.paused.reason} – by {one.paused.who}, {clock(one.paused.at)}", "entry-answer"
                )
            with parts.box("entry-small"):
                parts.words(one.folder or one.kind)
                parts.words(f"converter {one.converter}")
                if one.watched_by:
                    parts.words(f"watched by {one.watched_by}")
            for trouble in one.troubles[:5]:
                parts.words(f"{trouble.name}: {trouble.reason}", "entry-answer")
        with parts.box("entry-last"):
            parts.words("last file", "soft")
            parts.words(when or "never", "entry-ago")
            if one.last_file:
                parts.words(one.last_file.name, "soft cut")
        if tab.operates:
            with parts.box("entry-keys"):
                text, icon = ("Resume", "play_arrow") if one.paused else ("Pause", "pause")
                parts.button(text, icon=icon, on_click=switch)


async def _scheduled(tab: Tab) -> tuple[Scheduled, ...] | None:
    status: Status | None = await questions.status(tab)
    return tuple(status.scheduled) if status else None


def _show_scheduled(found: tuple[Scheduled, ...]) -> None:
    if not found:
        return
    with parts.card("Scheduled sources"), parts.box("entries"):
        for one in found:
            with parts.box("entry"):
                with parts.box("entry-main"):
                    with parts.box("entry-line"):
                        parts.words(one.source, "entry-title")
                        parts.chip(*_poll(one))
                    if one.reason:
                        parts.words(one.reason, "entry-why")
                    with parts.box("entry-small"):
                        parts.words(f"{one.poller}, {one.when}")
                        parts.words(f"{number(one.total)} items in all")
                with parts.box("entry-last"):
                    parts.words("last poll", "soft")
                    parts.words(clock(one.ended_at) if one.ended_at else "never", "entry-ago")
                    if one.next_at:
                        parts.words(f"next {clock(one.next_at)}", "soft")


def _poll(one: Scheduled) -> tuple[str, Mood]:
    if one.running:
        return "polls now", "busy"
    if one.failures:
        return f"failed {one.failures} time{'' if one.failures == 1 else 's'}", "bad"
    return (one.outcome, "good") if one.outcome else ("not polled yet", "idle")
