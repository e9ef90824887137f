"""The converters: which there are, under which terms they work, and a switch for each."""

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Final

from wats_worker.console import parts, questions
from wats_worker.console.tab import Live, Tab
from wats_worker.console.words import Mood
from wats_worker.control.models.converters import ConverterCard

_MOODS: Final[Mapping[str, Mood]] = {"ready": "good", "disabled": "warn"}


def page(tab: Tab) -> None:
    """Build it."""

    async def switch(name: str, state: str) -> None:
        if state == "disabled":
            done = await tab.do(lambda door: door.enable_converter(name), f"{name} converts again.")
        else:
            answered = await tab.ask(
                f"Disable {name}",
                "Files that only it could convert are quarantined, and can be replayed.",
                confirm="Disable",
                danger=True,
            )
            done = answered is not None and await tab.do(
                lambda door: door.disable_converter(name, reason=answered.reason),
                f"{name} is not used any more.",
            )
        if done:
            await live.look()

    async def load() -> list[ConverterCard] | None:
        found = await questions.converters(tab)
        # What a person has to look at stands first.
        return sorted(found.converters, key=lambda one: one.state == "ready") if found else None

    def show(found: list[ConverterCard]) -> None:
        for one in found:
            _converter(tab, one, partial(switch, one.name or "", one.state))

    with parts.card("Converters"):
        live = Live(load, show, every_s=5.0, classes="entries")


def _converter(tab: Tab, one: ConverterCard, switch: Callable[[], Awaitable[None]]) -> None:
    with parts.box("entry"):
        with parts.box("entry-main"):
            with parts.box("entry-line"):
                parts.words(one.name or "without a name", "entry-title")
                parts.chip(one.state, _MOODS.get(one.state, "bad"))
            if one.title:
                parts.words(one.title)
            if one.reason:
                parts.words(one.reason, "entry-why")
            with parts.box("entry-small"):
                parts.words(f"version {one.version}")
                parts.words(one.origin)
                parts.words(f"jail: {one.jail}")
        if tab.operates and one.name and one.state in {"ready", "disabled"}:
            with parts.box("entry-keys"):
                text, icon = ("Enable", "play_arrow") if one.state == "disabled" else ("Disable", "block")
                parts.button(text, icon=icon, on_click=switch)
