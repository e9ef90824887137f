"""A mapped file's lines: in the code page the mapping names, and only if the file is complete."""

import io
import re
from collections.abc import Iterator
from typing import Final

from wats_worker.converters.base import NotReady, Refused, Source
from wats_worker.converters.lines import LONGEST, lines, wait_for_last_line
from wats_worker.converters.mapped.model import Mapping
from wats_worker.converters.mapped.patterns import LONGEST_LINE, safe

_UTF16: Final = (b"\xff\xfe", b"\xfe\xff")
#: Colours and cursor moves of a terminal.
_ESCAPES: Final = re.compile(r"\x1b(?:\[[0-9;?]*[A-Za-z]|[()][A-Z0-9]|[=>])")


def complete_lines(source: Source, mapping: Mapping, *, terminal: bool = False) -> Iterator[str]:
    """The lines of the file, without their ends.

    Args:
        source: The file.
        mapping: Its encoding, and what it ends with.
        terminal: Take out what a terminal obeys and nobody sees.

    Raises:
        NotReady: the end that the mapping asks for is not there.
        Refused: the file is empty, or its encoding is not certain.
    """
    if not source.size or not source.head.strip(b" \t\r\n\xef\xbb\xbf"):
        raise Refused("the file is empty")
    wide = source.head.startswith(_UTF16)
    if wide and mapping.encoding != "utf-16":
        raise Refused("UTF-16", fix='set encoding = "utf-16" for the source')
    if mapping.last_line_ends and not (wide and _wide_end(source)):
        wait_for_last_line(source)
    last = ""
    for raw in _wide_lines(source) if wide else lines(source, _fallback(mapping)):
        line = plain(raw) if terminal else raw
        if line.strip():
            last = line
        yield line
    if mapping.ends is not None and not found(safe(mapping.ends), last):
        raise NotReady(f"the line that the file ends with is not there yet: {mapping.ends}")


def found(pattern: re.Pattern[str], line: str) -> re.Match[str] | None:
    """What a pattern finds in a line. In one that is too long for patterns it finds nothing."""
    return pattern.search(line) if len(line) <= LONGEST_LINE else None


def plain(line: str) -> str:
    r"""A line as it was read on a terminal: without colours, and without what was deleted again.

    >>> plain("\x1b[0;31mTEST FAILED\x1b[0m again? [Y/n]m\b \bn")
    'TEST FAILED again? [Y/n]n'
    """
    if "\x1b" in line:
        line = _ESCAPES.sub("", line)
    if "\b" not in line:
        return line
    shown_now: list[str] = []
    at = 0
    for character in line:
        if character == "\b":
            at = max(0, at - 1)
        else:
            shown_now[at : at + 1] = [character]
            at += 1
    return "".join(shown_now)


def _fallback(mapping: Mapping) -> str:
    return "cp1252" if mapping.encoding == "utf-16" else mapping.encoding


def _wide_end(source: Source) -> bool:
    return source.tail[-2:].replace(b"\0", b"") == b"\n"


def _wide_lines(source: Source) -> Iterator[str]:
    with io.TextIOWrapper(source.open(), "utf-16", newline="\n") as reader:
        try:
            while line := reader.readline(LONGEST):
                if len(line) == LONGEST:
                    raise Refused(f"a line of more than {LONGEST} characters")
                if "\0" in line:
                    raise Refused("a NUL character in a text file")
                yield line.rstrip("\r\n")
        except UnicodeDecodeError as error:
            raise Refused("not UTF-16", place=f"byte {error.start}") from None
