"""Says at an import what the audit says before: why a converter has no use for a module, and what to take.

Only import statements in plugins are looked at: what a library imports for itself is its own affair. A finder
on ``sys.meta_path`` would not do, as it is never asked for modules that are loaded already.
"""

import builtins
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import ModuleType
from typing import Final

from wats_worker.sandbox import advice
from wats_worker.sandbox.advice import Advice
from wats_worker.sandbox.policy import Imports

#: How the names of plugins' modules begin in the jail.
PLUGIN: Final = "wats_plugin_"

_Import = Callable[
    [str, Mapping[str, object] | None, Mapping[str, object] | None, Sequence[str] | None, int], ModuleType
]


class Guard:
    """Stands in for ``__import__``.

    Args:
        real: The import it stands before.
        tell: Called with the text when a plugin imports what it has no use for; may raise.
        accepted: Names of which nothing is said; see ``advice.accepts``.
    """

    def __init__(self, real: _Import, tell: Callable[[str], None], accepted: Iterable[str] = ()) -> None:
        self._real = real
        self._tell = tell
        self._accepted = frozenset(accepted)

    def __call__(
        self,
        name: str,
        globals: Mapping[str, object] | None = None,  # noqa: A002 - the names of the function it stands for
        locals: Mapping[str, object] | None = None,  # noqa: A002 - as above
        fromlist: Sequence[str] | None = (),
        level: int = 0,
    ) -> ModuleType:
        """Import, or have a word before."""
        if str((globals or {}).get("__name__", "")).startswith(PLUGIN):
            for module in (name, *(f"{name}.{part}" for part in fromlist or ())):
                found = advice.of_module(module)
                if found and not advice.accepts(self._accepted, module):
                    self._tell(say(module, found))
                    break
        return self._real(name, globals, locals, fromlist, level)


def say(module: str, found: Advice) -> str:
    """The advice in one line."""
    return f"{module} is of no use to a converter: {found.why}. Instead: {found.instead}"


def warn(text: str) -> None:
    """Let it be imported; the text stands in the conversion's log."""
    print(f"Note: {text}", file=sys.stderr)


def refuse(text: str) -> None:
    """Don't let it be imported."""
    raise ImportError(text)


def take_place(imports: Imports, accepted: Iterable[str]) -> None:
    """Look at every import from now on, unless they are free."""
    if imports != "free":
        builtins.__import__ = Guard(builtins.__import__, {"warn": warn, "refuse": refuse}[imports], accepted)
