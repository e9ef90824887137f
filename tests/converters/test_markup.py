"""XML from strangers: what is read, what is waited for, what is refused before it can do harm."""

import pytest

from wats_worker.converters import markup
from wats_worker.converters.base import NotReady, Refused, Source


def names(data: bytes, *tags: str) -> list[tuple[str, str]]:
    source = Source.of_bytes(data, "log.xml")
    found = markup.events(source, check=id, tags=tags or None)
    return [(event, markup.local(element)) for event, element in found]


@pytest.mark.parametrize(
    ("head", "root"),
    [
        (b"<a/>", ("a", "")),
        (b"\xef\xbb\xbf<?xml version='1.0'?>\r\n<!-- <b> --><a x='1'>", ("a", "")),
        (b"<p:a xmlns='urn:d' xmlns:p='urn:p'>", ("a", "urn:p")),
        (b'<a xmlns:p="urn:p" xmlns = "urn:d" >', ("a", "urn:d")),
        ("<a xmlns='urn:d'>".encode("utf-16"), ("a", "urn:d")),
    ],
)
def test_the_root_is_known_from_the_head(head: bytes, root: tuple[str, str]) -> None:
    """In any encoding that is ASCII at heart, and behind what may stand before it."""
    found = markup.root(head)

    assert found is not None
    assert (found.name, found.namespace) == root


@pytest.mark.parametrize(
    "head", [b"", b"text", b"<", b"{}", b"<?xml", b"<!-- " * 9, b"< a>", b"text <a>", bytes(99)]
)
def test_what_is_no_xml_has_no_root(head: bytes) -> None:
    """Also where an element follows later."""
    assert markup.root(head) is None


def test_only_the_wanted_elements_are_told() -> None:
    """Whatever namespace they are in."""
    data = b"<a xmlns:p='urn:p'><p:b><c/></p:b><b/></a>"

    assert names(data, "{*}b") == [("start", "b"), ("end", "b")] * 2
    assert len(names(data)) == 8


@pytest.mark.parametrize(
    "data",
    [
        b"", b" \n", b"\xef\xbb\xbf", b"<a><b></a>", b"<a/><b/>", b"<a/>text", b"<a>\x01</a>", b"<a>\xe9</a>", b"<a>&x;</a>",
        b"<!DOCTYPE a><a/>", b"<!-- " + b"x" * 70_000 + b" --><!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>",
        b"<a>" * 300 + b"</a>" * 300, "<a/>".encode("utf-16-le"), b"<?xml version='1.0' encoding='x-klingon'?><a/>",
        b"<a>" + bytes(20),
    ],
)  # fmt: skip
def test_what_is_not_plain_xml_is_refused(data: bytes) -> None:
    """And never waited for: it won't get better."""
    with pytest.raises(Refused):
        names(data)


def test_a_document_without_its_end_is_waited_for() -> None:
    """As long as it is fine so far."""
    data = b"<a><b>text</b><c d='1'/></a>"

    for end in range(3, len(data)):
        with pytest.raises(NotReady):
            names(data[:end])


def test_the_root_is_checked_even_if_nothing_else_is_wanted() -> None:
    """A document without any of the elements still has a wrong root."""

    def check(root: object) -> None:
        raise Refused("wrong")

    with pytest.raises(Refused, match="wrong"):
        list(markup.events(Source.of_bytes(b"<a/>", "x"), check=check, tags=("b",)))
    assert markup.whole(Source.of_bytes(b"<a><b/></a>", "x"), check=id).tag == "a"


def test_one_fact_stands_once() -> None:
    """Which of two is right the file doesn't say."""
    root = markup.whole(Source.of_bytes(b"<a><b/><c>1</c><c>2</c></a>", "x"), check=id)

    assert markup.only(root, "d") is None
    assert markup.only(root, "b") is not None
    with pytest.raises(Refused, match="2 times"):
        markup.only(root, "c")
