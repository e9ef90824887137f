"""The page about the control API, made from the document that the door itself gives.

python -m wats_worker.app.handbook docs/reference/api.md
"""

import re
import sys
import tempfile
from collections.abc import Iterator, Mapping
from itertools import groupby
from pathlib import Path
from typing import Any, Final

from wats_broker import files
from wats_broker.names import Stage
from wats_broker.settings import BrokerSettings
from wats_worker.app.door import make_desk
from wats_worker.app.line import Line
from wats_worker.control.api import build
from wats_worker.settings import SpoolSettings, WorkerSettings

_OPENING: Final = """# The control API

What the control door of a line answers, made by `make docs` from the code. The door gives the same as an
OpenAPI document, at `/openapi.json`. The guide tells of [tokens, scopes, limits and
versions](../guides/ipc-security.md).

Every request carries `Authorization: Bearer <token>` and should carry `WATS-Protocol: 2.0`. Every refusal has
one shape:

```json
{"error": {"code": "too_many_requests", "text": "…", "fix": "ask again in 3 s", "request_id": "0f3a9c"}}
```

What the codes mean stands in [Protocol](protocol.md#refusals).
"""


def document() -> dict[str, Any]:
    """The OpenAPI document of a line that nobody has configured."""
    with tempfile.TemporaryDirectory(prefix="wats-") as folder:
        settings = WorkerSettings(
            broker=BrokerSettings(url="redis://127.0.0.1"),  # which nobody will ask
            spool=SpoolSettings(folder=Path(folder) / "spool"),
        )
        line = Line(settings, Stage.CONTROL)
        try:
            return build(make_desk(line, None)).openapi()
        finally:
            line.close()


def page(told: Mapping[str, Any]) -> str:
    """The page that a document makes."""
    return "\n".join([_OPENING, *_routes(told), *_models(told["components"]["schemas"])]).rstrip() + "\n"


def _routes(told: Mapping[str, Any]) -> Iterator[str]:
    routes = [
        (method.upper(), path, route)
        for path, methods in told["paths"].items()
        for method, route in methods.items()
    ]
    for room, group in groupby(routes, key=lambda route: (route[2].get("tags") or ["more"])[0]):
        yield f"## {room.capitalize()}\n"
        for method, path, route in group:
            yield from _route(method, path, route)


def _route(method: str, path: str, route: Mapping[str, Any]) -> Iterator[str]:
    scope = route.get("x-scope")
    yield f"### `{method} {path}`\n"
    yield f"{route.get('description', route['summary'])}\n"
    needs = f"Scope `{scope}`" if scope else "No token"
    body = route.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
    asks = f", body {_kind(body)}" if body else ""
    status, answer = next(iter(sorted(route["responses"].items())))
    content = answer.get("content", {})
    schema = content.get("application/json", {}).get("schema")
    gives = _kind(schema) if schema else f"`{next(iter(content), 'nothing')}`"
    yield f"{needs}{asks}; answers {status} with {gives}.\n"
    parameters = [one for one in route.get("parameters", ()) if one["in"] != "header"]
    if parameters:
        yield "| parameter | in | is | |\n|---|---|---|---|"
        for one in parameters:
            told = _cell(one.get("description") or one["schema"].get("description") or "")
            yield f"| `{one['name']}` | {one['in']} | {_kind(one['schema'])} | {told} |"
        yield ""


def _models(schemas: Mapping[str, Any]) -> Iterator[str]:
    yield "## Bodies\n"
    for name, schema in sorted(schemas.items()):
        yield f"### {name}\n"
        if text := schema.get("description"):
            yield f"{text}\n"
        if "enum" in schema:
            yield f"{', '.join(f'`{value}`' for value in schema['enum'])}\n"
            continue
        yield "| member | is | |\n|---|---|---|"
        wanted = set(schema.get("required", ()))
        for member, inner in schema.get("properties", {}).items():
            optional = "" if member in wanted else ", may be left out"
            yield f"| `{member}` | {_kind(inner)}{optional} | {_cell(inner.get('description', ''))} |"
        yield ""


def _kind(schema: Mapping[str, Any]) -> str:
    """A schema in a few words.

    >>> _kind({"anyOf": [{"type": "array", "items": {"$ref": "#/x/File"}}, {"type": "null"}]})
    'list of [File](#file) or null'
    """
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "anyOf" in schema:
        return " or ".join(_kind(one) for one in schema["anyOf"])
    if schema.get("type") == "array":
        return f"list of {_kind(schema.get('items', {}))}"
    bounds = [f"{schema[key]:g}" for key in ("minimum", "maximum") if key in schema]
    span = f" {'–'.join(bounds)}" if len(bounds) > 1 else ""
    default = f", {schema['default']!r} by default" if schema.get("default") not in (None, "", []) else ""
    return f"{schema.get('type', 'anything')}{span}{default}"


def _cell(text: str) -> str:
    return re.sub(r"\s+", " ", text).replace("|", "\\|")


if __name__ == "__main__":
    files.write_atomically(Path(sys.argv[1]), page(document()).encode(), mode=files.READABLE)
