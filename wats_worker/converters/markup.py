"""XML from machines: read as it comes, and only XML that is plain, whole and alone in its file.

No DTD, no entities, no network: a machine's log has no use for them, and an attacker has. A document whose
end is missing may still be being written; one that breaks off before the end of its file is broken.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Final, NamedTuple, cast

from lxml import etree
from lxml.etree import _Element

from wats_worker.converters.base import HEAD_BYTES, NotReady, Refused, Source

_BOM: Final = b"\xef\xbb\xbf"
_UTF16: Final = (b"\xff\xfe", b"\xfe\xff")
_DOCTYPE: Final = re.compile(rb"<!\s*DOCTYPE", re.IGNORECASE)
# What may stand before the first start tag. Lazy quantifiers up to a fixed end: linear in the head's 64 kB.
_PROLOG: Final = re.compile(rb"\s+|<\?.*?\?>|<!--.*?-->", re.DOTALL)
_TAG: Final = re.compile(rb"<(?:([A-Za-z_][\w.-]*):)?([A-Za-z_][\w.-]*)((?:\s[^<>]*)?)/?>")
_NAMESPACE: Final = re.compile(rb"\bxmlns(?::([\w.-]+))?\s*=\s*(?:\"([^\"]*)\"|'([^']*)')")
#: A tag that no element has.
_NONE: Final = ("{urn:wats-worker:none}none",)


class Root(NamedTuple):
    """The first element of a document, as far as its start tag says."""

    name: str  # without its prefix
    namespace: str
    tag: bytes  # what stands behind the name: the attributes


def root(head: bytes) -> Root | None:
    r"""The root of the document that begins like this; None where it isn't XML or its root begins too late.

    >>> root(b"<?xml version='1.0'?>\n<!-- by us --><t:Results xmlns:t='urn:x' n='1'>")[:2]
    ('Results', 'urn:x')
    >>> root(b"plain text") is None
    True
    """
    head = head.replace(b"\0", b"").removeprefix(_BOM)  # UTF-16, as far as it is ASCII
    at = 0
    for mark in _UTF16:
        head = head.removeprefix(mark)
    while skipped := _PROLOG.match(head, at):
        at = skipped.end()
    tag = _TAG.match(head, at)
    if tag is None:
        return None
    prefix, name, attributes = tag[1], tag[2], tag[3]
    for found in _NAMESPACE.finditer(attributes):
        if found[1] == prefix:
            namespace = found[2] if found[2] is not None else found[3]
            return Root(name.decode(), namespace.decode(errors="replace"), attributes)
    return Root(name.decode(), "", attributes)


def events(
    source: Source, *, check: Callable[[_Element], object], tags: Sequence[str] | None = None
) -> Iterator[tuple[str, _Element]]:
    """Start and end of the document's elements, as far as the file has been read.

    Args:
        source: The file.
        check: Is given the root before anything else and raises what is wrong with it.
        tags: Which elements to tell about, such as ``{*}Report``; all when None. Fewer are faster.

    Raises:
        NotReady: the end of the document is missing.
        Refused: it is not XML, has a DOCTYPE, or goes on after its root.
    """
    if not source.head.removeprefix(_BOM).strip():
        raise Refused("the file is empty")
    if b"\0" in source.head[:4] and not source.head.startswith(_UTF16):
        raise Refused("UTF-16 without its byte order mark")  # libxml2 would guess
    if _DOCTYPE.search(source.head.replace(b"\0", b"")):
        raise Refused("a DOCTYPE, which no log of a machine has", place="the first lines")
    first: _Element | None = None
    try:
        for event, element in _parsed(source, tags):
            if first is None:
                first = element.getroottree().getroot()
                if first.getroottree().docinfo.internalDTD is not None:
                    raise Refused("a DOCTYPE, which no log of a machine has", place="the first lines")
                check(first)
            if event != "over":
                yield event, element
    except etree.XMLSyntaxError as error:
        raise _said(error) from None


def _said(error: etree.XMLSyntaxError) -> Exception:
    """What the parser means. It calls everything a mistake in the document."""
    text = (error.msg or "").strip()
    if getattr(error, "code", None) == etree.ErrorTypes.ERR_NO_MEMORY:
        return MemoryError()
    if "XML_PARSE_HUGE" in text:
        text = "larger in one place than any log is: a text of 10 MB, or 256 elements inside of each other"
        return Refused(text, place=f"line {error.lineno}")
    return Refused(f"not XML: {text}", place=f"line {error.lineno}")


def whole(source: Source, *, check: Callable[[_Element], object]) -> _Element:
    """The root of a document that is small enough to be held in one piece; see ``events``."""
    source.must_fit()
    found: list[_Element] = []

    def checked(element: _Element) -> None:
        check(element)
        found.append(element)

    for _ in events(source, check=checked, tags=_NONE):
        pass
    return found[0]


def is_named(*names: str) -> Callable[[_Element], None]:
    """A check that the root has one of these names, in whatever namespace."""

    def check(element: _Element) -> None:
        if local(element) not in names:
            raise Refused(f"the root is {element.tag}, not {' or '.join(names)}", place=place(element))

    return check


def local(element: _Element) -> str:
    """An element's name without its namespace."""
    return element.tag.rpartition("}")[2]


def place(element: _Element) -> str:
    """Where an element stands, for messages."""
    return f"line {element.sourceline}"


def only(parent: _Element, name: str) -> _Element | None:
    """The child of this name, whatever its namespace; None when there is none.

    Raises:
        Refused: there are several, and which of them is right the file doesn't say.
    """
    found = parent.findall(f"{{*}}{name}")
    if len(found) > 1:
        raise Refused(f"stands here {len(found)} times", place=place(found[1]), field=name)
    return found[0] if found else None


def forget(element: _Element) -> None:
    """Empty an element and let go of all before it, so that memory holds one of many."""
    element.clear()
    parent = element.getparent()
    while parent is not None and (earlier := element.getprevious()) is not None:
        parent.remove(earlier)


def text(element: _Element | None) -> str:
    """An element's text without blanks around it; empty when there is none."""
    return (element.text or "").strip() if element is not None else ""


def _parsed(source: Source, tags: Sequence[str] | None) -> Iterator[tuple[str, _Element]]:
    parser = etree.XMLPullParser(
        ("start", "end"),
        tag=tags,
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )

    def seen() -> Iterator[tuple[str, _Element]]:
        # Only these two kinds of event were asked for.
        return cast("Iterator[tuple[str, _Element]]", parser.read_events())

    wide = source.head.startswith(_UTF16)
    with source.open() as stream:
        # Old TestStand versions write a name here that XML forbids.
        chunk = stream.read(HEAD_BYTES).replace(b"<?xml:stylesheet", b"<?xml-stylesheet", 1)
        while chunk:
            if not wide and (at := chunk.find(0)) >= 0:
                # libxml2 would stop there, as if it were the end of the file.
                at += stream.tell() - len(chunk)
                raise Refused(
                    "a NUL byte in a text file: the disk or the transfer failed", place=f"byte {at}"
                )
            parser.feed(chunk)
            yield from seen()
            chunk = stream.read(HEAD_BYTES)
    try:
        document = parser.close()
    except etree.XMLSyntaxError as error:
        # What is wrong before the end is found while feeding. Here it is the end that is wrong, or missing.
        if _ended(source):
            raise
        raise NotReady(f"the end of the file is not there yet: {error.msg}") from None
    yield from seen()
    # A document without any of the tags has told nothing yet, not even its root.
    yield "over", document


def _ended(source: Source) -> bool:
    """Whether nothing more is to be expected."""
    known = root(source.head)
    end = rf"</(?:[\w.-]+:)?{re.escape(known.name if known else '')}\s*>"
    return re.search(end.encode(), source.tail.replace(b"\0", b"")) is not None
