"""``config.json`` of a pyWATS client: schema 1.0, which did not say so, and 2.0, as far as we need it."""

from typing import Annotated, Any, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

#: The schemas that were released.
SCHEMAS: Final = ("1.0", "2.0")

#: Its interface writes empty texts and nulls for what nobody has set.
_Text = Annotated[str, BeforeValidator(lambda value: "" if value is None else value)]
_Patterns = Annotated[list[str], BeforeValidator(lambda value: value or [])]


class Theirs(BaseModel):
    """One table of theirs. What we don't know is kept, to be named."""

    model_config = ConfigDict(extra="allow", hide_input_in_errors=True)


class Converter(Theirs):
    """One converter and the folder it is for."""

    name: _Text = ""
    module_path: _Text = ""
    description: _Text = ""
    enabled: bool = True
    converter_type: _Text = "file"
    watch_folder: _Text = ""
    done_folder: _Text = ""
    error_folder: _Text = ""
    pending_folder: _Text = ""
    archive_folder: _Text = ""
    file_patterns: _Patterns = Field(default_factory=list)
    folder_patterns: _Patterns = Field(default_factory=list)
    arguments: dict[str, Any] = Field(default_factory=dict)
    priority: int | None = None
    alarm_threshold: float | None = None
    reject_threshold: float | None = None
    max_retries: int | None = None
    retry_delay_seconds: float | None = None
    schedule_interval_seconds: float | None = None
    cron_expression: _Text = ""
    readiness_marker: _Text = ""
    min_file_count: int | None = None
    post_action: _Text = "move"
    author: _Text = ""
    version: _Text = ""
    run_on_startup: bool = False


class Station(Theirs):
    """A station that the client can stand for."""

    key: _Text = ""
    name: _Text = ""
    location: _Text = ""
    purpose: _Text = ""


class Proxy(Theirs):
    """The proxy, as schema 1.0 has it."""

    enabled: bool = False
    host: _Text = ""
    port: int = 8080
    username: _Text = ""
    password: _Text = ""


class Client(Theirs):
    """The whole file."""

    schema_version: Annotated[str, BeforeValidator(str)] = SCHEMAS[0]
    service_address: _Text = ""
    api_token: _Text = ""
    connection: dict[str, Any] = Field(default_factory=dict)
    station_name: _Text = ""
    location: _Text = ""
    purpose: _Text = ""
    station_name_source: _Text = "hostname"
    include_station_in_reports: bool = True
    multi_station_enabled: bool = False
    station_presets: list[Station] = Field(default_factory=list)
    active_station_key: _Text = ""
    proxy_mode: _Text = ""
    proxy_host: _Text = ""
    proxy_port: int = 8080
    proxy_auth: bool = False
    proxy_username: _Text = ""
    proxy_password: _Text = ""
    proxy_bypass: _Text = ""
    proxy: Proxy = Field(default_factory=Proxy)
    max_retry_attempts: int | None = None
    retry_interval_seconds: float | None = None
    max_queue_size: int | None = None
    max_concurrent_uploads: int | None = None
    reports_folder: _Text = ""
    converters_folder: _Text = ""
    converters_enabled: bool = True
    converters: list[Converter] = Field(default_factory=list)
    verify_ssl: bool | None = None
    api_enabled: bool = False
    api_host: _Text = "127.0.0.1"
    api_port: int = 8080
    api_rate_limit_enabled: bool = False
    api_rate_limit_requests: int = 100
    api_rate_limit_window: int = 60
    log_level: _Text = ""
