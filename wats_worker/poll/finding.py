"""Which pollers there are, and which of them may run.

A poller needs the network or somebody else's files, which is what the jail is there to deny. So it runs
outside, with all rights of the worker; and one that does not come with the worker only if the operator says
that it is trusted, and nobody else can change it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from wats_worker.converters.plugins import Kind, Plugin, search
from wats_worker.ownership import open_to_others
from wats_worker.pollers import listing, sql
from wats_worker.settings import WorkerSettings

POLLERS: Final = Kind("wats_worker.pollers", ("Options", "poll"), "see docs/how-to/poll-a-database.md")
_BUNDLED: Final = (listing, sql)


@dataclass(frozen=True)
class Poller:
    """One poller, or something that should have been one: then it has no name."""

    name: str
    title: str
    version: str
    origin: str
    #: The module, or where the file of one lies that does not come with the worker.
    code: str
    #: Why it can't be used; empty if it can.
    absence: str = ""

    @property
    def bundled(self) -> bool:
        """Whether it comes with the worker."""
        return self.origin == "wats-worker"


def pollers(settings: WorkerSettings) -> list[Poller]:
    """All of them, ours first. No code of a plugin is touched for it."""
    ours = [
        Poller(module.NAME, module.TITLE, module.VERSION, "wats-worker", module.__name__)
        for module in _BUNDLED
    ]
    found = search(settings.poll.plugins, POLLERS)
    theirs = [_plugin(plugin, settings, {poller.name for poller in ours}) for plugin in found.plugins]
    aside = [Poller("", "", "", aside.origin, "", aside.reason) for aside in found.aside]
    return [*ours, *theirs, *aside]


def by_name(found: list[Poller]) -> Mapping[str, Poller]:
    """The same by name, without those that have none."""
    return {poller.name: poller for poller in found if poller.name}


def _plugin(plugin: Plugin, settings: WorkerSettings, ours: set[str]) -> Poller:
    card = plugin.card
    if card.name in ours:
        reason = f"its NAME {card.name!r} is that of a poller of wats-worker; give it another"
        return Poller("", card.title, card.version, plugin.origin, "", reason)
    absence = _distrust(plugin.path, card.name, settings)
    return Poller(card.name, card.title, card.version, plugin.origin, str(plugin.path), absence)


def _distrust(path: Path, name: str, settings: WorkerSettings) -> str:
    own = settings.pollers.get(name)
    if own is None or not own.trusted:
        return (
            "it would run outside of the jail, with all that the worker may; if you would give its author a "
            f"login, set [pollers.{name}] trusted = true"
        )
    if why := open_to_others(path):
        return f"{why}, and what is trusted has to be safe from them"
    return ""
