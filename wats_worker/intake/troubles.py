"""Things in a watch folder that can't be taken: said once when they appear and once when they are over."""

import logging
from collections.abc import Mapping
from typing import Final

from wats_broker.journal import Journal
from wats_worker.spool.names import printable

log = logging.getLogger(__name__)

#: More of them at a time say nothing new to anybody.
_MOST: Final = 200


class Troubles:
    """The troubles of one source.

    Args:
        journal: Where people look for them.
        source: Its name.
    """

    def __init__(self, journal: Journal, source: str) -> None:
        self._journal = journal
        self._source = source
        self._told: dict[str, str] | None = None

    def update(self, troubles: Mapping[str, str]) -> None:
        """Tell what is new and what is over.

        Args:
            troubles: All present troubles by name; "." is the folder as a whole.
        """
        present = {printable(name): reason for name, reason in troubles.items()}
        if self._told is None:
            # A watcher before us may have told of things that are over by now.
            self._told = {trouble.name: trouble.reason for trouble in self._journal.troubles(self._source)}
        for name in [name for name in self._told if name not in present]:
            self._journal.trouble_over(self._source, name)
            log.info("trouble_over", extra={"source": self._source, "file": name})
            del self._told[name]
        for name, reason in present.items():
            if self._told.get(name) == reason or (name not in self._told and len(self._told) >= _MOST):
                continue
            self._journal.trouble(self._source, name, reason)
            log.warning("file_in_trouble", extra={"source": self._source, "file": name, "reason": reason})
            self._told[name] = reason
