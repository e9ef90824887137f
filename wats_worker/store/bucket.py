"""A store in a bucket of an S3-compatible object store."""

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from wats_broker.files import new_file
from wats_worker.store.errors import StoreUnusable
from wats_worker.store.keys import checked, checked_prefix
from wats_worker.store.store import Content, Entry

if TYPE_CHECKING:
    from obstore import PutMode
    from obstore.store import ClientConfig, S3Config

#: Bytes that are asked for, and sent, at once.
_PIECE: Final = 8 * 2**20
#: S3 takes so many keys in one request to delete.
_AT_ONCE: Final = 1000
#: How a store says that there is no bucket, and not only no such blob.
_NO_BUCKET: Final = re.compile(r"NoSuchBucket")
_CODE: Final = re.compile(r"<Code>([^<]{1,80})</Code>")
_MESSAGE: Final = re.compile(r"<Message>([^<]{1,200})</Message>")


@dataclass(frozen=True, kw_only=True)
class Bucket:
    """Where a bucket is, and who we are there.

    Args:
        bucket: Its name.
        prefix: Every key lies below it.
        endpoint: ``https://minio.plant.example:9000``; nothing means Amazon's.
        region: Where the bucket lies. Most others than Amazon take any.
        access_key: Whose rights we have; nothing means those of this machine or container.
        secret_key: What proves it.
        ca_file: Who has signed the store's certificate, where the system does not know him.
        patience_s: A store that says nothing for so long does not answer.
    """

    bucket: str
    prefix: str = ""
    endpoint: str | None = None
    region: str = "us-east-1"
    access_key: str | None = None
    secret_key: str | None = None
    ca_file: Path | None = None
    patience_s: float = 10.0

    def __repr__(self) -> str:
        return f"Bucket({self.bucket!r}, {self.prefix!r})"  # neither key may get into a log


class BucketStore:
    """Blobs as objects of a bucket.

    It needs a store that heeds ``If-None-Match`` and ``If-Match`` on writing; ``trial`` finds out. When a
    connection fails it asks once more, and then says so: whoever waits for it can do something better.

    Args:
        bucket: Where.
    """

    def __init__(self, bucket: Bucket) -> None:
        # The library is an extra: a line on one machine needs none.
        import obstore  # noqa: PLC0415
        from obstore.store import S3Store  # noqa: PLC0415

        self.name = f"s3://{bucket.bucket}/{bucket.prefix}".rstrip("/")
        self._obstore = obstore
        self._refused = (
            FileNotFoundError,
            obstore.exceptions.AlreadyExistsError,
            obstore.exceptions.PreconditionError,
        )
        with self._weather():
            self._objects = S3Store(
                bucket.bucket,
                prefix=bucket.prefix or None,
                config=_config(bucket),
                client_options=_client(bucket),
                retry_config={
                    "max_retries": 1,
                    "retry_timeout": timedelta(seconds=2 * bucket.patience_s),
                    "backoff": {
                        "init_backoff": timedelta(milliseconds=100),
                        "max_backoff": timedelta(seconds=1),
                        "base": 2,
                    },
                },
            )

    def create(self, key: str, data: bytes) -> str | None:
        """Make a blob that must not be there yet."""
        return self._put(key, data, "create")

    def replace(self, key: str, data: bytes, version: str) -> str | None:
        """Put these bytes in the place of those of a version."""
        return self._put(key, data, {"e_tag": version})

    def put(self, key: str, source: bytes | Path) -> None:
        """Make or overwrite a blob."""
        checked(key)
        with BytesIO(source) if isinstance(source, bytes) else source.open("rb") as content:
            try:
                with self._weather():
                    self._obstore.put(self._objects, key, content, chunk_size=_PIECE, max_concurrency=4)
            except _NotNow as problem:
                raise StoreUnusable(self.name, _said(problem)) from problem

    def get(self, key: str) -> Content | None:
        """A blob that fits into memory."""
        checked(key)
        try:
            with self._weather():
                answer = self._obstore.get(self._objects, key)
                return Content(bytes(answer.bytes()), str(answer.meta["e_tag"]))
        except _NotNow:
            return None

    def part(self, key: str, start: int, size: int) -> bytes | None:
        """So many bytes from a place on."""
        checked(key)
        try:
            with self._weather():
                return bytes(self._obstore.get_range(self._objects, key, start=start, length=size))
        except _NotNow:
            return None

    def fetch(self, key: str, target: Path) -> bool:
        """Copy a blob into a new file."""
        checked(key)
        try:
            with self._weather():
                answer = self._obstore.get(self._objects, key)
        except _NotNow:
            return False
        with new_file(target) as copy:
            for piece in self._each(iter(answer.stream(min_chunk_size=_PIECE))):
                copy.write(piece)
        return True

    def size(self, key: str) -> int | None:
        """How many bytes a blob has."""
        checked(key)
        try:
            with self._weather():
                return int(self._obstore.head(self._objects, key)["size"])
        except _NotNow:
            return None

    def delete(self, *keys: str) -> None:
        """Remove blobs."""
        for key in keys:
            checked(key)
        for start in range(0, len(keys), _AT_ONCE):
            some = list(keys[start : start + _AT_ONCE])
            # To ask for one alone is simpler, and there are stores that know nothing else.
            with suppress(_NotNow), self._weather():
                self._obstore.delete(self._objects, some[0] if len(some) == 1 else some)

    def list(self, prefix: str = "", *, after: str = "") -> Iterator[Entry]:
        """Every blob below a prefix, in the order of their keys."""
        below = checked_prefix(prefix)
        with self._weather():
            pages = self._obstore.list(self._objects, prefix=below or None, offset=after or None)
        for page in self._each(iter(pages)):
            for found in page:
                yield Entry(found["path"], found["size"], found["last_modified"])

    def _put(self, key: str, data: bytes, mode: "PutMode") -> str | None:
        checked(key)
        try:
            with self._weather():
                done = self._obstore.put(self._objects, key, data, mode=mode, use_multipart=False)
        except _NotNow:
            return None
        return str(done["e_tag"])

    def _each(self, pieces: Iterator[Any]) -> Iterator[Any]:
        """What an iterator of the library gives, with its errors in our words."""
        while True:
            with self._weather():
                piece = next(pieces, None)
            if piece is None:
                return
            yield piece

    @contextmanager
    def _weather(self) -> Iterator[None]:
        """Turn what the library raises into what we raise."""
        try:
            yield
        except (self._obstore.exceptions.BaseError, OSError) as problem:
            if isinstance(problem, self._refused) and not _NO_BUCKET.search(str(problem)):
                raise _NotNow from problem
            raise StoreUnusable(self.name, _said(problem)) from problem


class _NotNow(Exception):
    """There is no such blob, or the one there is not what it was to be."""


def _config(bucket: Bucket) -> "S3Config":
    config: S3Config = {
        "region": bucket.region,
        # The transfer carries a checksum that the store compares.
        "checksum_algorithm": "SHA256",
        "conditional_put": "etag",
    }
    if bucket.endpoint:
        config["endpoint"] = bucket.endpoint
    if bucket.access_key is not None:
        config["access_key_id"] = bucket.access_key
        config["secret_access_key"] = bucket.secret_key or ""
    return config


def _client(bucket: Bucket) -> "ClientConfig":
    patience = timedelta(seconds=bucket.patience_s)
    options: ClientConfig = {
        "connect_timeout": patience / 2,
        "read_timeout": patience,
        # A large blob takes its time, and nobody minds as long as it moves.
        "timeout": timedelta(hours=1),
        "allow_http": (bucket.endpoint or "").startswith("http://"),
    }
    if bucket.ca_file is not None:
        options["root_certificate"] = bucket.ca_file.read_bytes()
    return options


def _said(problem: BaseException) -> str:
    """What a store said, in one line: errors come with whole answers, and with the library's own words."""
    text = str(problem)
    code, message = _CODE.search(text), _MESSAGE.search(text)
    if code:
        return f"it answers {code[1]}" + (f": {message[1]}" if message else "")
    first = text.split("\n", 1)[0].split("Debug source", 1)[0].strip()
    if "error sending request" in first:
        return "it can't be reached, or does not answer"
    return first[:300]
