"""What may be set for a source of Robot Framework outputs."""

import re
from typing import Annotated, Final, Literal

from pydantic import AfterValidator

from wats_worker.converters import conventions
from wats_worker.converters.mapped.patterns import Pattern

#: The groups that a pattern for measurements may have.
GROUPS: Final = frozenset({"name", "value", "unit", "low", "high"})


def _with_a_value(pattern: str) -> str:
    groups = re.compile(pattern).groupindex.keys()
    if "value" not in groups or not groups <= GROUPS:
        raise ValueError(f"a group called value is needed, and there may be {', '.join(sorted(GROUPS))}")
    return pattern


class Options(conventions.Options):
    """What may be different at one source of such outputs."""

    #: Finds measurements in the messages that tests log, such as
    #: ``^(?P<name>\\w+) = (?P<value>\\S+) (?P<unit>\\S+)$``.
    measurement: Annotated[Pattern, AfterValidator(_with_a_value)] | None = None
    #: Which logged messages go into the text of their test.
    log: Literal["warnings", "all", "none"] = "warnings"
