"""Where an object store is, and who we are there: for whatever may lie in one."""

import re
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, SecretStr, model_validator

from wats_broker.settings import ExistingFile, Section, mistake, with_secrets

_BUCKET = re.compile(r"[0-9a-z][0-9a-z.-]{1,61}[0-9a-z]")
_PREFIX = re.compile(r"[0-9A-Za-z_][0-9A-Za-z_.-]*(/[0-9A-Za-z_][0-9A-Za-z_.-]*)*")


def _url(text: str) -> str:
    """The address of a bucket and of a place in it, however it was pasted.

    >>> _url("s3://factory/line-7/")
    's3://factory/line-7'
    """
    parts = urlsplit(text.strip())
    prefix = parts.path.strip("/")
    bad = parts.scheme != "s3" or not _BUCKET.fullmatch(parts.netloc) or bool(parts.query or parts.fragment)
    if bad or (prefix and not _PREFIX.fullmatch(prefix)):
        raise mistake(f"{text!r} is no place in an object store", "write it like s3://bucket/prefix")
    return f"s3://{parts.netloc}/{prefix}".rstrip("/")


def _endpoint(text: str) -> str:
    """The address of the server.

    >>> _endpoint("https://minio.plant.example:9000/")
    'https://minio.plant.example:9000'
    """
    parts = urlsplit(text.strip())
    if parts.scheme not in {"http", "https"} or not parts.hostname or "@" in parts.netloc:
        raise mistake("is no address of an object store", "write it like https://minio.plant.example:9000")
    return text.strip().rstrip("/")


class StoreSettings(Section):
    """An S3-compatible object store. Needs the extra: ``pip install 'wats-worker[s3]'``."""

    #: "s3://bucket/prefix". None: everything lies in the folder.
    url: Annotated[str, AfterValidator(_url)] | None = None
    #: None: Amazon's.
    endpoint: Annotated[str, AfterValidator(_endpoint)] | None = None
    region: str = "us-east-1"
    #: Without keys the rights of this machine or container count, as Amazon gives them.
    access_key: SecretStr | None = None
    access_key_file: Path | None = None
    secret_key: SecretStr | None = None
    secret_key_file: Path | None = None
    #: Who has signed the store's certificate, where the system does not know them.
    ca_file: ExistingFile | None = None

    @model_validator(mode="before")
    @classmethod
    def _collect_secrets(cls, data: Any) -> Any:
        return with_secrets(data, "access_key", "secret_key")

    @model_validator(mode="after")
    def _check_keys(self) -> "StoreSettings":
        if (self.access_key is None) != (self.secret_key is None):
            missing = "access_key" if self.access_key is None else "secret_key"
            raise mistake(f"{missing} is missing", f"set {missing}_file as well, or neither", key=missing)
        if self.url is None and (self.endpoint or self.access_key):
            raise mistake("it is not said where to", "set url to s3://bucket/prefix", key="url")
        if self.url is not None and find_spec("obstore") is None:
            raise mistake("what speaks to it is not installed", "pip install 'wats-worker[s3]'", key="url")
        return self

    @property
    def bucket(self) -> str:
        """The bucket's name; empty without an address."""
        return urlsplit(self.url or "").netloc

    @property
    def prefix(self) -> str:
        """What lies in front of every key."""
        return urlsplit(self.url or "").path.strip("/")

    def keys(self) -> list[str]:
        """Every secret value in here, for the log's mask."""
        return [key.get_secret_value() for key in (self.access_key, self.secret_key) if key]
