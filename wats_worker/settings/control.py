"""The ``[control]`` section: where the control door is, and who comes in without being entered by anybody."""

import re
from pathlib import Path
from typing import Annotated, Any, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, SecretStr, model_validator

from wats_broker.settings import ExistingFile, Section, mistake, with_secrets
from wats_worker.settings.kinds import Count, Folder


def _listen(text: str) -> str:
    if text.startswith("unix:"):
        path = text.removeprefix("unix:")
        if path and not Path(path).is_absolute():
            raise mistake(f"{text!r} names no absolute path", "write unix: or unix:/run/wats/control.sock")
        return text
    try:
        parts = urlsplit(f"//{text}")
        fits = bool(parts.hostname) and parts.port is not None and parts.netloc == text
    except ValueError:  # the port is no number, or none between 0 and 65535
        fits = False
    if not fits:
        raise mistake(
            f"{text!r} is no place to listen", "write unix:, unix:/path/to/socket or 127.0.0.1:8042"
        )
    return text


def _url(text: str) -> str:
    if text.startswith("unix:/"):
        return text
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname or "@" in parts.netloc:
        raise mistake(
            f"{text!r} is no address of a control door", "write it like https://plant-7.example:8042"
        )
    return text.rstrip("/")


def _token(token: SecretStr) -> SecretStr:
    if not re.fullmatch(r"wats_[0-9a-f]{12}_[A-Za-z0-9_-]{43}", token.get_secret_value()):
        raise mistake("is not a control token", "make one: 'wats-worker token create'")
    return token


class ControlSettings(Section):
    """The door that operators and tools come in by."""

    #: "unix:" is a socket in ``folder``; unix:/path is another one; host:port is reached over the network.
    listen: Annotated[str, AfterValidator(_listen)] = "unix:"
    #: Where the operator's token and the socket lie. None: beside the spool.
    folder: Folder | None = None
    #: The token of whoever runs the line. None: one is made in ``folder``.
    token: Annotated[SecretStr, AfterValidator(_token)] | None = None
    token_file: Path | None = None
    #: Where the command line finds the door. None: where ``listen`` says.
    url: Annotated[str, AfterValidator(_url)] | None = None
    #: Whom the command line trusts instead of the system's list, for https.
    ca_file: ExistingFile | None = None
    #: With both the door speaks https.
    cert_file: ExistingFile | None = None
    key_file: ExistingFile | None = None
    #: Requests of one token: in a minute, and at once after a pause.
    requests_per_minute: Count = 100
    burst: Count = 20
    #: /metrics without a token, for a scraper that can't send one.
    open_metrics: bool = False

    @model_validator(mode="before")
    @classmethod
    def _collect_secrets(cls, data: Any) -> Any:
        return with_secrets(data, "token")

    @model_validator(mode="after")
    def _certificate_and_key(self) -> Self:
        if (self.cert_file is None) != (self.key_file is None):
            raise mistake(
                "a certificate and its key belong together", "set cert_file and key_file", key="cert_file"
            )
        return self
