"""Small parts that all pages are made of.

Names of files, words of a server and what a converter printed come from strangers. They are shown by elements
that take text as text; nothing here makes HTML out of a string.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Literal

from nicegui import ui
from nicegui.elements.mixins.text_element import TextElement

from wats_worker.console.words import Mood, Portion


@contextmanager
def box(classes: str = "", tag: str = "div") -> Iterator[ui.element]:
    """An element that others stand in."""
    with ui.element(tag).classes(classes) as element:
        yield element


def words(text: str, classes: str = "", tag: str = "div") -> TextElement:
    """Some text, whatever is in it."""
    return TextElement(tag=tag, text=text).classes(classes)


@contextmanager
def card(title: str = "", *, aside: Callable[[], Any] | None = None, classes: str = "") -> Iterator[None]:
    """A box with a heading; ``aside`` puts something to the right of that."""
    with box(f"card {classes}", "section"):
        if title:
            with box("card-head", "header"):
                words(title, tag="h2")
                if aside:
                    with box("card-aside"):
                        aside()
        yield


def chip(text: str, mood: Mood = "idle") -> None:
    """A word with a colour."""
    words(text, f"chip {mood}", "span")


def button(
    text: str,
    *,
    icon: str | None = None,
    on_click: Callable[..., Any] | None = None,
    kind: Literal["plain", "primary", "danger"] = "plain",
) -> ui.button:
    """A button that a finger finds."""
    look = "outline" if kind == "plain" else "unelevated"
    return (
        ui.button(text, icon=icon, on_click=on_click, color=None)
        .props(f"no-caps {look}")
        .classes(f"key {kind}")
    )


def empty(icon: str, title: str, text: str = "") -> None:
    """There is nothing, and that is said."""
    with box("empty"):
        ui.icon(icon).classes("empty-icon")
        words(title, "empty-title")
        if text:
            words(text, "soft")


def waiting() -> None:
    """The door has not answered yet."""
    with box("empty"):
        ui.spinner(size="28px", color=None)


def link(text: str, target: str, classes: str = "") -> ui.link:
    """A link to another page of the console. ``target`` is made of ids and never of names."""
    return ui.link(text, target).classes(f"to {classes}")


def facts(rows: Sequence[tuple[str, str]]) -> None:
    """Names and values."""
    with box("facts", "dl"):
        for name, value in rows:
            words(name, tag="dt")
            words(value, tag="dd")


@contextmanager
def table(heads: Sequence[str]) -> Iterator[None]:
    """A table; its rows follow. On a narrow screen it is moved sideways, and the page stays where it is."""
    with box("scroll"), box("table", "table"):
        with box(tag="thead"), box(tag="tr"):
            for head in heads:
                words(head, tag="th")
        with box(tag="tbody"):
            yield


def bar(shown: Portion) -> None:
    """A share as a number, and as a bar."""
    words(shown.text)
    with box("bar"):
        place("bar-part").style(f"width: {shown.percent}%")


def raw(text: str, label: str) -> None:
    """Text as it is, with its own lines; what is long is scrolled."""
    element = words(text, "raw", "pre").props("tabindex=0 role=region")
    element.props["aria-label"] = label


def arrow(*, moves: bool) -> None:
    """What leads from one station to the next; it moves when something goes along it."""
    with box(f"arrow {'moves' if moves else ''}"):
        ui.icon("chevron_right")


def place(classes: str) -> ui.element:
    """An element that is filled later."""
    return ui.element("div").classes(classes)
