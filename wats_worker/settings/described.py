"""The configuration's schema as a JSON Schema, for editors that check a file while it is written."""

from typing import Any, Final

from wats_worker.settings.schema import WorkerSettings

_DRAFT: Final = "https://json-schema.org/draft/2020-12/schema"


def json_schema() -> dict[str, Any]:
    """The schema of ``wats.toml``.

    >>> json_schema()["properties"]["sources"]["items"]
    {'$ref': '#/$defs/Source'}
    """
    return {"$schema": _DRAFT, **WorkerSettings.model_json_schema(), "title": "wats.toml"}
