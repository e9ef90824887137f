"""One file: what happened to it, why, what its converter said, its reports, and the file itself."""

from collections.abc import Mapping
from functools import partial
from typing import Any, Final

from wats_broker.states import FileState, ReportState
from wats_worker.console import again, deeds, parts
from wats_worker.console.tab import Live, Tab
from wats_worker.console.words import clock, event, fact, mood, preview, size
from wats_worker.control.client import Denied
from wats_worker.control.models.files import FileHistory, ReportLine

#: Bytes of the file that are shown.
_SHOWN: Final = 16 * 1024
#: What is told of what the journal noted; the rest is its own, or stands elsewhere on the page.
_FACTS: Final = frozenset({"converter", "jail", "reports", "confidence", "deaths"})
#: Reports that are listed; a lot of semiconductors has ten thousand.
_REPORTS: Final = 50


def page(tab: Tab, file_id: str) -> None:
    """Build it."""

    async def load() -> FileHistory | None:
        return await tab.look(f"file {file_id}", lambda door: door.file(file_id))

    async def source() -> bytes | None:
        try:
            return await tab.look(
                f"source {file_id}", lambda door: door.source(file_id, length=_SHOWN), fresh_s=60
            )
        except Denied:  # it is not on the spool any more, which the rest of the page tells
            return b""

    live = Live(load, lambda found: _show(tab, file_id, found, live))
    Live(source, partial(_look, file_id), every_s=10.0)


def _show(tab: Tab, file_id: str, found: FileHistory, live: Live[FileHistory]) -> None:
    with parts.card(classes="hero"):
        _head(tab, file_id, found, live)
    if found.reason or found.stderr or found.warnings:
        _why(found)
    with parts.box("columns"):
        with parts.card("Story"):
            _story(found)
        with parts.box():
            if found.reports:
                with parts.card("Reports"):
                    _reports(tab, found, live)
            with parts.card("Details"):
                parts.facts(_details(found))


def _head(tab: Tab, file_id: str, found: FileHistory, live: Live[FileHistory]) -> None:
    known = found.file or found.archive
    name = known.name if known else (found.spool.path if found.spool else "")
    state = found.file.state if found.file else (FileState.DELIVERED if found.archive else None)
    with parts.box("hero-main"):
        parts.words(name, "hero-title", "h1")
        with parts.box("entry-small"):
            parts.chip(state or "forgotten by the journal", mood(state))
            if found.file:
                parts.words(found.file.source)
                parts.words(size(found.file.size))
                parts.words(clock(found.file.seen_at))
    if tab.operates and found.file and state is FileState.QUARANTINED:
        ask = partial(deeds.replay, tab, found.file.file_id, name, live)
        parts.button("Replay", icon="replay", kind="primary", on_click=ask)
    elif tab.operates and found.archive and found.archive.has_bytes:
        with parts.box("hero-keys"):
            again.keys(tab, {"file_ids": [found.file.file_id if found.file else file_id]}, name)


def _why(found: FileHistory) -> None:
    with parts.card("Why" if found.reason else "What was doubtful"):
        if found.reason:
            parts.facts([(event(str(key)), fact(value)) for key, value in found.reason.items() if value])
        if found.warnings:
            with parts.box("concerns", "ul"):
                for warning in found.warnings[:_REPORTS]:
                    parts.words(warning, tag="li")
        if found.stderr:
            parts.words("What the converter printed", tag="h3")
            parts.raw(found.stderr, "what the converter printed")


def _story(found: FileHistory) -> None:
    if not found.story:
        parts.empty("history", "The journal has forgotten this file", "What the spool knows stands beside.")
        return
    with parts.box("story", "ol"):
        for one in found.story:
            with parts.box(tag="li"):
                parts.words(clock(one.at), "story-at")
                with parts.box("story-what"):
                    parts.words(event(one.event), "story-title")
                    told = ", ".join(
                        f"{key} {fact(value)}" for key, value in one.facts.items() if value != ""
                    )
                    if told:
                        parts.words(told, "soft")


def _reports(tab: Tab, found: FileHistory, live: Live[FileHistory]) -> None:
    with parts.box("entries"):
        for one in found.reports[:_REPORTS]:
            _report(tab, one, live)
    left = len(found.reports) - _REPORTS
    if left > 0 or found.more_reports:
        parts.words("… and more; 'wats-worker files show' lists them.", "soft")


def _report(tab: Tab, one: ReportLine, live: Live[FileHistory]) -> None:
    with parts.box("entry"):
        with parts.box("entry-main"):
            parts.words(one.report_id, "code")
            if one.receipt:
                parts.words(_receipt(one.receipt), "soft")
        with parts.box("entry-keys"):
            state = one.state or ("delivered" if one.receipt else "waiting")
            parts.chip(state, mood(state))
            if tab.operates and one.state is ReportState.BURIED:
                parts.button(
                    "Requeue", icon="replay", on_click=partial(deeds.requeue, tab, one.report_id, live)
                )
                parts.button(
                    "Discard", icon="delete", on_click=partial(deeds.discard, tab, one.report_id, live)
                )


def _receipt(receipt: Mapping[str, Any]) -> str:
    return ", ".join(
        f"{key.replace('_', ' ')} {fact(value)}"
        for key, value in receipt.items()
        if key != "report_id" and value
    )


def _details(found: FileHistory) -> list[tuple[str, str]]:
    rows = []
    if found.file:
        rows += [("Id", found.file.file_id), ("Attempts", str(found.file.attempts))]
        rows += [(event(key), value) for key, value in found.file.facts.items() if key in _FACTS and value]
    lies = found.spool or found.archive
    if lies:
        where = (found.spool.place or "spool") if found.spool else "archive"
        rows += [
            ("Came from", lies.path),
            ("Lies in", f"{where}{'' if lies.has_bytes else ', without its bytes'}"),
            ("SHA-256", lies.sha256),
        ]
    if found.spool:
        rows.append(("Pool, priority", f"{found.spool.pool}, {found.spool.priority}"))
    if found.archive and found.archive.edition > 1:
        rows.append(("Edition", str(found.archive.edition)))
    return rows


def _look(file_id: str, piece: bytes) -> None:
    with parts.card("The file itself"):
        if not piece:
            parts.empty(
                "draft", "Its bytes are not on the spool", "It is empty, or its post action took them away."
            )
            return
        parts.raw(preview(piece), "the file itself")
        if len(piece) == _SHOWN:
            parts.words(
                f"The first {size(_SHOWN)}; 'wats-worker files source {file_id[:8]}' gives all.", "soft"
            )
