"""Which converters there are, what each of them may do, and which are not to be used and why.

Made from the configuration, from what comes with the worker, and from the plugins that were found. No code of
a plugin is touched for it.
"""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Final

from wats_worker.convert.bounds import limits_of
from wats_worker.converters.base import Options
from wats_worker.converters.plugins import Found, Plugin
from wats_worker.converters.registry import bundled
from wats_worker.ownership import open_to_others
from wats_worker.sandbox import audit
from wats_worker.sandbox.policy import NOTHING, Capabilities, Level
from wats_worker.settings import ConverterSettings, WorkerSettings

#: The module that a zygote gets our own converters from.
BUNDLED_MODULE: Final = "wats_worker.converters.registry"
#: What plugins are written with, loaded beforehand as well: a file need not wait for it.
_TOOLS: Final = (
    "csv",
    "json",
    *(
        f"wats_worker.converters.{name}"
        for name in (
            "archives",
            "bundle",
            "clock",
            "finish",
            "lines",
            "markup",
            "measures",
            "starts",
            "texts",
            "units",
        )
    ),
)


class State(StrEnum):
    """Whether a converter takes part."""

    READY = "ready"
    DISABLED = "disabled"  #: by the configuration
    ASIDE = "set aside"  #: it can't be used; the reason says why


@dataclass(frozen=True)
class Entry:
    """One converter, or something that should have been one: then it may have no name."""

    name: str
    title: str
    version: str
    origin: str
    state: State = State.READY
    reason: str = ""
    findings: tuple[audit.Finding, ...] = ()
    capabilities: Capabilities = NOTHING
    #: The model of its options, or for a plugin the names it adds to the common ones, if they can be told.
    options: type[Options] | frozenset[str] | None = None
    #: Where the code of a plugin lies.
    path: Path | None = None

    def grants(self) -> list[str]:
        """What it may do that others may not, in a few words each."""
        granted = self.capabilities
        said = ["trusted"] if granted.trusted else []
        said += [f"{granted.threads} threads"] if granted.threads else []
        said += [f"reads {folder}" for folder in granted.folders]
        said += [f"environment {name}" for name, _ in granted.environment]
        said += [f"library {name}" for name in granted.libraries if name not in _TOOLS]
        said += [f"accepted {name}" for name in granted.accepted]
        if granted.limits:
            limits = granted.limits
            said.append(f"{limits.memory_mb} MB, {limits.cpu_s} s CPU, {limits.wall_s:g} s")
        return said

    def terms(self, level: Level) -> str:
        """Under which terms it converts, for the journal: what is enforced, and what it is granted.

        >>> entry = Entry("ict", "", "", "", capabilities=Capabilities(threads=2))
        >>> entry.terms(Level.STRICT)
        'strict; 2 threads'
        """
        enforced = min(level, Level.LIMITS) if self.capabilities.trusted else level
        return "; ".join([enforced.name.lower(), *self.grants()])


@dataclass(frozen=True)
class Roster:
    """All converters, ours first, then plugins in the order they were found."""

    entries: tuple[Entry, ...]
    by_name: Mapping[str, Entry] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_name", {entry.name: entry for entry in self.entries if entry.name})

    @property
    def ready(self) -> list[Entry]:
        """Those that take part."""
        return [entry for entry in self.entries if entry.state is State.READY]

    @property
    def aside(self) -> list[Entry]:
        """Those that somebody has to look at."""
        return [entry for entry in self.entries if entry.state is State.ASIDE]

    def absence(self, name: str) -> str | None:
        """Why nothing can be converted with the converter of this name now; None if it can."""
        entry = self.by_name.get(name)
        if entry is not None and entry.state is State.READY:
            return None
        if entry is not None:
            return f"the converter {name!r} is {entry.state}: {entry.reason}"
        hidden = "; ".join(f"{entry.origin}: {entry.reason}" for entry in self.aside if not entry.name)
        return f"there is no converter {name!r}" + (f" (set aside: {hidden})" if hidden else "")


def roster(settings: WorkerSettings, found: Found, *, pool: str = "convert") -> Roster:
    """Make the roster for one pool.

    Args:
        settings: The whole configuration.
        found: The plugins.
        pool: Whose limits count.
    """
    entries = [
        _with_state(
            settings,
            Entry(
                name=converter.name,
                title=converter.title,
                version=converter.version,
                origin="wats-worker",
                capabilities=_capabilities(settings, pool, converter.name),
                options=converter.options,
            ),
        )
        for converter in bundled().values()
    ]
    entries += [_plugin(settings, pool, plugin) for plugin in found.plugins]
    entries += [Entry("", "", "", aside.origin, State.ASIDE, aside.reason) for aside in found.aside]
    return Roster(tuple(entries))


def _plugin(settings: WorkerSettings, pool: str, plugin: Plugin) -> Entry:
    card, own = plugin.card, settings.converters.get(plugin.card.name, ConverterSettings())
    if card.name in bundled():
        reason = f"its NAME {card.name!r} is that of a converter of wats-worker; give it another"
        return Entry("", card.title, card.version, plugin.origin, State.ASIDE, reason)
    try:
        findings = () if own.trusted else _audited(plugin, own)
    except SyntaxError as error:
        return Entry("", card.title, card.version, plugin.origin, State.ASIDE, str(error))
    entry = Entry(
        name=card.name,
        title=card.title,
        version=card.version,
        origin=plugin.origin,
        findings=findings,
        capabilities=replace(
            _capabilities(settings, pool, card.name, folder=plugin.own, tools=_TOOLS),
            imports="free" if own.trusted else own.audit or settings.convert.audit,
            accepted=() if own.trusted else own.accept,
        ),
        options=card.options,
        path=plugin.path,
    )
    return _with_state(settings, entry)


def _audited(plugin: Plugin, own: ConverterSettings) -> tuple[audit.Finding, ...]:
    return tuple(
        audit.audit(
            plugin.text,
            str(plugin.path),
            threads=own.threads > 0,
            environment=frozenset(own.environment),
            accepted=frozenset(own.accept),
        )
    )


def _with_state(settings: WorkerSettings, entry: Entry) -> Entry:
    own = settings.converters.get(entry.name, ConverterSettings())
    if not own.enabled:
        return _put(entry, State.DISABLED, f"[converters.{entry.name}] says enabled = false")
    if entry.path and own.trusted and (why := open_to_others(entry.path)):
        return _put(entry, State.ASIDE, f"{why}, and what is trusted has to be safe from them")
    if entry.findings and (own.audit or settings.convert.audit) == "refuse":
        first = entry.findings[0]
        more = f" (and {len(entry.findings) - 1} more)" if len(entry.findings) > 1 else ""
        grant = f'Who accepts that writes accept = ["{first.name}"] under [converters.{entry.name}]'
        return _put(entry, State.ASIDE, f"the audit refuses it: {first}{more}. {grant}")
    return entry


def _put(entry: Entry, state: State, reason: str) -> Entry:
    return replace(entry, state=state, reason=reason)


def _capabilities(
    settings: WorkerSettings,
    pool: str,
    name: str,
    *,
    folder: Path | None = None,
    tools: tuple[str, ...] = (),
) -> Capabilities:
    own = settings.converters.get(name, ConverterSettings())
    limits = limits_of(settings.limits(pool, name))
    return Capabilities(
        trusted=own.trusted,
        threads=own.threads,
        folders=(*([folder] if folder else []), *_drop_folders(settings, name, own)),
        environment=tuple((key, os.environ[key]) for key in own.environment if key in os.environ),
        libraries=(*tools, *own.libraries),
        limits=None if limits == limits_of(settings.pool(pool)) else limits,
    )


def _drop_folders(settings: WorkerSettings, name: str, own: ConverterSettings) -> Iterator[Path]:
    if own.drop_folder:
        yield from (source.folder for source in settings.sources if source.converter in {name, "auto"})
