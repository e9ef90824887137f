"""Who lives, what each does, and how strictly converters are kept."""

from dataclasses import replace

from wats_broker.fleet import Worker
from wats_worker.console import parts, questions
from wats_worker.console.tab import Live, Tab
from wats_worker.console.words import Mood, span

_Row = tuple[Worker, str]


def page(tab: Tab) -> None:
    """Build it."""

    async def load() -> tuple[str, tuple[str, ...], tuple[_Row, ...]] | None:
        status = await questions.status(tab)
        if status is None:
            return None
        workers = sorted(status.workers, key=lambda one: (one.stage, one.name))
        rows = tuple((replace(one, started_at=0), span(status.at - one.started_at)) for one in workers)
        return status.sandbox.level, tuple(status.notes), rows

    Live(load, lambda found: _show(*found))


def _show(level: str, notes: tuple[str, ...], rows: tuple[_Row, ...]) -> None:
    with parts.card("The jail"):
        with parts.box("entry-line"):
            parts.chip(level, "good" if level == "strict" else "warn")
            parts.words("is the level that the configuration asks for", "soft")
        for note in notes:
            parts.words(note, "entry-why")
    with parts.card("Workers"), parts.box("entries"):
        if not rows:
            parts.empty("power_off", "No worker is alive", "Start the line: 'wats-worker up'.")
        for worker, age in rows:
            _worker(worker, age, level)


def _worker(worker: Worker, age: str, level: str) -> None:
    with parts.box("entry"):
        with parts.box("entry-main"):
            with parts.box("entry-line"):
                parts.words(worker.stage, "entry-title")
                if worker.jail:
                    mood: Mood = "good" if worker.jail in {level, "strict"} else "bad"
                    parts.chip(f"jail {worker.jail}", mood)
            if worker.work:
                parts.words(worker.work, "entry-answer")
            with parts.box("entry-small"):
                parts.words(worker.host)
                parts.words(f"process {worker.pid}")
                parts.words(f"release {worker.release}")
        with parts.box("entry-last"):
            parts.words("alive for", "soft")
            parts.words(age, "entry-ago")
