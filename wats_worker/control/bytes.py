"""Bytes as the door gives them: as a download, whatever they are."""

from typing import Final

from fastapi import Response

#: So many at once; the rest follows with an offset.
MOST_BYTES: Final = 1 << 20


def as_download(name: str, piece: bytes, size: int) -> Response:
    """A piece of something that has so many bytes in all."""
    return Response(
        piece,
        media_type="application/octet-stream",
        headers={
            # A tester's file may be anything; no browser is to think that it comes from us.
            "Content-Disposition": f'attachment; filename="{name}"',
            "X-Content-Type-Options": "nosniff",
            "X-Source-Size": str(size),
        },
    )
