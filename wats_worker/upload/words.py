"""The server's own words, made fit for a person to read: whatever the shape, one short clean text. Pure.

The shape of an error body is not published. Seen or plausible: plain text, a JSON string, ``{"Message"}``,
``{"message"}``, ``{"error"}``, ``{"Message", "ModelState"}``, problem details, the HTML of a proxy or IIS.
"""

import html
import json
import re
from collections.abc import Iterator
from typing import Any, Final

from wats_worker.upload.answer import Answer

#: Characters kept: enough for a dozen field errors, little enough for a listing.
LIMIT: Final = 2000
#: Members that carry the message, in the order in which they are worth reading.
_MESSAGES: Final = ("message", "error", "title", "detail", "error_description", "exceptionmessage")
#: Members that carry errors by field path.
_FIELDS: Final = ("modelstate", "errors")
#: A message inside a message inside a message is the most anybody has a use for.
_DEPTH: Final = 4
_TAG: Final = re.compile(r"<[^<>]*>")


def of(answer: Answer) -> str:
    """Reduce an answer's body to its message.

    >>> of(Answer(400, body=b'{"Message": "Bad.", "ModelState": {"root.pn": ["Required.", "Too short."]}}'))
    'Bad. root.pn: Required. Too short.'
    >>> of(Answer(502, body=b"<html><head><title>502 Bad Gateway</title></head>..."))
    '502 Bad Gateway'
    """
    text = text_of(answer)
    if is_html(answer):
        title = _element(text, "title") or _element(text, "h1") or _element(text, "h2")
        return title or "an HTML page without a title"
    parsed = parse(answer)
    return clean(text if parsed is None else " ".join(_messages(parsed)) or text)


def is_html(answer: Answer) -> bool:
    """Whether the body is a page for people; no WATS service answers a report with one."""
    start = answer.body[:256].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    return "html" in answer.content_type.lower() or start.startswith((b"<!doctype html", b"<html"))


def parse(answer: Answer) -> Any:
    """The body as JSON; None for anything that is not JSON."""
    try:
        return json.loads(text_of(answer))
    except (ValueError, RecursionError):  # the latter: a body of nothing but brackets
        return None


def text_of(answer: Answer) -> str:
    """The body as text. Servers of this world say UTF-8, with or without a mark in front."""
    return answer.body.decode("utf-8-sig", "replace")


def clean(text: str) -> str:
    r"""One line of printable characters, no longer than the limit: it goes to logs, terminals and Redis.

    >>> clean("a\n\x1b[31m b")
    'a [31m b'
    """
    printable = "".join(c if c.isprintable() else " " for c in text[: 4 * LIMIT])
    line = " ".join(printable.split())
    return line if len(line) <= LIMIT else line[: LIMIT - 1] + "…"


def _element(page: str, name: str) -> str:
    # No expression with a "*" over the whole page: a hostile one would keep it busy for minutes.
    low = page.lower()
    start = low.find(f"<{name}")
    opened = low.find(">", start) + 1
    end = low.find(f"</{name}", opened)
    if start < 0 or opened == 0 or end < 0:
        return ""
    return clean(html.unescape(_TAG.sub(" ", page[opened : min(end, opened + LIMIT)])))


def _messages(value: Any, depth: int = _DEPTH) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif depth == 0:
        return
    elif isinstance(value, list):
        for entry in value[:50]:
            yield from _messages(entry, depth - 1)
    elif isinstance(value, dict):
        members = {name.lower(): member for name, member in value.items()}
        for name in _MESSAGES:
            yield from _messages(members.get(name), depth - 1)
        for name in _FIELDS:
            yield from _field_errors(members.get(name), depth - 1)


def _field_errors(errors: Any, depth: int) -> Iterator[str]:
    if isinstance(errors, dict):
        for path, texts in errors.items():
            yield f"{path}: {' '.join(_messages(texts, depth))}"
    else:
        yield from _messages(errors, depth)
