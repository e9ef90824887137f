"""How to reach the broker and how much it may hold: the ``[broker]`` part of the configuration.

The address is one of

    embedded:                                   the bundled Valkey, in this machine's data folder
    embedded:/srv/wats/broker                   the same, in a folder of your choice
    redis://[user@]host:6379/0                  Redis or Valkey (rediss:// for TLS)
    unix:///run/valkey/valkey.sock?db=0         the same over a unix socket
    sentinel://[user@]a:26379,b:26379/service?db=0

A password may stand in the address, but does not stay there: it moves into ``password`` before anybody can
print the address.
"""

import os
import re
import sys
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit, urlunsplit

import platformdirs
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

APP_NAME: Final = "wats-worker"
SCHEMES: Final = ("embedded", "redis", "rediss", "unix", "sentinel")

#: A number of seconds that is a wait, so neither nothing nor endless.
Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class Section(BaseModel):
    """One section of the configuration: frozen, strict about names, silent about values in its errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


def mistake(what: str, fix: str, *, key: str = "") -> PydanticCustomError:
    """A configuration mistake that says how to mend it; ``key`` names the culprit within its section."""
    return PydanticCustomError("mistake", "{what}", {"what": what, "fix": fix, "key": key})


def data_folder() -> Path:
    """Where everything lives unless told otherwise: ``/var/lib`` for root, else the user's data."""
    if sys.platform == "linux" and os.geteuid() == 0:
        return Path("/var/lib") / APP_NAME
    return platformdirs.user_data_path(APP_NAME, appauthor=False)


def read_secret(file: str | Path, *, key: str) -> str:
    """The secret in a file, without the newline that editors and ``echo`` leave behind."""
    try:
        secret = Path(file).expanduser().read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "is not text"
        raise mistake(
            f"can't read the secret: {reason}", "check the path and who may read the file", key=key
        ) from None
    if not secret:
        raise mistake("the file with the secret is empty", "write the secret into it", key=key)
    return secret


def with_secrets(data: Any, *names: str) -> Any:
    """The raw section with every ``<name>_file`` read into ``<name>``. One of the two, never both."""
    if not isinstance(data, dict):
        return data
    found = dict(data)
    for name in names:
        file = found.get(f"{name}_file")
        if file is None:
            continue
        if found.get(name) is not None:
            raise mistake(f"{name} and {name}_file are both set", "keep one of them", key=f"{name}_file")
        found[name] = read_secret(file, key=f"{name}_file")
    return found


def _is_file(path: Path) -> Path:
    if not path.is_file():
        raise mistake(f"there is no file {path}", "check the path")
    return path


#: A file that has to be there when the configuration is read.
ExistingFile = Annotated[Path, AfterValidator(_is_file)]


def _url(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in SCHEMES:
        fix = "write redis:// for Valkey as well" if parts.scheme == "valkey" else f"use one of {_schemes()}"
        raise mistake(f"no broker address starts with {parts.scheme!r}", fix)
    if parts.scheme == "embedded":
        _check_embedded(text)
        return text  # what follows is a path as it stands, whatever signs are in it
    if parts.scheme == "unix":
        _check_place(bool(parts.path.strip("/")) and not parts.netloc, "unix:///path/to/socket?db=0")
    elif parts.scheme == "sentinel":
        _check_place(
            bool(parts.netloc) and re.fullmatch(r"/[^/]+", parts.path) is not None,
            "sentinel://host:26379,host:26379/service?db=0",
        )
    else:
        _check_tcp(parts)
    query = parse_qs(parts.query)
    if set(query) - {"db"} or not all(value.isdigit() for value in query.get("db", [])):
        raise mistake("the only question a broker address may carry is ?db=<number>", "remove the rest")
    return text


def _schemes() -> str:
    return ", ".join(f"{scheme}:" if scheme == "embedded" else f"{scheme}://" for scheme in SCHEMES)


def _check_embedded(text: str) -> None:
    folder = text.removeprefix("embedded:")
    if folder.startswith("//") or (folder and not Path(folder).expanduser().is_absolute()):
        raise mistake(f"{text!r} names no absolute folder", "write embedded: or embedded:/path/to/folder")


def _check_tcp(parts: SplitResult) -> None:
    try:
        fits = bool(parts.hostname) and parts.port != 0 and re.fullmatch(r"(/\d*)?", parts.path) is not None
    except ValueError:  # urllib: the port is no number, or none between 0 and 65535
        fits = False
    _check_place(fits and not parts.query, f"{parts.scheme}://host:6379/0")


def _check_place(fits: bool, form: str) -> None:
    if not fits:
        raise mistake("the broker address is not complete", f"its form is {form}")


class BrokerSettings(Section):
    """Address, secrets, bounds and terms of the broker.

    >>> settings = BrokerSettings(url="redis://plant:s3cret@queue.example:6379/0")
    >>> settings.url, settings.username
    ('redis://plant@queue.example:6379/0', 'plant')
    >>> settings.password
    SecretStr('**********')
    """

    url: Annotated[str, AfterValidator(_url)] = "embedded:"
    password: SecretStr | None = None
    password_file: Path | None = None
    #: For the sentinels themselves; Redis behind them takes ``password``.
    sentinel_password: SecretStr | None = None
    sentinel_password_file: Path | None = None
    #: For rediss://: whom to trust instead of the system's list, and who we are if the server asks.
    ca_file: ExistingFile | None = None
    cert_file: ExistingFile | None = None
    key_file: ExistingFile | None = None

    #: First part of every key, so that several factories can share one server.
    namespace: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")] = "wats"

    #: Reports that are ready, leased, waiting for a retry or have room reserved. 0 = no bound.
    max_queue_size: Annotated[int, Field(ge=0)] = 10_000
    #: Requests in flight to the WATS server, over all hosts together.
    max_concurrent_uploads: Annotated[int, Field(ge=1, le=1000)] = 5

    #: An uploader that is silent for this long has lost its report to the next one.
    upload_lease_s: Seconds = 20.0
    #: Room reserved for a file is free again after this long without a word about the file.
    reservation_s: Seconds = 3600.0
    #: Celery sends a conversion again that nobody has finished within this time.
    visibility_timeout_s: Annotated[int, Field(ge=10)] = 900
    #: Ids of delivered reports are remembered this long, but never more than so many.
    delivered_retention_days: Annotated[int, Field(ge=1)] = 30
    delivered_retention_count: Annotated[int, Field(ge=1000)] = 500_000
    #: The story of a finished file is told this long.
    journal_retention_days: Annotated[int, Field(ge=1)] = 30

    connect_timeout_s: Seconds = 5.0
    #: Without it, a connection that died without a word holds a worker for ever.
    socket_timeout_s: Seconds = 10.0
    health_check_interval_s: Annotated[int, Field(ge=1)] = 10

    #: When the embedded server forces its log to the disk: every second, or before each answer.
    embedded_fsync: Literal["everysec", "always"] = "everysec"
    #: Serve it on a loopback port with a generated password as well, for tools that can't use its socket.
    embedded_tcp: bool = False

    @model_validator(mode="before")
    @classmethod
    def _collect_secrets(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        url = data.get("url")
        if isinstance(url, str) and (password := _password_in(url)) is not None:
            if data.get("password") is not None or data.get("password_file") is not None:
                raise mistake("the address carries a password, and another one is set", "keep one", key="url")
            data = {**data, "url": without_password(url), "password": password}
        return with_secrets(data, "password", "sentinel_password")

    @field_validator("ca_file", "cert_file", "key_file", mode="after")
    @classmethod
    def _only_with_tls(cls, file: Path | None, info: ValidationInfo) -> Path | None:
        if file is not None and not str(info.data.get("url", "rediss:")).startswith("rediss:"):
            raise mistake("has no effect without TLS", "use a rediss:// address or remove it")
        return file

    @model_validator(mode="after")
    def _certificate_and_key(self) -> Self:
        if self.key_file is not None and self.cert_file is None:
            raise mistake("a key without a certificate", "set cert_file as well", key="key_file")
        return self

    @property
    def username(self) -> str | None:
        """The user name in the address."""
        userinfo, at, _ = urlsplit(self.url).netloc.rpartition("@")
        return unquote(userinfo) or None if at else None

    @property
    def database(self) -> int:
        """The number of the database: in the path of redis://, in the query of the others.

        >>> BrokerSettings(url="redis://localhost/3").database
        3
        >>> BrokerSettings(url="sentinel://a,b/factory?db=2").database
        2
        """
        parts = urlsplit(self.url)
        in_query = parse_qs(parts.query).get("db", ["0"])[0]
        in_path = parts.path.strip("/") if parts.scheme in {"redis", "rediss"} else ""
        return int(in_path or in_query)

    @property
    def embedded_folder(self) -> Path | None:
        """The embedded server's data folder, or None when the broker is somebody else's server.

        >>> BrokerSettings(url="embedded:/srv/wats").embedded_folder
        PosixPath('/srv/wats')
        >>> BrokerSettings(url="redis://localhost").embedded_folder is None
        True
        """
        scheme, _, folder = self.url.partition(":")
        if scheme != "embedded":
            return None
        return Path(folder).expanduser() if folder else data_folder() / "broker"

    def secrets(self) -> list[str]:
        """Every secret value in here, for the log's mask."""
        return [found.get_secret_value() for found in (self.password, self.sentinel_password) if found]


def _password_in(url: str) -> str | None:
    userinfo, _, _ = urlsplit(url).netloc.rpartition("@")
    _, colon, password = userinfo.partition(":")
    return unquote(password) if colon else None


def without_password(url: str) -> str:
    """The address without its password.

    >>> without_password("redis://:s3cret@localhost:6379/0")
    'redis://localhost:6379/0'
    """
    parts = urlsplit(url)
    userinfo, _, place = parts.netloc.rpartition("@")
    user = userinfo.partition(":")[0]
    return urlunsplit(parts._replace(netloc=f"{user}@{place}" if user else place))
