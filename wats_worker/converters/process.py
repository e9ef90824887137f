"""The process of a file that has only its name: what the server's list says about it."""

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Final

from wats_worker.converters.base import Options, Refused

_KINDS: Final[Mapping[str, str]] = {"T": "test", "R": "repair"}


def is_foreign(name: str, code: int, kind: str, options: Options) -> bool:
    """Whether the server is known to call the process of this code otherwise, or not to have it at all."""
    known = options.server_processes
    return known is not None and code not in known.get(kind, {}).get(name, ())


def listed_code(name: str, kind: str, options: Options) -> int:
    """What the server's list says; exactly this name, case included.

    Args:
        name: As the file has it.
        kind: T for a test, R for a repair.
        options: With the list, if it is known.

    Raises:
        Refused: no process has this name, more than one has, or there is no list.

    >>> options = Options(server_processes={"T": {"ICT test": (30,)}})
    >>> listed_code("ICT test", "T", options)
    30
    >>> listed_code("ICT Test", "T", options)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    wats_worker.converters.base.Refused: ... the server has no test of that name; did it mean 'ICT test'?
    """
    told = f"the file has only the name of its process, {name!r}"
    if options.server_processes is None:
        raise _refused(name, f"{told}, and the server's list of processes is not known here")
    known = options.server_processes.get(kind, {})
    codes = known.get(name, ())
    if len(codes) == 1:
        return codes[0]
    if codes:
        raise _refused(name, f"{told}, and the server has several of that name: {', '.join(map(str, codes))}")
    lowered = {other.lower(): other for other in known}
    near = get_close_matches(name.lower(), lowered, n=1)
    hint = f"; did it mean {lowered[near[0]]!r}?" if near else ""
    raise _refused(name, f"{told}, and the server has no {_KINDS.get(kind, 'process')} of that name{hint}")


def _refused(name: str, reason: str) -> Refused:
    shown = name.replace("\\", "\\\\").replace('"', '\\"')
    fix = f'set process_code for the source, or process_codes = {{ "{shown}" = … }} in its options'
    return Refused(reason, field="process code", fix=fix)
