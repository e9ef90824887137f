"""The page about every setting, made from the models.

python -m wats_worker.settings.handbook docs/reference/settings.md
"""

import ast
import inspect
import json
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from wats_broker import files
from wats_broker.names import Stage
from wats_worker.settings.difference import REFUSED, readers
from wats_worker.settings.mistakes import section_at
from wats_worker.settings.schema import WorkerSettings

_OPENING: Final = """# Settings

Every key of `wats.toml`, made by `make docs` from the code. [Configuration](configuration.md) tells where
values come from and what does not fit beside a key; [The configuration's
file](../guides/client-configuration.md) how it is changed without harm.

A *live* key is taken up while the line runs: on a hang-up signal, or by `wats-worker config set`, the stages
named below its heading start anew, one after another. A key with *restart* can't be changed while the line
runs. The variable in the last column wins over the file.
"""

#: How a heading is written, for what is not a plain section.
_HEADINGS: Final[Mapping[str, str]] = {
    "pools": '[pools."convert.NAME"]',
    "converters": "[converters.NAME]",
    "pollers": "[pollers.NAME]",
    "sources": "[[sources]]",
    "scheduled": "[[scheduled]]",
}
#: Defaults that a machine decides.
_MADE: Final[Mapping[str, str]] = {
    "spool.folder": "`spool` in the platform's data folder",
    "convert.processes": "as many as there are processors",
}
_UNITS: Final[Mapping[str, str]] = {
    "_s": "seconds",
    "_mb": "MB",
    "_days": "days",
    "_bytes": "bytes",
    "_per_minute": "per minute",
}
_WORDS: Final[Mapping[str, str]] = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "true or false",
    "object": "table",
    "null": "nothing",
}


def page() -> str:
    """The reference page."""
    schema = WorkerSettings.model_json_schema()
    told = [_OPENING]
    for name in WorkerSettings.model_fields:
        told += _section(name, schema) if section_at(WorkerSettings, _way(name)) else []
    return "\n".join(told).rstrip() + "\n"


def _way(section: str) -> tuple[str | int, ...]:
    """To the model of a section; of one in a list or a table of them, to that of the first."""
    return (section, 0) if section in _HEADINGS else (section,)


def _section(name: str, schema: Mapping[str, Any]) -> Iterator[str]:
    model = section_at(WorkerSettings, _way(name))
    if model is None:
        return
    yield f"## {_HEADINGS.get(name, f'[{name}]')}\n"
    yield f"{_promise(model)}\n"
    stages = [stage for stage in Stage if stage in readers(name)]
    yield f"Starts anew: {', '.join(stages) or 'nobody'}.\n"
    if name in {"sources", "scheduled"}:
        yield f"As a variable: `WATS_{name.upper()}`, all of them as one JSON list.\n"
    yield from _table(name, model, schema["$defs"][model.__name__]["properties"], schema)
    for key, field in model.model_fields.items():
        inner = section_at(model, (key,)) or _inner(field)
        if inner is not None:
            yield f"### `{key}` in {_HEADINGS.get(name, f'[{name}]')}\n"
            yield f"{_promise(inner)}\n"
            yield from _table("", inner, schema["$defs"][inner.__name__]["properties"], schema)


def _promise(model: type[BaseModel]) -> str:
    """The first paragraph of what a model says of itself."""
    return _text((inspect.getdoc(model) or "").partition("\n\n")[0])


def _inner(field: FieldInfo) -> type[BaseModel] | None:
    """The model of a table that may be left out."""
    kinds = getattr(field.annotation, "__args__", ())
    return next((kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel)), None)


def _table(
    section: str, model: type[BaseModel], properties: Mapping[str, Any], schema: Mapping[str, Any]
) -> Iterator[str]:
    comments = _comments(model)
    with_variable = section and section not in {"sources", "scheduled"}
    yield "| key | is | default | unit | change | |" + (" variable |" if with_variable else "")
    yield "|---|---|---|---|---|---|" + ("---|" if with_variable else "")
    for key, field in model.model_fields.items():
        change = "restart" if f"{section}.{key}" in REFUSED else "live"
        row = [
            f"`{key}`",
            _kind(properties[key], schema),
            _default(f"{section}.{key}", field),
            next((unit for end, unit in _UNITS.items() if key.endswith(end)), ""),
            change if section else "",
            _text(comments.get(key) or _of_a_file(key, model)),
        ]
        if with_variable:
            row.append(f"`{_variable(section, key)}`")
        yield f"| {' | '.join(row)} |"
    yield ""


def _of_a_file(key: str, model: type[BaseModel]) -> str:
    secret = key.removesuffix("_file")
    return f"A file that holds ``{secret}``." if secret != key and secret in model.model_fields else ""


def _variable(section: str, key: str) -> str:
    named = f"{section}__NAME" if section in _HEADINGS else section
    return f"WATS_{named.upper()}__{key.upper()}"


def _kind(found: Mapping[str, Any], schema: Mapping[str, Any]) -> str:
    """What a value is, in a few words.

    >>> _kind({"anyOf": [{"type": "integer", "minimum": 1}, {"type": "null"}]}, {})
    'whole number, at least 1'
    """
    if "$ref" in found:
        return "table"
    if "anyOf" in found:
        kinds = [_kind(one, schema) for one in found["anyOf"] if one.get("type") != "null"]
        return " or ".join(dict.fromkeys(kinds))
    if "enum" in found:
        return "one of " + ", ".join(f"`{value}`" for value in found["enum"])
    if found.get("type") == "array":
        return f"list of {_kind(found.get('items', {}), schema).partition(',')[0]}s"
    if found.get("format") in {"path", "password"}:
        return "path" if found["format"] == "path" else "secret"
    word = _WORDS.get(found.get("type", ""), "anything")
    bounds = {"minimum": "at least", "exclusiveMinimum": "more than", "maximum": "at most"}
    return ", ".join([word, *(f"{said} {found[name]:g}" for name, said in bounds.items() if name in found)])


def _default(key: str, field: FieldInfo) -> str:
    if key in _MADE:
        return _MADE[key]
    if field.is_required():
        return "has to be set"
    value = field.get_default(call_default_factory=True, validated_data={})
    if value is None or value is PydanticUndefined or value in ((), {}):
        return "none"
    return f"`{_toml(value)}`"


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return f"[{', '.join(map(_toml, value))}]"
    return json.dumps(value) if isinstance(value, str) else f"{value}"


@cache
def _comments(model: type[BaseModel]) -> Mapping[str, str]:
    """What stands above each field behind ``#:``, in the class that has the field."""
    told: dict[str, str] = {}
    for kind in reversed(model.__mro__):
        if not (issubclass(kind, BaseModel) and kind.__module__.startswith("wats_")):
            continue
        text = inspect.getsource(kind)
        lines = text.splitlines()
        (tree,) = ast.parse(text).body
        for node in getattr(tree, "body", ()):
            if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
                told[node.target.id] = _above(lines, node.lineno - 1)
    return told


def _above(lines: list[str], at: int) -> str:
    first = at
    while first and lines[first - 1].strip().startswith("#:"):
        first -= 1
    return " ".join(line.strip().removeprefix("#:").strip() for line in lines[first:at])


def _text(text: str) -> str:
    """A comment as Markdown has it, in one cell.

    >>> _text("Where ``listen``  says.")
    'Where `listen` says.'
    """
    return " ".join(text.split()).replace("``", "`").replace("|", "\\|")


if __name__ == "__main__":
    files.write_atomically(Path(sys.argv[1]), page().encode(), mode=files.READABLE)
