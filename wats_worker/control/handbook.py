"""The page about what is spoken: at the door, and between the stages. Made from the code.

python -m wats_worker.control.handbook docs/reference/protocol.md
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel

from wats_broker import errors, files, messages, names, protocol
from wats_worker.control.hello import CAPABILITIES

#: Every way in which the door says no: status, code, what it means.
REFUSALS: Final = (
    (400, "version_mismatch", "another protocol is spoken there"),
    (401, "unauthenticated", "no token, a wrong one, or one that is over"),
    (403, "forbidden", "the token's scope is not enough"),
    (404, "not_found", "there is nothing of this name"),
    (405, "method_not_allowed", "the path is there, and nothing of the kind can be done with it"),
    (409, "conflict", "it is there, but in no state for this"),
    (409, "needs_restart", "the line would have to be stopped for this change of its configuration"),
    (412, "changed_meanwhile", "the configuration has another text than the one that was looked at"),
    (413, "too_long", "a body of more than a mebibyte; of more than 16 where a file is tried"),
    (422, "invalid", "the request can be read, and asks for something that can't be"),
    (428, "no_precondition", "a change of the configuration that does not say which text it was made from"),
    (429, "too_many_requests", "too often; `Retry-After` says when it is worth asking again"),
    (500, "failed", "a mistake of the server's own; its log has it under the `request_id`"),
    (503, "broker_away", "the broker does not answer, so nothing can be asked or changed; `Retry-After`"),
    (503, "spool_unusable", "the spool's disk takes nothing, so nothing can be changed; `Retry-After`"),
    (503, "catalogue_unusable", "the database in which files are found does not answer; `Retry-After`"),
    (503, "archive_unusable", "the archive's disk can't be read or written; `Retry-After`"),
    (503, "trail_unusable", "the audit trail can't be written, so nothing is done; `Retry-After`"),
)

_HEADERS: Final = (
    ("Authorization", "request", "`Bearer <token>`"),
    (
        "WATS-Protocol",
        "request, refusal",
        "what is spoken, such as `2.0`; a client that does not say it is taken for one",
    ),
    ("If-Match", "request", "with a change of the configuration: the `ETag` of the text it was made from"),
    ("ETag", "answer", "of the configuration's text"),
    ("Retry-After", "answer", "seconds after which it is worth asking again"),
    ("WWW-Authenticate", "answer", "`Bearer`, where a token is missing"),
    ("X-Request-ID", "answer", "of a refusal; the log has it under this id"),
)

_MESSAGES: Final[dict[str, type[BaseModel]]] = {
    names.CONVERT_TASK: messages.ConvertMessage,
    names.DRAIN_TASK: messages.DrainMessage,
    names.POLL_TASK: messages.PollMessage,
}

_OPENING: Final = """# Protocol

What is spoken at the control door and between the stages, made by `make docs` from the code. [The control
door](../guides/ipc-security.md) tells how to come in, [The control API](api.md) lists every route.

Two protocols have versions of their own and one rule:

- Another **major** version means something else by the same words. It is refused with both versions and which
  side to update.
- A newer **minor** version adds what the other side may ignore. It is welcome.

`tests/contract` has messages and answers as each release spoke them; every release reads all of them.
"""

_DOOR: Final = f"""## The door

The door speaks **{protocol.PROTOCOL}** and lets in clients from **{protocol.MINIMUM_CLIENT}** on. The major
version is part of every path (`/api/v2/…`). The version is checked on every request, whatever it asks for.
"""

_STAGES: Final = f"""## Between the stages

The messages that Celery carries speak **{messages.PROTOCOL}**. The major version is part of all Celery queues
(`{names.celery_queue("convert")}`) and of all keys in Redis (`{names.Keys().queue("ready")}`), so that
releases of two major versions can run side by side and never take each other's messages.

A message is JSON: ids, never paths, code or payloads. One that can't be read is **parked**, neither
tried nor dropped: `wats-worker status` and the health page tell of it until none came for a day,
`wats_parked_messages` as long as it is there. Workers of a release that can read it send it on by
themselves, at their start and once a minute, also what releases before them have parked. Losing one
costs time and no data: the spool has the file, and who watches sends for it again.
"""


def page() -> str:
    """The reference page."""
    told = [_OPENING, _DOOR, *_hello(), *_headers(), *_refusals(), _STAGES, *_messages(), *_errors()]
    return "\n".join(told).rstrip() + "\n"


def _hello() -> Iterator[str]:
    yield "### Hello\n"
    yield "`GET /api/v2/hello` needs no token.\n"
    yield "| member | tells |\n|---|---|"
    told = {
        "protocol": "what the door speaks",
        "minimum_client": "the oldest client that is let in",
        "auth_required": "whether anything else needs a token",
        "capabilities": ", ".join(f"`{one}`" for one in CAPABILITIES),
    }
    for name, field in protocol.Hello.model_fields.items():
        yield f"| `{name}` | {field.description or told[name]} |"
    yield ""


def _headers() -> Iterator[str]:
    yield "### Headers\n"
    yield "| header | in | says |\n|---|---|---|"
    yield from (f"| `{name}` | {where} | {what} |" for name, where, what in _HEADERS)
    yield ""


def _refusals() -> Iterator[str]:
    yield "### Refusals\n"
    yield 'Every refusal is `{"error": {"code": …, "text": …, "fix": …, "request_id": …}}`.\n'
    yield "| status | code | means |\n|---|---|---|"
    yield from (f"| {status} | `{code}` | {what} |" for status, code, what in REFUSALS)
    yield ""


def _messages() -> Iterator[str]:
    for task, model in _MESSAGES.items():
        yield f"### `{task}`\n"
        yield f"{(model.__doc__ or '').strip()}\n"
        yield "| member | is |\n|---|---|"
        properties: dict[str, Any] = model.model_json_schema()["properties"]
        for name, schema in properties.items():
            form = f", `{schema['pattern']}`" if "pattern" in schema else ""
            yield f"| `{name}` | {schema['type']}{form} |"
        yield ""


def _errors() -> Iterator[str]:
    yield "## Errors in Python\n"
    yield "What `wats_worker.control.client` and the stages raise:\n"
    picture = (errors.__doc__ or "").partition("\n\n")[2].rstrip()
    yield f"```text\n{picture}\n```\n"


if __name__ == "__main__":
    files.write_atomically(Path(sys.argv[1]), page().encode(), mode=files.READABLE)
