"""What stands around every page: where one is, who one is, and how the door is."""

import time
from functools import partial
from importlib.resources import files
from typing import Final

from nicegui import ui
from nicegui.elements.mixins.text_element import TextElement

from wats_worker.console import parts, questions
from wats_worker.console.asker import Sky, Weather
from wats_worker.console.gate import SESSION
from wats_worker.console.pages import attention, converters, file, line, numbers, replays, sources, workers
from wats_worker.console.pages import files as search
from wats_worker.console.sessions import Session, Theme
from wats_worker.console.tab import Tab
from wats_worker.console.views import attention as waiting
from wats_worker.console.words import clock

_STYLE: Final = files("wats_worker.console").joinpath("console.css").read_text(encoding="utf-8")
#: Where, what it is called, and its picture.
_PLACES: Final = (
    ("/", "Line", "conveyor_belt"),
    ("/attention", "Attention", "report"),
    ("/files", "Files", "search"),
    ("/numbers", "Numbers", "bar_chart"),
    ("/replays", "Replays", "history"),
    ("/sources", "Sources", "folder_open"),
    ("/workers", "Workers", "memory"),
    ("/converters", "Converters", "transform"),
)
_THEMES: Final[dict[Theme, tuple[bool | None, str, Theme]]] = {
    "auto": (None, "brightness_auto", "light"),
    "light": (False, "light_mode", "dark"),
    "dark": (True, "dark_mode", "auto"),
}
_SKIES: Final = {
    Sky.AWAY: ("bad", "cloud_off", "The control door does not answer."),
    Sky.BUSY: ("warn", "hourglass_top", "This token asks too often just now; the page waits a moment."),
    Sky.STRANGE: (
        "bad",
        "key_off",
        "The door does not know your token any more: it was revoked, or is over.",
    ),
    Sky.OTHER: ("bad", "sync_problem", "The door can't be understood."),
    Sky.OVER: ("bad", "logout", "You are logged out."),
}


def shell() -> None:
    """Build the page that all others stand in."""
    session: Session = ui.context.client.request.scope[SESSION]
    ui.add_css(_STYLE)
    layer = parts.place("layer")
    tab = Tab(session, layer)
    _header(session)
    badge = _rail()
    with parts.box("stage"):
        banner = parts.place("banner")
        with parts.box("content") as content:
            ui.sub_pages(
                {
                    "/": partial(line.page, tab),
                    "/attention": partial(attention.page, tab),
                    "/files": partial(search.page, tab),
                    "/files/{file_id}": partial(file.page, tab),
                    "/numbers": partial(numbers.page, tab),
                    "/replays": partial(replays.page, tab),
                    "/replays/{job_id}": partial(replays.single, tab),
                    "/sources": partial(sources.page, tab),
                    "/workers": partial(workers.page, tab),
                    "/converters": partial(converters.page, tab),
                }
            )
    shown: list[Weather | None] = [None]

    async def watch() -> None:
        """How the door is, and how much waits for a person, wherever one is."""
        status = await questions.status(tab)
        if status is not None:
            count = waiting(status)
            badge.set_text(f"{count}" if count < 100 else "99+")
            badge.set_visibility(count > 0)
        weather = session.asker.weather
        if weather == shown[0]:
            return
        shown[0] = weather
        # What a token may not see any more is not to stay on the screen.
        content.set_visibility(weather.sky not in {Sky.STRANGE, Sky.OVER})
        banner.clear()
        if weather.sky is not Sky.CLEAR:
            with banner:
                _banner(weather)

    ui.timer(1.0, watch)


def _banner(weather: Weather) -> None:
    mood, icon, text = _SKIES[weather.sky]
    with parts.box(f"notice {mood}") as notice:
        notice.props("role=alert")
        ui.icon(icon)
        with parts.box():
            parts.words(text, "notice-title")
            if weather.sky is Sky.AWAY:
                parts.words(
                    f"What you see is of {clock(weather.since or time.time())}. {weather.text}", "soft"
                )
            elif weather.sky is Sky.OTHER:
                parts.words(weather.text, "soft")
            if weather.sky in {Sky.STRANGE, Sky.OVER}:
                _leave("Log in again")


def _header(session: Session) -> None:
    with parts.box("top", "header"):
        with parts.link("", "/", "brand"):
            ui.icon("factory")
            parts.words("wats-worker")
        with parts.box("top-right"):
            with parts.box("who"):
                parts.words(session.token.name, "who-name")
                parts.words(f"may {session.token.scope}", "soft")
            _theme(session)
            _leave("Log out")


def _theme(session: Session) -> None:
    dark = ui.dark_mode(_THEMES[session.theme][0])

    def turn() -> None:
        session.theme = _THEMES[session.theme][2]
        dark.set_value(_THEMES[session.theme][0])
        show()

    def show() -> None:
        button.props(f'icon={_THEMES[session.theme][1]} aria-label="Colours: {session.theme}"')

    button = ui.button(on_click=turn, color=None).props("flat round").classes("theme")
    show()


def _leave(text: str) -> None:
    """A form and not a link: a page elsewhere must not be able to log anybody out."""
    with parts.box("leave", "form") as form:
        form.props("method=post action=/logout")
        parts.words(text, "key-plain", "button").props("type=submit")


def _rail() -> TextElement:
    with parts.box("rail", "nav") as rail:
        rail.props('aria-label="Pages"')
        links = {path: parts.link("", path, "rail-link") for path, _, _ in _PLACES}
        for path, title, icon in _PLACES:
            with links[path].props(f"data-page={path}"):
                ui.icon(icon)
                parts.words(title)
    with links["/attention"]:
        badge = parts.words("", "rail-badge", "span")
    badge.set_visibility(False)

    def mark(where: str) -> None:
        """Show on the rail where one is; one file belongs to the files."""
        here = f"/{where.partition('?')[0].strip('/').partition('/')[0]}"
        for path, link in links.items():
            link.classes(add="here") if path == here else link.classes(remove="here")

    router = ui.context.client.sub_pages_router
    mark(router.current_path)
    router.on_path_changed(mark)
    return badge
