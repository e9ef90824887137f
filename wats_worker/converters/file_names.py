"""Facts that some testers only put into the name of a file, found by a rule that the source configures.

The rule is a regular expression with a group for each fact: ``^(?P<serial_number>[^_]+)_(?P<start>[0-9]+)``.
Nothing is taken from a name without one, and what is taken from it says so in the report.
"""

import re
from typing import Annotated, Any, Final

from pydantic import AfterValidator

from wats_worker.converters import base
from wats_worker.converters.base import Refused, Source
from wats_worker.converters.finish import begin, remember
from wats_worker.converters.mapped.patterns import Pattern, safe
from wats_worker.converters.starts import compact

#: The groups there may be, and what they fill.
_MEMBERS: Final = {
    "serial_number": "sn", "part_number": "pn", "revision": "rev", "station": "machineName", "start": "start",
    "operator": "user", "batch": "batchSN", "fixture": "fixtureId",
}  # fmt: skip
_OF_UUT: Final = frozenset({"user", "batchSN", "fixtureId"})


def _known(pattern: str) -> str:
    groups = re.compile(pattern).groupindex
    unknown = sorted(groups.keys() - _MEMBERS.keys())
    if unknown or not groups:
        what = f"no group is called {unknown[0]!r}" if unknown else "it has no groups with a name"
        raise ValueError(f"{what}; there are {', '.join(_MEMBERS)}")
    return pattern


class Options(base.Options):
    """What every converter may be told whose files leave facts to their names."""

    #: Finds facts in the file's name that the file itself has not; each group is named after its fact.
    file_name: Annotated[Pattern, AfterValidator(_known)] | None = None


def put(document: dict[str, Any], source: Source, options: Options) -> None:
    """Fill what a document lacks from the file's name.

    Raises:
        Refused: a start or a serial number is still missing, or the start in the name is none.
    """
    found = safe(options.file_name).search(source.name) if options.file_name else None
    for name, text in (found.groupdict() if found else {}).items():
        member = _MEMBERS[name]
        part = document.setdefault("uut", {}) if member in _OF_UUT else document
        if not text or not text.strip() or str(part.get(member) or "").strip():
            continue
        if member == "start":
            begin(document, compact(re.sub(r"[^0-9]", "", text), "the file's name"), source, options)
        else:
            part[member] = text.strip()
        said = name.replace("_", " ").capitalize()
        remember(document, said, f"{text.strip()} (from the file's name)")
    for name in ("serial_number", "start"):
        if not str(document.get(_MEMBERS[name]) or "").strip():
            why = (
                "the file has none"
                if found or not options.file_name
                else "neither the file nor its name has one"
            )
            fix = f"set file_name for the source, if its files are named after it: (?P<{name}>...)"
            raise Refused(why, field=name.replace("_", " "), fix=fix)
