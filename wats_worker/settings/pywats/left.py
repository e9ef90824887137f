"""What a pyWATS client's configuration says that ours does not, and why it need not."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from wats_worker.settings.pywats.theirs import Client, Converter

#: What no key of ours stands for, and why none has to.
_ELSEWHERE: Final[Mapping[str, str]] = {
    "sync_interval_seconds": "the server's processes are fetched once an hour",
    "process_sync_enabled": "the server's processes are always fetched",
    "offline_queue_enabled": "reports always wait on the spool while the server is away",
    "enable_cache": "nothing is asked so often that a cache would help",
    "cache_ttl_seconds": "as enable_cache",
    "cache_max_size": "as enable_cache",
    "enable_metrics": "the control door has /metrics: docs/how-to/monitor.md",
    "metrics_port": "the control door has /metrics: docs/how-to/monitor.md",
    "log_file": "logs go to the standard error output, where the service's log keeps them",
    "service_auto_start": "'wats-worker up' is started by the system",
    "auto_connect": "it always connects",
}
#: Beginnings of keys that belong to parts of the client that are no concern of a line.
_NOT_OURS: Final[Mapping[str, str]] = {
    "sn_": "serial numbers come from the files",
    "webhook_": "nothing is sent to others; the control API can be asked",
    "yield_": "yield is the server's business",
    "api_": "the control door has its own address, tokens and limits: docs/guides/ipc-security.md",
    "show_": "there is no desktop window",
    "software_": "software is not distributed",
    "location_services": "a location is written into the configuration",
    "station_": "see station in [[sources]]",
    "auto_detect": "a location is written into the configuration",
}
#: Of no meaning once the client is gone.
_SILENT: Final = frozenset(
    {"instance_id", "instance_name", "username", "was_connected", "start_minimized", "minimize_to_tray"}
)


@dataclass(frozen=True)
class Note:
    """A key of theirs that has no counterpart, or another one than might be thought."""

    key: str
    what: str

    def __str__(self) -> str:
        return f"{self.key}: {self.what}"


def notes(client: Client) -> Iterator[Note]:
    """What to know about the client as a whole."""
    if client.connection.get("token_encrypted") and not client.api_token:
        yield Note(
            "connection.token_encrypted", "only that machine can read it: make a new token on the server"
        )
    if (
        not client.station_name
        and client.station_name_source == "hostname"
        and client.include_station_in_reports
    ):
        yield Note(
            "station_name_source", "the computer's name is not used: set station for files that name none"
        )
    if client.multi_station_enabled and len(client.station_presets) > 1:
        names = ", ".join(preset.name for preset in client.station_presets)
        yield Note(
            "station_presets", f"there is a station for each source ({names}); the active one was taken"
        )
    if client.proxy_mode == "none":
        yield Note("proxy_mode", "HTTPS_PROXY is heeded: take it out of the environment")
    if client.proxy_bypass:
        yield Note("proxy_bypass", f"set NO_PROXY={client.proxy_bypass} in the environment")
    if client.max_retry_attempts is not None:
        yield Note("max_retry_attempts", "a report is tried until it is delivered or the server refuses it")
    if client.reports_folder:
        yield Note("reports_folder", "let the old client send what lies in it before it is switched off")
    if client.converters_folder:
        yield Note("converters_folder", "converters of your own: docs/how-to/write-a-converter.md")
    if client.api_enabled:
        yield Note("api_host", 'the control door is a socket; [control] listen = "host:port" opens a port')
    if any(one.alarm_threshold is not None or one.reject_threshold is not None for one in client.converters):
        yield Note(
            "alarm_threshold, reject_threshold", "hold for all converters here; the strictest were taken"
        )
    if any(retries(one) for one in client.converters):
        yield Note("max_retries", "a file may wait for its end for the longest time that this came to")
    yield from _left_over(client)


def _left_over(client: Client) -> Iterator[Note]:
    for key in sorted(client.model_extra or {}):
        if key in _SILENT:
            continue
        beginning = next((part for part in _NOT_OURS if key.startswith(part)), None)
        yield Note(key, _ELSEWHERE.get(key) or (_NOT_OURS[beginning] if beginning else "is not known"))
    for converter in client.converters:
        for key in sorted(converter.model_extra or {}):
            yield Note(f"converters {converter.name!r} {key}", "is not known")


def retries(converter: Converter) -> bool:
    """Whether a converter says how often a file is tried again."""
    return converter.max_retries is not None and converter.retry_delay_seconds is not None
