"""Mistakes in the configuration that need a look at the pollers: wrong names, options that don't fit."""

from collections.abc import Iterator
from dataclasses import replace

from pydantic import BaseModel, ValidationError

from wats_worker.poll.finding import Poller, by_name, pollers
from wats_worker.poll.given import NotGiven, given, in_the_open, option_of
from wats_worker.poll.loading import load
from wats_worker.settings import ScheduledSource, WorkerSettings, mistakes
from wats_worker.settings.lines import Loc
from wats_worker.settings.mistakes import Mistake


def check_pollers(settings: WorkerSettings) -> Iterator[Mistake]:
    """Every scheduled source has a poller that may run, and options that fit it."""
    known = by_name(pollers(settings))
    for name in settings.pollers:
        if name not in known:
            yield Mistake(("pollers", name), f"there is no poller {name!r}", mistakes.suggest(name, known))
        elif known[name].bundled:
            fix = "remove it"
            yield Mistake(("pollers", name), f"{name!r} comes with wats-worker, and is trusted", fix)
    for position, source in enumerate(settings.scheduled):
        at: Loc = ("scheduled", position)
        poller = known.get(source.poller)
        if poller is None:
            what, fix = f"there is no poller {source.poller!r}", mistakes.suggest(source.poller, known)
            yield Mistake((*at, "poller"), what, fix)
        elif poller.absence:
            yield Mistake((*at, "poller"), f"{source.poller!r} can't be used", poller.absence)
        else:
            yield from (replace(found, loc=(*at, *found.loc)) for found in _options(source, poller))


def _options(source: ScheduledSource, poller: Poller) -> Iterator[Mistake]:
    try:
        model: type[BaseModel] = load(poller.code).Options
    except Exception as error:  # noqa: BLE001 - it is somebody else's code, and may raise anything
        yield Mistake(
            ("poller",),
            f"{source.poller!r} can't be loaded: {type(error).__name__}: {error}",
            f"mend {poller.origin}",
        )
        return
    try:
        values = given(source.poller_options).values
    except NotGiven as lacking:
        yield Mistake(("poller_options", lacking.key), lacking.what, lacking.fix)
        return
    for key in in_the_open(source.poller_options, model):
        yield Mistake(
            ("poller_options", key),
            "a secret must not stand in the configuration",
            f"write it to a file and name that as {key}_file, or name a variable as {key}_env",
        )
    written = {option_of(key): key for key in source.poller_options}
    try:
        model.model_validate(dict(values))
    except ValidationError as error:
        for found in mistakes.read(error, model, lambda _: ""):
            first, *rest = found.loc or ("",)
            yield replace(found, loc=("poller_options", written.get(str(first), first), *rest))
