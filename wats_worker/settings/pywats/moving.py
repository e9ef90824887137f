"""A pyWATS client's configuration, made into the text of one of ours and a list of what that can't say."""

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PureWindowsPath
from typing import Any
from urllib.parse import quote

from pydantic import ValidationError

from wats_worker.settings.pywats.left import Note, notes, retries
from wats_worker.settings.pywats.sources import Block, block, facts, free_name
from wats_worker.settings.pywats.theirs import SCHEMAS, Client, Converter
from wats_worker.settings.schema import UploadSettings
from wats_worker.settings.upgrade import SCHEMA_VERSION


class NotPywats(ValueError):
    """This is no configuration of a pyWATS client that can be read."""


@dataclass(frozen=True)
class Moved:
    """Their configuration in our words."""

    text: str
    token: str  #: for a private file; empty if there was none
    notes: tuple[Note, ...]


def moved(content: bytes, *, token_file: Path, paths: Mapping[str, str] | None = None) -> Moved:
    """Make our configuration of theirs.

    Args:
        content: their ``config.json``.
        token_file: where the token will lie.
        paths: what the beginnings of their paths are on this machine: ``{"C:/": "/mnt/c"}``.

    Raises:
        NotPywats: it can't be read, or is of a schema that nobody knows.
    """
    client = _read(content)
    blocks = _blocks(client, paths or {})
    tables: dict[str, dict[str, Any]] = {
        "server": dict(_server(client, token_file)),
        "convert": dict(_convert(client.converters)),
        "upload": dict(_upload(client)),
        "broker": dict(_broker(client)),
        "control": dict(_control(client)),
        "log": dict(_log(client)),
    }
    return Moved(
        _text({name: table for name, table in tables.items() if table}, blocks),
        client.api_token.strip(),
        (
            *notes(client),
            *(Note(f"{where} {key}", what) for where, one in blocks for key, what in one.notes),
        ),
    )


def _read(content: bytes) -> Client:
    try:
        found = json.loads(content.decode("utf-8-sig"))
    except ValueError as error:
        raise NotPywats(f"it is no JSON: {error}") from None
    if not isinstance(found, dict) or not {"service_address", "converters", "instance_id"} & found.keys():
        raise NotPywats("it is not the config.json of a pyWATS client")
    try:
        client = Client.model_validate(found)
    except ValidationError as error:
        told = (
            f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors(include_input=False)
        )
        raise NotPywats("; ".join(told)) from None
    if client.schema_version not in SCHEMAS:
        raise NotPywats(f"it is of schema {client.schema_version}; {' and '.join(SCHEMAS)} can be read")
    return client


def _blocks(client: Client, paths: Mapping[str, str]) -> list[tuple[str, Block]]:
    def here(path: str) -> str | None:
        for theirs, ours in paths.items():
            if path.lower().startswith(theirs.lower()):
                rest = path[len(theirs) :].replace("\\", "/").lstrip("/")
                return str(Path(ours, rest))
        return None if PureWindowsPath(path).drive and os.name != "nt" else path

    taken: set[str] = set()
    known = facts(client)
    made = []
    for converter in client.converters:
        name = free_name(converter.name, taken)
        one = block(converter, name, known, here)
        if not client.converters_enabled:
            one.why_off = one.why_off or "converters_enabled was false"
        if one.why_off:
            one.notes.insert(0, ("is written as a comment", one.why_off))
        made.append((f"converters {converter.name!r}", one))
    return made


def _server(client: Client, token_file: Path) -> Iterator[tuple[str, Any]]:
    if client.service_address:
        yield "url", client.service_address
    if client.api_token.strip():
        yield "token_file", str(token_file)
    if client.verify_ssl is False:
        yield "verify", False
    proxy = client.proxy
    if client.proxy_mode == "manual" and client.proxy_host:
        auth = _user(client.proxy_username, client.proxy_password) if client.proxy_auth else ""
        yield "proxy", f"http://{auth}{client.proxy_host}:{client.proxy_port}"
    elif not client.proxy_mode and proxy.enabled and proxy.host:
        yield "proxy", f"http://{_user(proxy.username, proxy.password)}{proxy.host}:{proxy.port}"


def _user(name: str, password: str) -> str:
    return f"{quote(name, safe='')}:{quote(password, safe='')}@" if name else ""


def _convert(converters: list[Converter]) -> Iterator[tuple[str, Any]]:
    """Theirs are set for each converter, ours once: the strictest counts."""
    rejects = [one.reject_threshold for one in converters if one.reject_threshold is not None]
    alarms = [one.alarm_threshold for one in converters if one.alarm_threshold is not None]
    waits = [one.max_retries * one.retry_delay_seconds for one in converters if retries(one)]  # type: ignore[operator]
    if rejects:
        yield "reject_below", max(rejects)
    if alarms:
        yield "alarm_below", max(*alarms, *rejects, 0.0)
    if waits and max(waits) > 0:
        yield "unfinished_s", float(max(waits))


def _upload(client: Client) -> Iterator[tuple[str, Any]]:
    if client.max_concurrent_uploads is not None:
        yield "threads", max(client.max_concurrent_uploads, 1)
    if client.retry_interval_seconds is not None and client.retry_interval_seconds > 0:
        first = float(client.retry_interval_seconds)
        default = UploadSettings().retry_schedule_s
        yield "retry_schedule_s", [first, *(wait for wait in default if wait > first)]


def _broker(client: Client) -> Iterator[tuple[str, Any]]:
    if client.max_queue_size is not None:
        yield "max_queue_size", max(client.max_queue_size, 0)
    if client.max_concurrent_uploads is not None:
        yield "max_concurrent_uploads", min(max(client.max_concurrent_uploads, 1), 1000)


def _control(client: Client) -> Iterator[tuple[str, Any]]:
    if client.api_enabled and client.api_rate_limit_enabled and client.api_rate_limit_window > 0:
        per_minute = 60 * client.api_rate_limit_requests // client.api_rate_limit_window
        yield "requests_per_minute", max(per_minute, 1)


def _log(client: Client) -> Iterator[tuple[str, Any]]:
    level = {"critical": "error"}.get(client.log_level.lower(), client.log_level.lower())
    if level in {"debug", "info", "warning", "error"}:
        yield "level", level


def _text(tables: Mapping[str, Mapping[str, Any]], blocks: list[tuple[str, Block]]) -> str:
    import tomlkit  # noqa: PLC0415  it takes its time to load

    parts = [f"# Made of a pyWATS client's configuration.\n\nschema_version = {SCHEMA_VERSION}\n"]
    parts += [tomlkit.dumps({name: table}) for name, table in tables.items()]
    for _, one in blocks:
        text = tomlkit.dumps({"sources": [one.keys]})
        if one.why_off:
            text = f"# {one.why_off}\n" + "".join(f"#{line}\n" for line in text.splitlines())
        parts.append(text)
    return "\n".join(parts)
