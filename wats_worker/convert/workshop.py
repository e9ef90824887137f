"""The converters at work: the roster in force, the jail they run in, and both anew when a plugin changes."""

import logging
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

from wats_worker.convert.bounds import level_of, limits_of
from wats_worker.convert.roster import BUNDLED_MODULE, Entry, Roster, State, roster
from wats_worker.converters.plugins import Found, Lookout
from wats_worker.sandbox.cells import prove
from wats_worker.sandbox.errors import JailUnavailable
from wats_worker.sandbox.jail import Jail
from wats_worker.sandbox.outcome import Broken, Outcome, Probed
from wats_worker.sandbox.policy import Capabilities, Level, Setup
from wats_worker.sandbox.result import Take
from wats_worker.settings import WorkerSettings

log = logging.getLogger(__name__)


class ConverterAbsent(Exception):
    """There is no such converter, or it is set aside; the text says why."""


class Workshop:
    """Asks converters and runs them, one file at a time, for one process.

    A process that was forked from one with a workshop may go on with it: what runs is started when it is
    needed, and anew in each process.

    Args:
        settings: The whole configuration.
        scratch: Where jails may write.
        pool: Whose limits count.
    """

    def __init__(self, settings: WorkerSettings, *, scratch: Path, pool: str = "convert") -> None:
        self._settings = settings
        self._pool = pool
        self._scratch = scratch
        self._lookout = Lookout(settings.convert.plugins)
        self._unfit: dict[Capabilities, str] = {}
        self._off: dict[str, str] = {}
        self._bell = ""
        self._roster, self._jail = self._build(self._lookout.look() or Found())

    @property
    def roster(self) -> Roster:
        """The converters as they are now."""
        found = self._lookout.look()
        if found is not None:
            self._jail.close()
            self._roster, self._jail = self._build(found)
            log.info("plugins_changed", extra={"plugins": [plugin.card.name for plugin in found.plugins]})
            self.tell()
        return self._without_those_off(self._roster)

    def switch_off(self, reasons: Mapping[str, str]) -> None:
        """These converters are not to be used from now on, for the reasons given; all others are."""
        self._off = dict(reasons)

    def load_anew(self, bell: str) -> None:
        """Load every converter anew, and the libraries it needs, if somebody has rung since the last time."""
        if bell != self._bell:
            self._bell = bell
            self._lookout.forget()

    def prove(self) -> None:
        """Build every jail that the configuration asks for, and take it down again: for a worker's start.

        A converter whose own grants can't be had is set aside; the others go on.

        Raises:
            JailUnavailable: the jail of the required level can't be had here, so nothing may be converted.
        """
        plain = Setup(
            scratch=self._scratch,
            limits=limits_of(self._settings.pool(self._pool)),
            level=level_of(self._settings),
        )
        prove(plain)
        if plain.level < Level.STRICT:
            level = plain.level.name.lower()
            log.warning("jail_lowered", extra={"level": level, "hint": "as [sandbox] level says"})
        for granted in {entry.capabilities for entry in self.roster.ready} - {plain.capabilities}:
            try:
                prove(replace(plain, capabilities=granted, limits=granted.limits or plain.limits))
            except JailUnavailable as unavailable:
                self._unfit[granted] = str(unavailable)
        self._roster = self._fit(self._roster)

    def tell(self) -> None:
        """Log what somebody should know about the converters."""
        for entry in self._roster.aside:
            log.warning(
                "converter_set_aside", extra={"converter": entry.name or entry.origin, "reason": entry.reason}
            )
        for entry in self._roster.ready:
            if entry.capabilities.trusted:
                log.warning(
                    "converter_trusted", extra={"converter": entry.name, "hint": "it runs outside the jail"}
                )
            for finding in entry.findings:
                log.warning("converter_audited", extra={"converter": entry.name, "finding": str(finding)})

    def terms(self, converter: str) -> str:
        """Under which terms a converter works, in a few words."""
        entry = self._roster.by_name.get(converter)
        return entry.terms(level_of(self._settings)) if entry else ""

    def version(self, converter: str) -> str:
        """The version of a converter, by its own word."""
        entry = self._roster.by_name.get(converter)
        return entry.version if entry else ""

    def probe(
        self, path: Path, name: str, *, then: Mapping[str, Any] | None = None, take: Take | None = None
    ) -> Probed | Broken:
        """Ask every converter how sure it is that the file is its own.

        Args:
            path: The file.
            name: The name it came with.
            then: Options for the surest one, which may convert it in the same run; see ``Jail.probe``.
            take: Is given its reports as they come.

        Raises:
            OSError: the file can't be read.
            JailUnavailable: the jail can't be built.
        """
        return self._jail.probe(path, name, [entry.name for entry in self.roster.ready], then=then, take=take)

    def convert(
        self, path: Path, name: str, converter: str, options: Mapping[str, Any], *, take: Take | None = None
    ) -> Outcome:
        """Convert one file; see ``Jail.convert``.

        Raises:
            ConverterAbsent: its converter can't be used now.
            OSError: the file can't be read.
            ValueError: the options are too long for a message.
            JailUnavailable: the jail can't be built.
        """
        if (absence := self.roster.absence(converter)) is not None:
            raise ConverterAbsent(absence)
        return self._jail.convert(path, name, converter, options, take=take)

    def close(self) -> None:
        """End whatever runs. The workshop may be used again."""
        self._jail.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _build(self, found: Found) -> tuple[Roster, Jail]:
        made = self._fit(roster(self._settings, found, pool=self._pool))
        jail = Jail(
            limits=limits_of(self._settings.pool(self._pool)),
            scratch=self._scratch,
            modules=[BUNDLED_MODULE],
            plugins={entry.name: entry.path for entry in made.ready if entry.path},
            granted={entry.name: entry.capabilities for entry in made.ready},
            level=level_of(self._settings),
        )
        return made, jail

    def _fit(self, made: Roster) -> Roster:
        return Roster(tuple(self._judged(entry) for entry in made.entries))

    def _without_those_off(self, made: Roster) -> Roster:
        if not self._off:
            return made
        return Roster(
            tuple(
                replace(entry, state=State.DISABLED, reason=self._off[entry.name])
                if entry.name in self._off and entry.state is State.READY
                else entry
                for entry in made.entries
            )
        )

    def _judged(self, entry: Entry) -> Entry:
        reason = self._unfit.get(entry.capabilities)
        return replace(entry, state=State.ASIDE, reason=reason) if reason else entry
