"""The line as a picture, what a person should know, and the last hour."""

from collections.abc import Sequence
from dataclasses import dataclass

from nicegui import ui

from wats_broker.trend import Sample
from wats_worker.console import parts, plots, questions
from wats_worker.console.tab import Live, Tab
from wats_worker.console.trend import latest
from wats_worker.console.views import Lane, Picture, Siding, Station, concerns, picture


@dataclass(frozen=True)
class _Now:
    """What is at the top of the page."""

    picture: Picture
    lane: Lane
    concerns: Sequence[str]
    operates: bool


def page(tab: Tab) -> None:
    """Build it."""

    async def load() -> _Now | None:
        status, samples = await questions.status(tab), await questions.samples(tab)
        sources = await questions.sources(tab, fresh_s=10)
        if status is None:
            return None
        found = picture(status, sources, latest(samples))
        return _Now(found, Lane.of(status), tuple(concerns(status)), tab.operates)

    async def pause() -> None:
        text = "Nothing is uploaded until somebody resumes. Everything waits, nothing is lost."
        answered = await tab.ask("Pause uploads", text, confirm="Pause")
        if answered and await tab.do(lambda door: door.pause(answered.reason), "Uploads are paused."):
            await now.look()

    async def resume() -> None:
        if await tab.do(lambda door: door.resume(), "Uploads go on."):
            await now.look()

    def show(found: _Now) -> None:
        with parts.card("The line", aside=lambda: _switch(found)):
            _lane(found.lane)
            _picture(found.picture)
        with parts.card("What a person should know"):
            _concerns(found.concerns)

    def _switch(found: _Now) -> None:
        if not found.operates:
            return
        if found.lane.paused is not None:
            parts.button("Resume uploads", icon="play_arrow", kind="primary", on_click=resume)
        else:
            parts.button("Pause uploads", icon="pause", on_click=pause)

    now = Live(load, show, every_s=3.0)
    _plots(tab)


def _lane(lane: Lane) -> None:
    if lane.paused is not None:
        with parts.box("notice warn"):
            ui.icon("pause_circle")
            parts.words(f"Uploads are paused: {lane.paused}")
    elif lane.gated is not None:
        with parts.box("notice warn"):
            ui.icon("cloud_off")
            parts.words(f"The server is left alone for a moment: {lane.gated}. The line goes on by itself.")


def _picture(found: Picture) -> None:
    with parts.box("line"):
        for number, station in enumerate(found.stations):
            if number:
                parts.arrow(moves=found.stations[number - 1].moves)
            _station(station)
    with parts.box("sidings"):
        for siding in found.sidings:
            _siding(siding)


def _station(station: Station) -> None:
    with parts.box(f"station {station.mood}") as element:
        element.props(f"data-station={station.key}")
        with parts.box("station-head"):
            ui.icon(station.icon)
            parts.words(station.title)
        parts.words(station.value, "figure")
        parts.words(station.label, "soft")
        with parts.box("station-notes"):
            for note in station.notes:
                parts.words(note)


def _siding(siding: Siding) -> None:
    with parts.link("", siding.target, f"siding {siding.mood}") as element:
        element.props(f"data-siding={siding.key}")
        parts.words(f"{siding.count}", "figure")
        with parts.box():
            parts.words(siding.title, "siding-title")
            parts.words(siding.label, "soft")


def _concerns(found: Sequence[str]) -> None:
    if not found:
        parts.empty("task_alt", "All is well", "Nothing waits for a person.")
        return
    with parts.box("concerns", "ul"):
        for concern in found:
            with parts.box(tag="li"):
                ui.icon("priority_high")
                parts.words(concern)


def _plots(tab: Tab) -> None:
    with parts.box("plots"):
        with parts.card("Throughput, per minute"):
            throughput = ui.echart(plots.throughput(())).classes("plot")
        with parts.card("What waits"):
            depth = ui.echart(plots.depth(())).classes("plot")
    shown: list[float] = [0.0]

    async def draw() -> None:
        samples: Sequence[Sample] = await questions.samples(tab)
        if not samples or samples[-1].at == shown[0] or depth.is_deleted:
            return
        shown[0] = samples[-1].at
        for chart, options in ((throughput, plots.throughput(samples)), (depth, plots.depth(samples))):
            chart.options.update(options)
            chart.update()

    ui.timer(5.0, draw)
