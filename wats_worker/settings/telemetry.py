"""The ``[telemetry]`` section: who is told of each file's way through the line."""

from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, SecretStr, model_validator

from wats_broker.settings import Section, mistake, with_secrets


def _endpoint(text: str) -> str:
    """Where traces go. A collector's bare address means the path that OTLP has for them.

    >>> _endpoint("http://collector:4318")
    'http://collector:4318/v1/traces'
    """
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname or "@" in parts.netloc:
        raise mistake(f"{text!r} is no address of a collector", "write it like http://collector:4318")
    return text if parts.path.strip("/") else f"{text.rstrip('/')}/v1/traces"


class TelemetrySettings(Section):
    """Traces, for an OpenTelemetry collector. Needs the extra: ``pip install 'wats-worker[otel]'``."""

    #: OTLP over HTTP. None: nobody is told, and it costs nothing.
    endpoint: Annotated[str, AfterValidator(_endpoint)] | None = None
    #: Sent as the header of that name, for a collector that asks who comes: "Bearer …".
    authorization: SecretStr | None = None
    authorization_file: Path | None = None

    @model_validator(mode="before")
    @classmethod
    def _collect_secrets(cls, data: Any) -> Any:
        return with_secrets(data, "authorization")

    @property
    def headers(self) -> dict[str, str]:
        """What the collector wants to be told with every request."""
        return {"Authorization": self.authorization.get_secret_value()} if self.authorization else {}
