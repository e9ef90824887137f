"""The ``[console]`` section: where operators find the page, and for how long they stay logged in."""

from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator

from wats_broker.settings import ExistingFile, Seconds, Section, mistake


def _listen(text: str) -> str:
    try:
        parts = urlsplit(f"//{text}")
        fits = bool(parts.hostname) and parts.port is not None and parts.netloc == text
    except ValueError:  # the port is no number, or none between 0 and 65535
        fits = False
    if not fits:
        raise mistake(f"{text!r} is no place to listen", "write host:port, such as 127.0.0.1:8043")
    return text


class ConsoleSettings(Section):
    """The page for operators, which talks to the control door and to nothing else."""

    #: ``wats-worker up`` starts it. Nothing listens on a port of a machine unless somebody wants it.
    enabled: bool = False
    listen: Annotated[str, AfterValidator(_listen)] = "127.0.0.1:8043"
    #: Names that browsers reach it by. Its addresses and "localhost" always do.
    hosts: tuple[Annotated[str, Field(pattern=r"^[a-z0-9.-]{1,253}$")], ...] = ()
    #: Who logged in so long ago does so again.
    session_s: Seconds = 43200.0
    #: With both it speaks https.
    cert_file: ExistingFile | None = None
    key_file: ExistingFile | None = None

    @property
    def place(self) -> tuple[str, int]:
        """Host and port.

        >>> ConsoleSettings(listen="[::1]:8043").place
        ('::1', 8043)
        """
        parts = urlsplit(f"//{self.listen}")
        return str(parts.hostname), int(parts.port or 0)

    @model_validator(mode="after")
    def _certificate_and_key(self) -> Self:
        if (self.cert_file is None) != (self.key_file is None):
            raise mistake(
                "a certificate and its key belong together", "set cert_file and key_file", key="cert_file"
            )
        return self
