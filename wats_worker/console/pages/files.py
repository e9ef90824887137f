"""Search: where is my file?"""

from dataclasses import dataclass

from nicegui import ui

from wats_broker.states import FileState
from wats_worker.console import again, parts, questions
from wats_worker.console.replays import said
from wats_worker.console.tab import EVERY_S, Live, Tab
from wats_worker.console.words import clock, mood, size, why
from wats_worker.control.models.files import FileLine, Files
from wats_worker.control.models.finding import Search

_PORTION = 50
#: What a select shows for "it does not matter".
_ANY = ""


@dataclass
class _Wanted:
    """What is looked for."""

    serial: str = ""
    find: str = ""
    state: str = _ANY
    source: str = _ANY
    count: int = _PORTION

    @property
    def search(self) -> Search:
        """The same for the door, which says what it does not like; a field that was cleared is None."""
        return Search.model_construct(
            find=(self.find or "").strip(),
            serial=(self.serial or "").strip(),
            state=FileState(self.state) if self.state else None,
            source=self.source or None,
        )


def page(tab: Tab) -> None:
    """Build it."""
    wanted = _Wanted()

    async def load() -> tuple[Search, Files] | None:
        search, count = wanted.search, wanted.count
        found = await tab.look(f"files {wanted}", lambda door: door.files(**search.said(), count=count))
        return (search, found) if found else None

    def show(shown: tuple[Search, Files]) -> None:
        search, found = shown
        if not found.files:
            parts.empty(
                "search_off", "No file fits", "A part of the name is enough, or a serial number's beginning."
            )
            return
        if tab.operates and search.said():
            with parts.box("keys"):
                again.keys(tab, search.said(), f"Every archived file that fits ({said(search)})")
        for one in found.files:
            _row(one)
        if found.next:
            parts.button("Show more", icon="expand_more", on_click=more).classes("more")

    async def more() -> None:
        wanted.count = min(wanted.count + _PORTION, 1000)
        await live.look()

    async def search() -> None:
        wanted.count = _PORTION
        await live.look()

    with parts.card("Find a file"), parts.box("search"):
        serial = ui.input("Serial number", on_change=search).bind_value_to(wanted, "serial")
        serial.props("outlined clearable debounce=400 maxlength=200 autofocus").classes("search-wide")
        name = ui.input("Name, or a part of it", on_change=search).bind_value_to(wanted, "find")
        name.props("outlined clearable debounce=400 maxlength=200").classes("search-wide")
        states = {_ANY: "any", **{state.value: state.value for state in FileState}}
        ui.select(states, label="State", value=_ANY, on_change=search).bind_value_to(wanted, "state").props(
            "outlined"
        )
        source = ui.select({_ANY: "any"}, label="Source", value=_ANY, on_change=search)
        source.bind_value_to(wanted, "source").props("outlined")

    async def learn_sources() -> None:
        if known := await questions.sources(tab, fresh_s=60):
            names = [one.name for one in known.sources]
            source.set_options({_ANY: "any", **{one: one for one in names}}, value=source.value)
            once.deactivate()

    once = ui.timer(EVERY_S, learn_sources)
    with parts.card("Files"):
        live = Live(load, show, classes="entries")


def _row(one: FileLine) -> None:
    with parts.box("entry"):
        with parts.box("entry-main"):
            parts.link(one.name, f"/files/{one.file_id}", "entry-title")
            if one.state in {FileState.QUARANTINED, FileState.BURIED} and one.facts.get("reason"):
                parts.words(why(one.facts), "entry-why")
            with parts.box("entry-small"):
                parts.words(one.source)
                if converter := one.facts.get("converter"):
                    parts.words(converter)
                parts.words(size(one.size))
                parts.words(clock(one.seen_at))
                parts.words(one.file_id[:8], "code")
        with parts.box("entry-keys"):
            parts.chip(one.state, mood(one.state))
