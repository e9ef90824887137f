"""Mistakes in the configuration that need a look at the converters: wrong names, options that don't fit."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from pydantic import BaseModel, ValidationError

from wats_worker.convert.roster import Entry, Roster, State, roster
from wats_worker.convert.rules import AUTO
from wats_worker.converters import base
from wats_worker.converters.plugins import search
from wats_worker.settings import AnySource, WorkerSettings, mistakes
from wats_worker.settings.lines import Loc
from wats_worker.settings.mistakes import Mistake


def check_converters(settings: WorkerSettings) -> Iterator[Mistake]:
    """Every source has a converter that is there, and options that fit it."""
    made = roster(settings, search(settings.convert.plugins))
    for name in settings.converters:
        if _is_unknown(name, made):
            yield Mistake(("converters", name), f"there is no converter {name!r}", _suggestion(name, made))
    for table, sources in (("sources", settings.sources), ("scheduled", settings.scheduled)):
        for position, source in enumerate(sources):
            yield from (
                replace(found, loc=(table, position, *found.loc)) for found in check_source(source, made)
            )


def check_source(source: AnySource, made: Roster) -> Iterator[Mistake]:
    """Whether the converter of a source is there, and its options fit it."""
    entry = made.by_name.get(source.converter)
    if source.converter == AUTO:
        fix = "name the converter of this source, if the option belongs to one"
        yield from _options(source, base.Options, otherwise=fix)
    elif _is_unknown(source.converter, made):
        what = f"there is no converter {source.converter!r}"
        yield Mistake(("converter",), what, _suggestion(source.converter, made))
    elif entry is not None and entry.state is State.DISABLED:
        yield Mistake(
            ("converter",), f"{source.converter!r} is disabled", f"remove it here, or {_enable(entry)}"
        )
    elif entry is not None:
        yield from _fit(source, entry)


def _fit(source: AnySource, entry: Entry) -> Iterator[Mistake]:
    """The options, as far as they can be judged: a plugin's own are known by name only."""
    if isinstance(entry.options, frozenset):
        yield from _options(source, base.Options, besides=entry.options)
    elif entry.options is not None:
        yield from _options(source, entry.options)


def _options(
    source: AnySource, model: type[BaseModel], *, besides: frozenset[str] = frozenset(), otherwise: str = ""
) -> Iterator[Mistake]:
    given: Mapping[str, Any] = source.converter_options()
    try:
        model.model_validate({key: value for key, value in given.items() if key not in besides})
    except ValidationError as error:
        for found in mistakes.read(error, model, lambda _: ""):
            key = str(found.loc[0]) if found.loc else ""
            loc: Loc = ("options", *found.loc) if key in source.options else found.loc
            fix = found.fix
            if found.what == mistakes.UNKNOWN:
                fix = otherwise or mistakes.suggest(key, {*model.model_fields, *besides})
            yield replace(found, loc=loc, fix=fix)


def _is_unknown(name: str, made: Roster) -> bool:
    """Something that was set aside may be the one that is meant; its reason is told elsewhere."""
    return name not in made.by_name and all(entry.name for entry in made.aside)


def _suggestion(name: str, made: Roster) -> str:
    return mistakes.suggest(name, made.by_name)


def _enable(entry: Entry) -> str:
    return f"set [converters.{entry.name}] enabled = true"
