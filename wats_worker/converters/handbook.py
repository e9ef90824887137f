"""The page about formats, made from the converters themselves: ``make docs``.

A converter's module says everything about it. The docstring: what the files are, what they look like, what is
known of them and what isn't. ``probe`` and ``convert``: how they are recognised, and what comes out.
``MAPPING``: what becomes what. ``Options``: what can be set, each with a comment ``#:`` above it.
"""

import ast
import inspect
import re
import sys
import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from wats_worker.converters.base import Options
from wats_worker.converters.registry import modules

_HEAD: Final = """\
# Formats

<!-- Made from the converters by `make docs`; whoever changes one makes this page anew. -->

What each converter takes for its own, what it makes of it, and what it can't know.
`wats-worker converters test FILE` shows what becomes of a file, and why.

For all of them: verdicts are the tester's; they are only computed where a format has none. A limit that is
missing stays missing. Values are brought to the base unit, and what was written stays in the step's text. A
serial number and a start are never made up: a file without them is refused. A part number, a revision and a
process code may be configured, and then the report says so. A time without a zone is the source's, and the
report says which was assumed. A file that breaks off is waited for, and refused in the end. A part of a file
is never converted.

No converter is chosen below a confidence of 0.6, or if another one comes within 0.15 of it.

A file may be of any size as long as its units are not: memory holds one of them, whether the file has ten
or a hundred thousand. What a file may take stands in `[convert]`: 512 MB of memory, 120 s of processor
time, 300 s in all, 250 000 reports of 2000 MB together. Half a gigabyte fits into that on a machine with
little else to do ([measured](../../benchmarks/README.md#large-files)). A format whose files are one
document is read up to 64 MB: JSON (but for one WSJF report per line), WSTF, Spectrum, i3070 logs, JUnit,
pytest, and the XML of Saki, Omron, Seica and the converter kit. A report of more than 30 MB is refused, as
WATS would refuse it.
"""
_COMMON: Final = """
## Options of every converter

They stand in the source's own table, but `process_codes`, which stands in `[sources.options]`; see
[configuration](configuration.md).

"""
_OWN: Final = """
Its options stand in `[sources.options]`:

"""
#: Filled in by the worker.
_NOT_FOR_PEOPLE: Final = frozenset({"drop_folder", "server_processes"})
_WORDS: Final = {"string": "text", "integer": "whole number", "number": "number", "boolean": "true or false"}


def page() -> str:
    """The whole page."""
    found = modules()
    contents = "\n".join(
        f"| [{one.TITLE}](#{_anchor(one.TITLE)}) | `{one.NAME}` | {_sentence(one.probe)} |" for one in found
    )
    parts = [
        _HEAD,
        f"\n| format | converter | how sure |\n|---|---|---|\n{contents}\n",
        _COMMON,
        _options(Options, ()),
        *map(_section, found),
    ]
    return "".join(parts)


def _section(module: ModuleType) -> str:
    summary, body = _docstring(module)
    mapping: Mapping[str, str] = getattr(module, "MAPPING", {})
    rows = "".join(f"| {fact} | {_cell(_markdown(place))} |\n" for fact, place in mapping.items())
    options = _options(module.Options, Options.model_fields)
    return "".join(
        (
            f"\n## {module.TITLE}\n\n`{module.NAME}`, version {module.VERSION}. {summary}\n",
            f"\n- Recognised: {_sentence(module.probe)}\n- Gives: {_sentence(module.convert)}\n",
            f"\n{body}\n" if body else "",
            f"\n| in WATS | in the file |\n|---|---|\n{rows}" if rows else "",
            f"{_OWN}{options}" if options else "",
        )
    )


def _docstring(module: ModuleType) -> tuple[str, str]:
    """The first sentence, and the rest as Markdown: what is in columns or indented is shown as it stands."""
    summary, *blocks = re.split(r"\n\s*\n", inspect.cleandoc(module.__doc__ or ""))
    shown: list[str] = []
    for block in blocks:
        sample = re.search(r"^    |\S  +\S", block, re.MULTILINE) is not None
        if not sample:
            shown.append(_markdown(block))
        elif shown and shown[-1].endswith("\n```"):
            shown[-1] = f"{shown[-1].removesuffix('```')}\n{textwrap.dedent(block)}\n```"
        else:
            shown.append(f"```text\n{textwrap.dedent(block)}\n```")
    return _markdown(summary.replace("\n", " ")), "\n\n".join(shown)


def _sentence(function: Any) -> str:
    """The promise of a function."""
    return _cell(_markdown(" ".join(inspect.cleandoc(function.__doc__ or "").split("\n\n")[0].split())))


def _markdown(text: str) -> str:
    """Code in single backticks, and outside of code nothing that could be taken for a tag."""
    parts = re.sub(r"``([^`]+)``", r"`\1`", text).split("`")
    return "`".join(part if number % 2 else part.replace("<", "&lt;") for number, part in enumerate(parts))


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _anchor(title: str) -> str:
    """What GitHub and others make of a heading.

    >>> _anchor("SPEA 3030 in-circuit test"), _anchor("TAKAYA flying probe (ATD)")
    ('spea-3030-in-circuit-test', 'takaya-flying-probe-atd')
    """
    return re.sub(r"[^a-z0-9_ -]", "", title.lower()).replace(" ", "-")


def _options(model: type[Options], without: Any) -> str:
    """A table of the options a model has beside others."""
    names = [name for name in model.model_fields if name not in without and name not in _NOT_FOR_PEOPLE]
    if not names:
        return ""
    schema, told = model.model_json_schema(), dict(meanings(model))
    rows = [
        f"| `{name}` | {_cell(_values(schema['properties'][name]))} | {_default(schema, name)} "
        f"| {_cell(_markdown(told.get(name, '')))} |"
        for name in names
    ]
    return "\n".join(["| option | value | without it | meaning |", "|---|---|---|---|", *rows, ""])


def _values(schema: Mapping[str, Any]) -> str:
    if choices := [one for one in schema.get("anyOf", ()) if one.get("type") != "null"]:
        return " or ".join(dict.fromkeys(_values(one) for one in choices))
    if "enum" in schema:
        return ", ".join(f"`{_quoted(value)}`" for value in schema["enum"])
    if "$ref" in schema:
        return "[a part of a mapping](../how-to/map-your-own-csv.md)"
    if schema.get("type") == "array":
        return f"list of: {_values(schema['items'])}" if "items" in schema else "list"
    if schema.get("type") == "object":
        inner = schema.get("additionalProperties")
        return f"table of: {_values(inner)}" if isinstance(inner, dict) else "table"
    return _WORDS.get(schema.get("type", ""), "any")


def _default(schema: Mapping[str, Any], name: str) -> str:
    if name in schema.get("required", ()):
        return "required"
    value = schema["properties"][name].get("default")
    if value is None or value in ({}, []):
        return ""
    return f"`{_quoted(value)}`"


def _quoted(value: Any) -> str:
    """A value as TOML has it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return f"[{', '.join(map(_quoted, value))}]"
    if isinstance(value, str):
        escaped = value.replace("\t", "\\t")
        return f"'{escaped}'" if '"' in value else f'"{escaped}"'
    return str(value)


def meanings(model: type[Options]) -> Iterator[tuple[str, str]]:
    """The comment above each field, of the model and of those it adds to."""
    for of in reversed(model.__mro__):
        if of is Options or (issubclass(of, Options) and of is not object):
            yield from _comments(of)


def _comments(model: type) -> Iterator[tuple[str, str]]:
    lines = textwrap.dedent(inspect.getsource(model)).splitlines()
    for statement in ast.parse("\n".join(lines)).body[0].body:  # type: ignore[attr-defined]
        if not isinstance(statement, ast.AnnAssign) or not isinstance(statement.target, ast.Name):
            continue
        above: list[str] = []
        at = statement.lineno - 2
        while at >= 0 and lines[at].strip().startswith("#:"):
            above.insert(0, lines[at].strip().removeprefix("#:").strip())
            at -= 1
        yield statement.target.id, " ".join(above)


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(page(), encoding="utf-8")
