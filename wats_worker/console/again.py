"""The keys by which delivered files are converted again: one of them, or all that a search finds."""

from collections.abc import Mapping
from functools import partial
from typing import Any, Final

from nicegui import ui

from wats_worker.console import parts
from wats_worker.console.tab import Tab
from wats_worker.control.models.jobs import JobWanted, Mode

#: What the button says, its picture, and what is done.
_KEYS: Final = (
    ("Convert again and compare", "compare_arrows", Mode.COMPARE),
    ("… and send what differs", "send", Mode.COMPARE_AND_SEND),
)


def keys(tab: Tab, which: Mapping[str, Any], what: str) -> None:
    """Two buttons: look first, then send.

    Args:
        tab: Where they stand.
        which: The files, in the words of ``JobWanted``.
        what: The same for a person, as a sentence begins.
    """
    for text, icon, mode in _KEYS:
        parts.button(text, icon=icon, on_click=partial(_ask, tab, which, what, mode))


async def _ask(tab: Tab, which: Mapping[str, Any], what: str, mode: Mode) -> None:
    send = mode is Mode.COMPARE_AND_SEND
    then = (
        "What is different is sent under the ids it had, so the server replaces what it has."
        if send
        else "What is different is told. Nothing is sent and nothing is changed."
    )
    answered = await tab.ask(
        "Convert again, and send what differs" if send else "Convert again and compare",
        f"{what} is converted again by the converter of today, and compared to what was sent. {then}",
        confirm="Send what differs" if send else "Compare",
        danger=send,
    )
    if answered is None:
        return
    # Not checked here: what is wrong with a reason is for the door to say.
    wanted = JobWanted.model_construct(**which, mode=mode, reason=answered.reason)
    if await tab.do(lambda door: door.create_replay_job(wanted), "The line converts again."):
        with tab.layer:
            ui.navigate.to("/replays")
