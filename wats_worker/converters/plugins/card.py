"""What a plugin says about itself, read from its text without running any of it."""

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

#: What a converter is called by settings, logs and people.
NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
#: Names that mean something else where a converter's name is expected.
_TAKEN: Final = frozenset({"auto"})
#: A module larger than this is data, and data belongs into a file of its own.
_LARGEST: Final = 1024 * 1024
_TEXTS: Final = ("NAME", "TITLE", "VERSION")
_LONGEST: Final = 100
#: The class that the options of a converter are made from.
_COMMON: Final = "wats_worker.converters.base.Options"


@dataclass(frozen=True)
class Kind:
    """A sort of plugin: where packages announce theirs, and what a module of it has beside its texts."""

    group: str  #: of entry points
    parts: tuple[str, ...]
    hint: str  #: for somebody whose module lacks one


CONVERTERS: Final = Kind(
    "wats_worker.converters", ("Options", "probe", "convert"), "`wats-worker converters new` makes one"
)


class Unusable(Exception):
    """This is no plugin; the text says why and where."""


@dataclass(frozen=True)
class Card:
    """A plugin in its own words."""

    name: str
    title: str
    version: str
    #: The options it adds to those every converter has; None when its text does not tell.
    options: frozenset[str] | None


def read(text: bytes, kind: Kind = CONVERTERS) -> Card:
    r"""Read the card.

    Raises:
        Unusable: the text is not Python, or lacks something that a plugin of this kind has.

    >>> read(b'NAME, TITLE, VERSION = "ict", "Our ICT", "1"\nfrom ours import Options, probe, convert').title
    'Our ICT'
    """
    if len(text) > _LARGEST:
        raise Unusable(f"{len(text)} bytes, and {_LARGEST} is the most; put tables into a file beside it")
    try:
        return _card(dict(_bindings(ast.parse(text).body)), kind)
    except SyntaxError as error:
        raise Unusable(f"line {error.lineno}: {error.msg}" if error.lineno else str(error.msg)) from None
    except (ValueError, RecursionError, MemoryError) as error:  # NUL bytes; expressions a thousand deep
        raise Unusable(f"it can't be read as Python: {str(error) or type(error).__name__}") from None


def _card(names: Mapping[str, "_Bound"], kind: Kind) -> Card:
    texts = {name: _text(name, names.get(name)) for name in _TEXTS}
    missing = [part for part in kind.parts if part not in names]
    if missing:
        raise Unusable(f"it has no {' and no '.join(missing)}; {kind.hint}")
    if not NAME.fullmatch(texts["NAME"]) or texts["NAME"] in _TAKEN:
        raise Unusable(
            f"NAME is {texts['NAME'][:60]!r}; it has to be of small letters, digits and hyphens, not 'auto'"
        )
    return Card(texts["NAME"], texts["TITLE"], texts["VERSION"], _options(names))


#: What a name stands for: its syntax, for an import the dotted name, None where that can't be seen.
_Bound = ast.AST | str | None


def _bindings(body: Sequence[ast.stmt]) -> Iterator[tuple[str, _Bound]]:
    """Every name that the module binds at its top level."""
    for statement in body:
        match statement:
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                yield name, statement
            case ast.Import(names=aliases):
                yield from ((alias.asname or alias.name, alias.name) for alias in aliases)
            case ast.ImportFrom(module=module, names=aliases):
                yield from ((alias.asname or alias.name, f"{module}.{alias.name}") for alias in aliases)
            case ast.AnnAssign(target=ast.Name(id=name), value=value):
                yield name, value
            case ast.Assign(targets=targets, value=value):
                for target in targets:
                    yield from _assigned(target, value)
            case ast.If(body=inner, orelse=otherwise):
                yield from _bindings([*inner, *otherwise])
            case ast.Try(body=inner, handlers=handlers, orelse=otherwise):
                yield from _bindings([*inner, *(one for each in handlers for one in each.body), *otherwise])


def _assigned(target: ast.expr, value: ast.expr) -> Iterator[tuple[str, _Bound]]:
    match target, value:
        case ast.Name(id=name), _:
            yield name, value
        case ast.Tuple(elts=names), ast.Tuple(elts=values) if len(names) == len(values):
            for inner, one in zip(names, values, strict=True):
                yield from _assigned(inner, one)
        case ast.Tuple(elts=names), _:
            yield from ((inner.id, None) for inner in names if isinstance(inner, ast.Name))


def _text(name: str, bound: _Bound) -> str:
    if isinstance(bound, ast.Constant) and isinstance(bound.value, str):
        shown = " ".join(bound.value.split())
        if shown and len(shown) <= _LONGEST and shown.isprintable():
            return shown
    raise Unusable(f'{name} has to stand at the top level as a short text: {name} = "…"')


def _options(names: Mapping[str, _Bound]) -> frozenset[str] | None:
    """The fields of the class, as long as it adds them to the common ones and to nothing else."""
    match names["Options"]:
        case str(imported) if imported == _COMMON:
            return frozenset()
        case ast.ClassDef(bases=[base], keywords=[]) as own if _dotted(base, names) == _COMMON:
            fields = [statement for statement in own.body if isinstance(statement, ast.AnnAssign)]
            if any("alias" in ast.dump(field) for field in fields):
                return None
            return frozenset(field.target.id for field in fields if isinstance(field.target, ast.Name))
    return None


def _dotted(expression: ast.expr, names: Mapping[str, _Bound]) -> str:
    match expression:
        case ast.Name(id=name) if isinstance(imported := names.get(name), str):
            return imported
        case ast.Attribute(value=value, attr=attribute):
            return f"{_dotted(value, names)}.{attribute}"
    return ""
