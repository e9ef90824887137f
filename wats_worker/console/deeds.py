"""What an operator does about files and reports. Each asks for a reason where the journal wants one."""

from typing import Any, Final

from wats_worker.console import questions
from wats_worker.console.tab import Live, Tab

_SOURCES_OWN: Final = ""


async def replay(tab: Tab, file_id: str, name: str, live: Live[Any]) -> None:
    """Convert a quarantined file once more."""
    known = await questions.converters(tab, fresh_s=60)
    ready = [one.name for one in known.converters if one.name and one.state == "ready"] if known else []
    answered = await tab.ask(
        "Replay this file",
        f"{name} is converted once more, by its source's converter or by another one.",
        confirm="Replay",
        choices={_SOURCES_OWN: "the source's own", **{one: one for one in sorted(ready)}},
        preset="the cause is mended",
    )
    if answered is None:
        return
    converter = answered.choice or None
    said = "The file is on its way again."
    if await tab.do(lambda door: door.replay(file_id, converter=converter, reason=answered.reason), said):
        await live.look()


async def cancel_replay(tab: Tab, job_id: str, live: Live[Any]) -> None:
    """Want no more of a replay."""
    said = "The replay is cancelled. What was sent stays sent."
    if await tab.do(lambda door: door.cancel_replay_job(job_id), said):
        await live.look()


async def requeue(tab: Tab, report_id: str, live: Live[Any]) -> None:
    """Try a buried report again."""
    if await tab.do(lambda door: door.requeue(report_ids=[report_id]), "The report is tried again."):
        await live.look()


async def requeue_all(tab: Tab, live: Live[Any]) -> None:
    """Try all of them."""
    if await tab.do(lambda door: door.requeue(everything=True), "All buried reports are tried again."):
        await live.look()


async def discard(tab: Tab, report_id: str, live: Live[Any]) -> None:
    """Give a buried report up."""
    answered = await tab.ask(
        "Discard this report",
        "It is never sent. Its bytes are kept, with your reason and your token's name.",
        confirm="Discard",
        danger=True,
    )
    if answered and await tab.do(
        lambda door: door.discard(report_id, reason=answered.reason), "The report is given up."
    ):
        await live.look()
