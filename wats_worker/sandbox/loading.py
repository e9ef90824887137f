"""Getting at converters.

The bundled ones are our own: they are imported once, before the zygote confines itself. A plugin is somebody
else's: the zygote only reads its text. A confined child that never sees a file compiles it, and each child
that converts with it runs the compiled code anew, so nothing it does in one file reaches the next.
"""

import importlib
import marshal
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import ModuleType

from wats_worker.converters.registry import Converter, of_module
from wats_worker.sandbox.policy import COMPILING_S


@dataclass(frozen=True)
class Plugin:
    """A converter that is not ours, as code that has not run yet."""

    name: str
    code: bytes = b""
    fault: str = ""  #: why there is no code

    def load(self) -> Converter:
        """Run the code as a module. Only ever called in a confined child.

        Raises:
            ImportError: there is no code.
        """
        if self.fault:
            raise ImportError(self.fault)
        module = ModuleType(f"wats_plugin_{self.name.replace('-', '_')}")
        code = marshal.loads(self.code)  # noqa: S302 - this is what the jail is for
        module.__file__ = code.co_filename  # what it finds the folder beside it by
        sys.modules[module.__name__] = module  # where dataclasses and pydantic look annotations up
        exec(code, module.__dict__)  # noqa: S102 - as above
        return of_module(module)


def compile_plugin(path: str, text: bytes) -> bytes:
    """The code of a plugin: ``+`` and the code, or ``-`` and what is wrong. Only called in a confined child.

    >>> compile_plugin("p.py", b"1 +")
    b'-SyntaxError: invalid syntax (p.py, line 1)'
    """
    try:
        return b"+" + marshal.dumps(compile(text, path, "exec"))
    except Exception as error:  # noqa: BLE001 - whatever it is, it is said when the plugin is asked for
        return b"-" + f"{type(error).__name__}: {error}".encode()


def unpack_plugin(name: str, answer: bytes) -> Plugin:
    """What ``compile_plugin`` answered, as a plugin."""
    match answer[:1]:
        case b"+":
            return Plugin(name, code=answer[1:])
        case b"-":
            return Plugin(name, fault=answer[1:].decode(errors="backslashreplace"))
    return Plugin(name, fault=f"compiling it ended the process, or took more than {COMPILING_S:g} s")


@dataclass(frozen=True)
class Shelf:
    """All converters of one zygote."""

    bundled: Mapping[str, Converter]
    plugins: Mapping[str, Plugin]

    def take(self, name: str) -> Converter:
        """The converter of that name.

        Raises:
            LookupError: there is none.
            Exception: the plugin raised something while it was loaded.
        """
        if name in self.bundled:
            return self.bundled[name]
        if name in self.plugins:
            return self.plugins[name].load()
        known = ", ".join(sorted([*self.bundled, *self.plugins])) or "none at all"
        raise LookupError(f"there is no converter named {name!r}; known: {known}")


def import_bundled(modules: Iterable[str]) -> dict[str, Converter]:
    """The converters of all modules; each has a function ``bundled()`` that returns them by name."""
    converters: dict[str, Converter] = {}
    for name in modules:
        converters.update(importlib.import_module(name).bundled())
    return converters
