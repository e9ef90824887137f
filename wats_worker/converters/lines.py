"""Lines of a tester's text file, read as they come: bounded memory, one encoding, one kind of line end.

The rules are those of ``Source.text``, which reads a file in one piece: UTF-8 where it decodes strictly, else
the fallback, never both in one file, never a NUL byte.
"""

from collections.abc import Iterator
from typing import Final

from wats_worker.converters.base import NotReady, Refused, Source, decode

#: How much is read at a time.
_BLOCK: Final = 1024 * 1024
#: No tester writes longer lines; a file that has one is damaged, or is no text.
LONGEST: Final = 1024 * 1024
_BOM: Final = b"\xef\xbb\xbf"


def lines(source: Source, fallback: str = "cp1252") -> Iterator[str]:
    """Every line without its end; the last one also when it has no end.

    Raises:
        Refused: a line is too long, has a carriage return inside of it, or the encoding isn't certain.
    """
    decoder = _Decoder(fallback)
    rest = b""
    with source.open() as stream:
        while block := stream.read(_BLOCK):
            block = rest + block if rest else block
            whole, newline, rest = block.rpartition(b"\n")
            if len(rest) > LONGEST:
                raise Refused(f"a line of more than {LONGEST} bytes")
            if newline:
                yield from decoder.text(whole).split("\n")
    if rest:
        yield decoder.text(rest)


def unbroken(source: Source) -> bool:
    """Whether the last line has its end. A file that is cut off has none, unless the cut is lucky."""
    return source.tail.endswith((b"\n", b"\r"))


def wait_for_last_line(source: Source) -> None:
    """See that the last line has its end.

    Raises:
        NotReady: it has none, so the tester may be in the middle of it.
        Refused: there are zeros instead, as a tester leaves them that lost its power.
    """
    if unbroken(source):
        return
    if b"\0" in source.tail:
        raise Refused("NUL bytes at the end of a text file: the disk or the transfer failed")
    raise NotReady("the last line has no end yet")


class _Decoder:
    """Decodes block by block, and remembers which encoding the blocks before were in."""

    def __init__(self, fallback: str) -> None:
        self._fallback = fallback
        self._encoding = ""  # as long as there were only letters that all encodings share
        self._first = True

    def text(self, block: bytes) -> str:
        if self._first and block.startswith(_BOM):
            self._encoding, block = "utf-8", block[len(_BOM) :]
        self._first = False
        if block.isascii() or self._encoding == "utf-8":
            text = decode(block)
        else:
            text = decode(block, self._fallback)
            encoding = "utf-8" if _is_utf8(block) else self._fallback
            if self._encoding and encoding != self._encoding:
                raise Refused("letters in UTF-8 and in an 8-bit code page in one file")
            self._encoding = encoding
        text = text.replace("\r\n", "\n").removesuffix("\r")
        if "\r" in text:
            raise Refused("a carriage return inside of a line: no tester ends its lines so")
        return text


def _is_utf8(block: bytes) -> bool:
    try:
        block.decode()
    except UnicodeDecodeError:
        return False
    return True
