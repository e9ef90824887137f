"""Reads a converter's text and says what won't work in the jail, or shouldn't be there at all.

Early advice, not the wall: code that wants to hide something can. What no audit finds, the kernel still
forbids.
"""

import ast
import builtins
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from wats_worker.sandbox import advice
from wats_worker.sandbox.advice import Advice, Rule

_BUILTINS: Final = frozenset(dir(builtins))
#: Functions that take a path.
_OPENERS: Final = frozenset(
    {"open", "io.open", "os.open", "os.listdir", "os.stat", "glob.glob", "pathlib.Path", "zipfile.ZipFile"}
)
#: What every machine has, and the jail too.
_READABLE: Final = ("/usr/share/zoneinfo", "/dev/null", "/dev/urandom")


@dataclass(frozen=True)
class Finding:
    """One thing in a converter's text, and what to do about it."""

    file: str
    line: int
    rule: Rule
    what: str
    name: str  #: what is accepted by an operator who wants it: ``ctypes`` of ``import ctypes``
    why: str
    instead: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.what}: {self.why}. Instead: {self.instead}"


def audit(
    text: bytes,
    file: str,
    *,
    threads: bool = False,
    environment: frozenset[str] = frozenset(),
    accepted: frozenset[str] = frozenset(),
) -> list[Finding]:
    r"""Everything there is to say about a module, in the order of its lines.

    Args:
        text: The module.
        file: What findings call it.
        threads: Whether it is granted threads.
        environment: The variables it is granted.
        accepted: Names that its operator accepts; see ``advice.accepts``.

    Raises:
        SyntaxError: it is not Python.

    >>> [str(one.rule) for one in audit(b"import socket\nfrom os import environ as e\ne.get('A')", "x.py")]
    ['network', 'environment']
    """
    try:
        reader = _Reader(ast.parse(text), threads=threads, environment=environment)
        found = {
            Finding(file, line, found.rule, what, name, found.why, found.instead)
            for line, (what, name, found) in reader.read()
            if not advice.accepts(accepted, name)
        }
    except (ValueError, RecursionError, MemoryError) as error:  # NUL bytes; expressions a thousand deep
        raise SyntaxError(f"it can't be read as Python: {str(error) or type(error).__name__}") from None
    return sorted(found, key=lambda finding: (finding.line, finding.what))


#: What stands in the text, the name of what it is about, and the advice.
_Found = tuple[str, str, Advice]


class _Reader:
    """Walks a module once. Names are followed through imports, wherever in the module they stand."""

    def __init__(self, tree: ast.Module, *, threads: bool, environment: frozenset[str]) -> None:
        self._tree = tree
        self._threads = threads
        self._environment = environment
        self._names = dict(_imported(tree))
        self._own = {node.name for node in ast.walk(tree) if isinstance(node, _NAMED)} | {
            node.id
            for node in ast.walk(tree)
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
        }
        self._done: set[ast.AST] = set()

    def read(self) -> Iterator[tuple[int, _Found]]:
        """Line, and what there is."""
        for node in ast.walk(self._tree):
            for found in self._look(node):
                if found[2].rule is not Rule.THREADS or not self._threads:
                    yield getattr(node, "lineno", 1), found

    def _look(self, node: ast.AST) -> Iterator[_Found]:
        match node:
            case ast.Import(names=aliases):
                for alias in aliases:
                    yield from _say(f"import {alias.name}", alias.name, advice.of_module(alias.name))
            case ast.ImportFrom(module=module, names=aliases, level=0) if module:
                yield from self._import_from(module, aliases)
            case ast.ImportFrom(level=level) if level:
                yield "a relative import", "relative import", _RELATIVE
            case ast.Call():
                yield from self._call(node)
            case ast.Subscript(value=ast.Attribute() | ast.Name() as value, slice=ast.Constant(value=key)):
                if key in self._environment and self._dotted(value) == "os.environ":
                    self._skip(value)
            case ast.Attribute() | ast.Name() if node not in self._done:
                yield from self._use(node)

    def _import_from(self, module: str, aliases: list[ast.alias]) -> Iterator[_Found]:
        """The module as a whole, or what is imported from it where that is a module itself."""
        if found := advice.of_module(module):
            yield f"from {module} import …", module, found
            return
        for alias in aliases:
            name = f"{module}.{alias.name}"
            if alias.name == "*":
                yield f"from {module} import *", name, advice.NAMES
            yield from _say(f"from {module} import {alias.name}", name, advice.of_module(name))

    def _call(self, call: ast.Call) -> Iterator[_Found]:
        name = self._dotted(call.func)
        first = call.args[0].value if call.args and isinstance(call.args[0], ast.Constant) else None
        if name in {"os.environ.get", "os.getenv"} and first in self._environment:
            self._skip(call.func)
        elif name in _OPENERS and isinstance(first, str) and _is_elsewhere(first):
            yield f"{name}({first!r})", first, advice.OWN_FILES
        elif name in _OPENERS and call.args and ast.unparse(call.args[0]) == "source.name":
            yield f"{name}({ast.unparse(call.args[0])})", "source.name", _NO_PATH
        elif name == "getattr" and len(call.args) > 1 and isinstance(call.args[1], ast.Constant):
            yield from self._attribute(call.args[0], str(call.args[1].value))

    def _use(self, node: ast.Attribute | ast.Name) -> Iterator[_Found]:
        name = self._dotted(node)
        found = advice.of_name(name) if name else None
        if found:
            self._skip(node)
            yield _as_listed(name), _as_listed(name), found
        elif isinstance(node, ast.Attribute) and node.attr in advice.ATTRIBUTES:
            yield f".{node.attr}", node.attr, advice.REFLECTION

    def _attribute(self, owner: ast.expr, attribute: str) -> Iterator[_Found]:
        """``getattr(os, "environ")`` is ``os.environ``."""
        name = self._dotted(owner)
        if name and (found := advice.of_name(f"{name}.{attribute}")):
            yield f"getattr({name}, {attribute!r})", f"{name}.{attribute}", found
        elif attribute in advice.ATTRIBUTES:
            yield f"getattr(…, {attribute!r})", attribute, advice.REFLECTION

    def _dotted(self, node: ast.expr) -> str:
        """What an expression names, imports followed; empty where that can't be said."""
        match node:
            case ast.Attribute(value=value, attr=attribute):
                owner = self._dotted(value)
                return f"{owner}.{attribute}" if owner else ""
            case ast.Name(id=name) if name in self._names:
                return self._names[name]
            case ast.Name(id=name) if name in _BUILTINS and name not in self._own:
                return name
        return ""

    def _skip(self, node: ast.expr) -> None:
        """The inner parts of what has been judged as a whole."""
        self._done.update(ast.walk(node))


_NAMED = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
_RELATIVE: Final = Advice(
    Rule.NAMES,
    "a plugin is loaded as a module of its own, outside of any package",
    "import by the full name",
)
_NO_PATH: Final = Advice(
    Rule.FILES,
    "it is the name the file came with, not a path; the file is moved before it is converted",
    advice.OWN_FILES.instead,
)


def _imported(tree: ast.Module) -> Iterator[tuple[str, str]]:
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=aliases):
                for alias in aliases:
                    top = alias.name.partition(".")[0]
                    yield (alias.asname, alias.name) if alias.asname else (top, top)
            case ast.ImportFrom(module=str(module), names=aliases):
                yield from ((alias.asname or alias.name, f"{module}.{alias.name}") for alias in aliases)


def _say(what: str, name: str, found: Advice | None) -> Iterator[_Found]:
    if found:
        yield what, name, found


def _as_listed(name: str) -> str:
    """The part of the name that the advice is about: ``os.environ`` of ``os.environ.get``."""
    while name and name not in advice.NAMED:
        name = name.rpartition(".")[0]
    return name


def _is_elsewhere(path: str) -> bool:
    absolute = path.startswith(("/", "~", "\\")) or path[1:3] in {":\\", ":/"}
    return absolute and not path.startswith(_READABLE)
