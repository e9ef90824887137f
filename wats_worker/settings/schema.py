"""The configuration as one frozen tree: every key, its default and its bounds."""

import os
import re
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit, urlunsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from wats_broker.settings import (
    BrokerSettings,
    ExistingFile,
    Seconds,
    Section,
    data_folder,
    mistake,
    with_secrets,
)
from wats_worker.settings.archive import ArchiveSettings, CatalogueSettings
from wats_worker.settings.audit import AuditSettings
from wats_worker.settings.console import ConsoleSettings
from wats_worker.settings.control import ControlSettings
from wats_worker.settings.converters import (
    LIMITS,
    Audit,
    ConverterName,
    ConverterSettings,
    LimitSettings,
    SandboxSettings,
)
from wats_worker.settings.kinds import Count, Folder, PoolName
from wats_worker.settings.sources import AnySource, ScheduledSource, Source
from wats_worker.settings.store import StoreSettings
from wats_worker.settings.telemetry import TelemetrySettings
from wats_worker.settings.upgrade import SCHEMA_VERSION

Confidence = Annotated[float, Field(ge=0, le=1)]


def _server_url(text: str) -> str:
    """The root of the server's API, however the user pasted it; a path prefix of an old install stays.

    >>> _server_url(" https://plant.example/wats/API/ ")
    'https://plant.example/wats'
    """
    parts = urlsplit(text.strip().strip("\"'"))
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise mistake("is not the address of a WATS server", "write it like https://plant.wats.com")
    if "@" in parts.netloc:
        raise mistake("carries a user name or password", "remove it; the server wants a token")
    path = re.sub(r"(/api)?/*$", "", parts.path, flags=re.IGNORECASE)
    return urlunsplit((parts.scheme, parts.netloc, path.rstrip("/"), "", ""))


def _token(value: Any) -> Any:
    """The token as the server shows it, without the quotes, blanks or ``Basic`` that were pasted with it."""
    if not isinstance(value, str):
        return value
    token = value.strip().strip("\"'").strip()
    token = re.sub(r"^basic\s+", "", token, flags=re.IGNORECASE)
    if not re.fullmatch(r"[!-~]+", token):
        raise mistake("is not a WATS token", "copy it again from Control Panel → Tokens")
    return token


class ServerSettings(Section):
    """The WATS server that gets the reports."""

    #: None: nothing is uploaded yet; reports wait on the spool.
    url: Annotated[str, AfterValidator(_server_url)] | None = None
    token: Annotated[SecretStr, BeforeValidator(_token)] | None = None
    token_file: Path | None = None
    #: Only for a server whose certificate can't be checked; ``ca_file`` is the better way.
    verify: bool = True
    ca_file: ExistingFile | None = None
    connect_timeout_s: Seconds = 10.0
    #: Never more requests than this in any minute, over all hosts. 0 = no limit.
    requests_per_minute: Annotated[int, Field(ge=0)] = 500
    #: A server may think about a large report for this long before it answers.
    read_timeout_s: Seconds = 100.0
    #: http://[user:password@]host:port; without it HTTPS_PROXY and NO_PROXY are heeded.
    proxy: SecretStr | None = None

    @model_validator(mode="before")
    @classmethod
    def _collect_secrets(cls, data: Any) -> Any:
        return with_secrets(data, "token")


class SpoolSettings(StoreSettings):
    """Where claimed files and undelivered reports lie: in the folder, or with ``url`` in an object store."""

    #: With ``url`` it is this host's own: what is on its way in, and scratch.
    folder: Folder = Field(default_factory=lambda: data_folder() / "spool")
    #: With less room on its disk files are taken more slowly the less there is; with 64 MiB none are.
    slow_below_mb: Annotated[int, Field(ge=0)] = 256


class PoolSettings(LimitSettings):
    """What a pool does differently from ``[convert]``; None is no difference."""

    processes: Count | None = None


class ConvertSettings(Section):
    """How files are converted: how many at once, with what limits, and how sure a choice has to be."""

    #: Conversions at once on this machine.
    processes: Count = Field(default_factory=lambda: os.cpu_count() or 1)
    #: What one conversion may use: memory, processor time, time, open files.
    memory_mb: Count = 512
    cpu_s: Count = 120
    wall_s: Seconds = 300.0
    descriptors: Annotated[int, Field(ge=8)] = 50
    #: All reports of one file together. They wait on the disk, not in memory.
    output_mb: Count = 2000
    reports: Count = 250_000
    #: Further converters, one module each.
    plugins: Folder | None = None
    #: "refuse": a plugin that the audit finds fault with is set aside.
    audit: Audit = "warn"
    #: A file that took so many workers with it is quarantined.
    max_attempts: Count = 3
    #: A file whose end never comes, or whose sibling does not, is quarantined after this long.
    unfinished_s: Seconds = 30.0
    #: No converter is chosen below this confidence …
    reject_below: Confidence = 0.6
    #: … or when the second best comes as close as this.
    margin: Confidence = 0.15
    #: A choice below this confidence converts, and says so in the log.
    alarm_below: Confidence = 0.8


class UploadSettings(Section):
    """How reports are delivered."""

    processes: Count = 1
    #: Requests at once per process. Over all hosts [broker] max_concurrent_uploads is the bound.
    threads: Count = 5
    #: Waits after the first, second … failure; the last one repeats. A lost connection never uses them up.
    retry_schedule_s: Annotated[tuple[Seconds, ...], Field(min_length=1)] = (5, 30, 120, 600, 1800, 3600)
    #: Each wait is made longer or shorter at random by up to this share.
    retry_jitter: Confidence = 0.2
    #: A report the server failed on (5xx) this often, while others pass, is buried as suspect.
    suspect_after: Count = 8


class PollSettings(Section):
    """How scheduled sources are asked."""

    #: Of them at once per process.
    threads: Count = 4
    #: Further pollers, one module each.
    plugins: Folder | None = None


class PollerSettings(Section):
    """What is said about one poller that does not come with the worker."""

    #: It may run. It does so with all rights of the worker, because a jail has no network.
    trusted: bool = False


class SimulatorSettings(Section):
    """The local WATS server for trials and tests."""

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8780
    #: "lenient" takes what other clients send and a careful one does not.
    mode: Literal["strict", "lenient"] = "strict"
    #: A report can be read this long after it was received.
    processing_delay_s: Annotated[float, Field(ge=0, le=5)] = 0.0
    requests_per_minute: Count = 500
    max_body_bytes: Count = 30_000_000


class LogSettings(Section):
    """What is told, and in which form."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    #: "auto" is for people on a terminal and JSON everywhere else.
    format: Literal["auto", "human", "json"] = "auto"


def _schema(version: int) -> int:
    if version != SCHEMA_VERSION:
        raise mistake(
            f"the file is written for schema {version}, and this release knows them up to {SCHEMA_VERSION}",
            "use the release it was written for, or a backup of the file from before",
        )
    return version


class WorkerSettings(BaseSettings):
    """Everything that can be set. ``WATS_SECTION__KEY`` in the environment wins over the file."""

    model_config = SettingsConfigDict(
        frozen=True,
        extra="forbid",
        hide_input_in_errors=True,
        env_prefix="WATS_",
        env_nested_delimiter="__",
    )

    schema_version: Annotated[int, AfterValidator(_schema)] = SCHEMA_VERSION
    broker: BrokerSettings = Field(default_factory=BrokerSettings)
    server: ServerSettings = Field(default_factory=ServerSettings)
    spool: SpoolSettings = Field(default_factory=SpoolSettings)
    convert: ConvertSettings = Field(default_factory=ConvertSettings)
    pools: dict[PoolName, PoolSettings] = Field(default_factory=dict)
    converters: dict[ConverterName, ConverterSettings] = Field(default_factory=dict)
    sandbox: SandboxSettings = Field(default_factory=SandboxSettings)
    upload: UploadSettings = Field(default_factory=UploadSettings)
    sources: tuple[Source, ...] = ()
    poll: PollSettings = Field(default_factory=PollSettings)
    pollers: dict[ConverterName, PollerSettings] = Field(default_factory=dict)
    scheduled: tuple[ScheduledSource, ...] = ()
    control: ControlSettings = Field(default_factory=ControlSettings)
    archive: ArchiveSettings = Field(default_factory=ArchiveSettings)
    catalogue: CatalogueSettings = Field(default_factory=CatalogueSettings)
    audit: AuditSettings = Field(default_factory=AuditSettings)
    console: ConsoleSettings = Field(default_factory=ConsoleSettings)
    simulator: SimulatorSettings = Field(default_factory=SimulatorSettings)
    log: LogSettings = Field(default_factory=LogSettings)
    telemetry: TelemetrySettings = Field(default_factory=TelemetrySettings)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003  pydantic passes it by name
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003  as above
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003  as above
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment first, then the file, which ``load`` passes in."""
        return env_settings, init_settings

    def pool(self, name: str) -> ConvertSettings:
        """The settings of one pool: ``[convert]``, and what the pool says differently.

        >>> settings = WorkerSettings(pools={"convert.heavy": {"memory_mb": 4096}})
        >>> settings.pool("convert.heavy").memory_mb, settings.pool("convert").memory_mb
        (4096, 512)
        """
        differences = self.pools.get(name, PoolSettings()).model_dump(exclude_none=True)
        return self.convert.model_copy(update=differences)

    def limits(self, pool: str, converter: str) -> ConvertSettings:
        """The settings of one converter in one pool: the converter's own limits count before the pool's.

        >>> settings = WorkerSettings(converters={"stdf": {"wall_s": 60}})
        >>> settings.limits("convert", "stdf").wall_s, settings.limits("convert", "wats-json").wall_s
        (60.0, 300.0)
        """
        own = self.converters.get(converter, ConverterSettings())
        differences = own.model_dump(include=set(LIMITS), exclude_none=True)
        return self.pool(pool).model_copy(update=differences)

    def longest_wall_s(self, *pools: str) -> float:
        """How long a conversion in one of these pools may take, whichever converter does it."""
        return max(
            self.limits(pool, converter).wall_s for pool in pools for converter in ("", *self.converters)
        )

    def all_sources(self) -> tuple[AnySource, ...]:
        """Those that are watched and those that are asked on a schedule."""
        return (*self.sources, *self.scheduled)

    def scratch_folder(self) -> Path:
        """Where jails may write; what is in it is nobody's data."""
        return self.sandbox.scratch or self.spool.folder.parent / "scratch"

    def control_folder(self) -> Path:
        """Where the control door's socket and the operator's token lie."""
        return self.control.folder or self.spool.folder.parent / "control"

    def archive_folder(self) -> Path:
        """Where delivered files are kept."""
        return self.archive.folder or self.spool.folder.parent / "archive"

    def catalogue_file(self) -> Path:
        """The file of the catalogue, where it is an SQLite database."""
        return self.spool.folder.parent / "catalogue.sqlite"

    def audit_folder(self) -> Path:
        """Where the audit trail is kept."""
        return self.audit.folder or self.spool.folder.parent / "audit"

    def replay_folder(self) -> Path:
        """Where replay jobs are kept."""
        return self.spool.folder.parent / "replays"

    def pool_names(self) -> list[str]:
        """Every pool that wants workers, ``convert`` first."""
        return sorted({"convert", *self.pools})

    def secrets(self) -> list[str]:
        """Every secret value in here, for the log's mask."""
        given = (
            self.server.token,
            self.server.proxy,
            self.control.token,
            self.catalogue.url,
            self.telemetry.authorization,
        )
        own = [found.get_secret_value() for found in given if found]
        return own + self.spool.keys() + self.archive.keys() + self.broker.secrets()
