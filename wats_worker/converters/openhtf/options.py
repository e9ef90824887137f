"""What may be set for a source of OpenHTF records."""

from typing import Literal

from wats_worker.converters import conventions


class Options(conventions.Options):
    """What may be different at one source of OpenHTF records."""

    #: Which lines of the run's log go into the report's text.
    log: Literal["warnings", "all", "none"] = "warnings"
