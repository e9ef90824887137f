"""What a server's last words mean, and what to do about them."""

import os
import re
from pathlib import Path
from typing import Final

from wats_broker.embedded.place import Place

_DAMAGED: Final = (
    "Bad file format reading the append only file",
    "Unexpected end of file reading the append only",
)


def explain(place: Place, told_before: int = 0) -> str:
    """Why the server did not start, from what it logged after ``told_before`` bytes."""
    told = last_words(place.log, told_before)
    if any(sign in told for sign in _DAMAGED):
        return (
            f"the broker's data in {place.data} is damaged: {told}. Move that folder aside and start again; "
            "what was queued comes back from the spool."
        )
    if "Address already in use" in told:
        return (
            f"another program took the broker's port: {told}. "
            f"End it, or remove {place.conf} to have a new port chosen."
        )
    return f"the broker's server did not start: {told}. More in {place.log}"


def last_words(log: Path, told_before: int) -> str:
    """The end of what a server logged, in one line and without its banner."""
    with log.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(told_before, size - 4000))
        lines = file.read().decode("utf-8", "replace").splitlines()
    # "23:M 22 Nov 2026 10:00:00.123 # text" -> "text"
    texts = [re.sub(r"^\d+:\w .{20,27}? [.*#-] ", "", line).strip() for line in lines]
    return " | ".join([text for text in texts if text][-3:])


def system_hints() -> list[str]:
    """What in this machine's settings may trouble the server, each with its fix."""
    overcommit = Path("/proc/sys/vm/overcommit_memory")
    if overcommit.exists() and overcommit.read_text(encoding="ascii").strip() == "0":
        return ["when memory is short its files can't be compacted: sysctl vm.overcommit_memory=1"]
    return []
