"""One page in one browser: who looks at it, and what they can be asked and told."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from nicegui import ui
from nicegui.element import Element

from wats_broker.access import Scope
from wats_broker.errors import VersionMismatchError
from wats_worker.console import parts
from wats_worker.console.sessions import Session
from wats_worker.control.client import Client, ControlError, Denied

T = TypeVar("T")

#: Seconds for which what the door said is good enough for a list, and between two looks of a widget. So a
#: page asks some 50 times a minute, and a token may do so 100 times.
FRESH_S: Final = 4.5
EVERY_S: Final = 5.0


@dataclass(frozen=True)
class Answered:
    """What a person said to a question."""

    reason: str
    choice: str | None


@dataclass(frozen=True)
class Tab:
    """One page.

    Args:
        session: Who looks.
        layer: Part of the page that stays while what is shown comes and goes: questions are asked there.
    """

    session: Session
    layer: Element

    @property
    def operates(self) -> bool:
        """Whether this operator may change anything."""
        return self.session.may(Scope.OPERATE)

    async def look(self, name: str, question: Callable[[Client], T], *, fresh_s: float = FRESH_S) -> T | None:
        """What the door says, see ``Asker``."""
        return await self.session.asker.look(name, question, fresh_s=fresh_s)

    async def do(self, deed: Callable[[Client], object], said: str) -> bool:
        """Do something, and say how that went."""
        try:
            await self.session.asker.act(deed)
        except (ControlError, VersionMismatchError) as error:
            with self.layer:
                ui.notify(str(error), type="negative", multi_line=True, timeout=10_000, close_button="Close")
            return False
        with self.layer:
            ui.notify(said, type="positive")
        return True

    async def ask(
        self,
        title: str,
        text: str,
        *,
        confirm: str,
        danger: bool = False,
        choices: Mapping[str, str] | None = None,
        preset: str = "",
    ) -> Answered | None:
        """Ask for a reason, and for one of some choices; None if the person would rather not."""
        with self.layer, ui.dialog() as dialog, ui.card().classes("ask"):
            ui.label(title).classes("ask-title")
            ui.label(text).classes("soft")
            chosen = (
                ui.select(dict(choices), value=next(iter(choices)), label="Converter", with_input=True)
                if choices
                else None
            )
            if chosen:
                chosen.props("outlined").classes("wide")
            reason = (
                ui.input("Reason", value=preset).props("outlined autofocus maxlength=300").classes("wide")
            )
            with ui.element("div").classes("ask-buttons"):
                parts.button("Cancel", on_click=lambda: dialog.submit(None))
                done = parts.button(confirm, kind="danger" if danger else "primary")

            def submit() -> None:
                if words := " ".join((reason.value or "").split()):
                    dialog.submit(Answered(words, chosen.value if chosen else None))
                else:
                    reason.props('error error-message="Say why; it stands in the journal."')

            done.on_click(submit)
            reason.on("keydown.enter", submit)
        answered = await dialog
        dialog.delete()
        return answered if isinstance(answered, Answered) else None


class Live(Generic[T]):
    """A part of a page that shows something as it is now, and is made anew only when that has changed.

    Args:
        load: Asks for it; None is "not known yet".
        show: Shows it.
        every_s: Seconds between two looks.
        classes: Of the part.
    """

    def __init__(
        self,
        load: Callable[[], Awaitable[T | None]],
        show: Callable[[T], Any],
        *,
        every_s: float = EVERY_S,
        classes: str = "live",
    ) -> None:
        self._load = load
        self._show = show
        self._shown: T | None = None
        self._box = ui.element("div").classes(classes)
        with self._box:
            parts.waiting()
        ui.timer(every_s, self.look)

    async def look(self) -> None:
        """Look now."""
        try:
            value = await self._load()
        except Denied as no:
            said, fix = no.text, no.fix
            self._fill(lambda: parts.empty("search_off", said, fix))
            self._shown = None
            return
        if value is None or value == self._shown:
            return
        self._fill(lambda: self._show(value))
        self._shown = value

    def _fill(self, show: Callable[[], Any]) -> None:
        if self._box.is_deleted or self._box.client.is_deleted:
            return
        self._box.clear()
        with self._box:
            show()
