"""Bytes by content: compressed, kept once however often they come, and proved whenever they are read.

Large ones are kept in pieces, so that neither keeping nor reading takes more memory than a few of them.
"""

import hashlib
from collections.abc import Iterable, Iterator
from typing import Final

import zstandard

from wats_worker.archive.errors import Damaged
from wats_worker.archive.record import Blob
from wats_worker.store.store import Store

#: Bytes of one piece before they are compressed.
PIECE: Final = 8 * 2**20
#: The library's own middle: a report is a tenth of its size after it, in less than a millisecond.
_LEVEL: Final = 3


class Blobs:
    """The bytes of one archive.

    Args:
        store: Where they lie.
        piece: Bytes of one piece. Only for testing.
    """

    def __init__(self, store: Store, *, piece: int = PIECE) -> None:
        self._store = store
        self._piece = piece

    def keep(self, blob: Blob, content: Iterable[bytes]) -> None:
        """Keep bytes whose checksum and length are known. What is there already is not written again.

        The last piece, which makes it a blob, is written when all bytes have been found to be the right ones.

        Raises:
            Damaged: these are other bytes.
            StoreUnusable: the store takes nothing for now.
        """
        if self.has(blob):
            return
        digest, size = hashlib.sha256(), 0
        ready: tuple[str, bytes] | None = None
        for key, piece in zip(self._keys(blob), self._cut(content, blob), strict=False):
            if ready is not None:
                self._store.put(*ready)
            digest.update(piece)
            size += len(piece)
            ready = (key, pack(piece))
        if ready is None or (digest.hexdigest(), size) != (blob.sha256, blob.size):
            raise Damaged(f"what was to become blob {blob.sha256}")
        self._store.put(*ready)

    def has(self, blob: Blob) -> bool:
        """Whether all of it is there. It is not read."""
        # The last piece is written last, and removed first.
        return all(self._store.size(key) is not None for key in reversed(self._keys(blob)))

    def read(self, blob: Blob) -> Iterator[bytes]:
        """The bytes, piece by piece, each of them proved; and all of them when the last one was given.

        Raises:
            Damaged: they are not what was kept.
            StoreUnusable: the store gives nothing for now.
        """
        digest = hashlib.sha256()
        keys = self._keys(blob)
        for number, key in enumerate(keys):
            piece = self._get(blob, number, key)
            digest.update(piece)
            if number == len(keys) - 1 and digest.hexdigest() != blob.sha256:
                raise Damaged(f"blob {blob.sha256}")
            yield piece

    def part(self, blob: Blob, start: int, size: int) -> bytes:
        """Some of the bytes, from a place on; fewer at their end.

        Of a large blob they are proved by the checksums of their pieces; the blob's own needs all of them.

        Raises:
            Damaged: they are not what was kept.
            StoreUnusable: the store gives nothing for now.
        """
        end = min(start + size, blob.size)
        if start >= end:
            return b""
        keys = self._keys(blob)
        first, last = start // self._piece, (end - 1) // self._piece
        whole = b"".join(self._get(blob, number, keys[number]) for number in range(first, last + 1))
        if len(whole) == blob.size and hashlib.sha256(whole).hexdigest() != blob.sha256:
            raise Damaged(f"blob {blob.sha256}")
        return whole[start - first * self._piece : end - first * self._piece]

    def delete(self, blobs: Iterable[Blob]) -> None:
        """Keep them no longer. Whoever does that knows that no record needs them."""
        self._store.delete(*(key for blob in blobs for key in reversed(self._keys(blob))))

    def _keys(self, blob: Blob) -> list[str]:
        home = f"blobs/{blob.sha256[:2]}/{blob.sha256}"
        count = -(-blob.size // self._piece)
        return [home] if count <= 1 else [f"{home}.{number:06}" for number in range(count)]

    def _get(self, blob: Blob, number: int, key: str) -> bytes:
        found = self._store.get(key)
        if found is None:
            raise Damaged(f"blob {blob.sha256}")
        piece = unpack(found.data, f"blob {blob.sha256}", most=self._piece)
        if len(piece) != min(self._piece, blob.size - number * self._piece):
            raise Damaged(f"blob {blob.sha256}")
        return piece

    def _cut(self, content: Iterable[bytes], blob: Blob) -> Iterator[bytes]:
        """The content in pieces of the right length: at least one, and little more than there should be."""
        waiting, length = bytearray(), 0
        for some in content:
            waiting += some
            length += len(some)
            if length > blob.size:
                break
            while len(waiting) > self._piece:
                yield bytes(waiting[: self._piece])
                del waiting[: self._piece]
        yield bytes(waiting)


def pack(data: bytes) -> bytes:
    """Compress, with a checksum inside."""
    return zstandard.ZstdCompressor(level=_LEVEL, write_checksum=True).compress(data)


def unpack(data: bytes, what: str, *, most: int) -> bytes:
    """The bytes that were packed.

    Args:
        data: What ``pack`` gave.
        what: What it is, for who reads that it is damaged.
        most: No more than so many were packed; a spoilt length must not fill the memory.

    Raises:
        Damaged: it did not come from ``pack``, or was changed since.
    """
    try:
        size = zstandard.frame_content_size(data)
        if not 0 <= size <= most:
            raise Damaged(what)
        return zstandard.ZstdDecompressor().decompress(data)
    except zstandard.ZstdError:
        raise Damaged(what) from None
