"""Archives: plain members are read, everything that could do harm is refused before it is unpacked."""

import gzip
import io
import stat
import zipfile
from datetime import UTC, datetime

import pytest

from wats_worker.converters.archives import Archive, Bounds, unpacked
from wats_worker.converters.base import NotReady, Refused, Source


def packed(*members: tuple[str | zipfile.ZipInfo, bytes], comment: bytes = b"") -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content, zipfile.ZIP_DEFLATED)
        archive.comment = comment
    return target.getvalue()


def source(data: bytes, name: str = "run.zip") -> Source:
    return Source.of_bytes(data, name, modified=datetime(2026, 1, 2, tzinfo=UTC))


def test_members_are_read_one_by_one():
    """In their order; a folder is none."""
    data = packed(("Info.xml", b"<a/>"), ("runs/", b""), ("runs/1.xml", b"<b/>"))

    with Archive(source(data)) as archive:
        assert archive.names == ["Info.xml", "runs/1.xml"]
        assert archive.read("runs/1.xml") == b"<b/>"
        with pytest.raises(KeyError):
            archive.read("runs/2.xml")


def test_a_member_is_a_source_of_its_own():
    """With its own name, the file's time, and warnings that reach the file's reader."""
    whole = source(packed(("1.txt", b"serial")))

    with Archive(whole) as archive:
        inner = archive.source("1.txt")
        inner.warn("odd")

    assert (inner.name, inner.text(), inner.modified) == ("1.txt", "serial", whole.modified)
    assert whole.warnings == ["odd"]


def link(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    return info


@pytest.mark.parametrize(
    ("member", "reason"),
    [
        ("../etc/passwd", "leads out"),
        ("a/../../b", "leads out"),
        ("/etc/passwd", "leads out"),
        ("..\\windows", "leads out"),
        ("C:/windows", "leads out"),
        (link("link"), "a link or a device"),
    ],
)
def test_what_is_no_plain_file_is_refused(member, reason):
    """Named; nothing of the archive is used then."""
    with pytest.raises(Refused, match=reason):
        Archive(source(packed(("good", b"x"), (member, b"/etc/passwd"))))


def test_a_bomb_is_refused_unopened():
    """By what its directory says, and what it says is what is read."""
    bomb = packed(("zeros", bytes(50_000_000)))

    with pytest.raises(Refused, match="more than 200 times its size"):
        Archive(source(bomb))
    with pytest.raises(Refused, match="more than 1000 bytes"):
        Archive(source(packed(("a", b"x" * 600), ("b", b"x" * 600))), Bounds(total=1000))
    with pytest.raises(Refused, match="3 members, and 2 is the most"):
        Archive(source(packed(("a", b""), ("b", b""), ("c", b""))), Bounds(members=2))


def test_a_directory_that_lies_about_a_size_does_not_help():
    """The member is cut where the directory says it ends, and then its check sum is wrong."""
    data = packed(("zeros", b"x" + bytes(5_000_000)))
    true, lie = (5_000_001).to_bytes(4, "little"), (100).to_bytes(4, "little")

    with (
        Archive(source(data.replace(true, lie))) as archive,
        pytest.raises(Refused, match="zeros: it is damaged"),
    ):
        archive.read("zeros")


def test_one_name_twice_is_refused():
    """Two readers would read two different files."""
    with pytest.warns(UserWarning, match="Duplicate name"):
        data = packed(("a", b"1"), ("a", b"2"))

    with pytest.raises(Refused, match="two members of this name"):
        Archive(source(data))


def test_an_encrypted_member_is_refused():
    """Nobody here knows the password."""
    data = bytearray(packed(("a", b"1")))
    data[data.index(b"PK\x01\x02") + 8] |= 1

    with pytest.raises(Refused, match="encrypted"):
        Archive(source(bytes(data)))


def test_an_archive_without_its_end_is_not_ready():
    """Its directory is the last thing that is written."""
    data = packed(("a", b"content " * 100))

    with pytest.raises(NotReady):
        Archive(source(data[:-30]))
    with pytest.raises(Refused, match="not a zip"):
        Archive(source(b"serial=1"))


def test_damage_is_found():
    """By the check sum."""
    data = bytearray(packed(("a", bytes(range(256)) * 10)))
    data[60] ^= 0xFF

    with Archive(source(bytes(data))) as archive, pytest.raises(Refused, match="a: it is damaged"):
        archive.read("a")


def test_a_name_that_differs_at_its_member_is_damage():
    """Where the member lies it may be anything, also no text."""
    data = packed(("Prüfling", b"serial=1"))
    first = data.replace("Prüfling".encode(), b"Pr\xd6\x20fling", 1)

    with Archive(source(first)) as archive, pytest.raises(Refused, match="it is damaged"):
        archive.read("Prüfling")


def test_a_packed_file_is_unpacked():
    """One that isn't packed stays what it is."""
    inner = unpacked(source(gzip.compress(b"serial=1"), "log.txt.gz"))

    assert (inner.name, inner.read()) == ("log.txt", b"serial=1")
    plain = source(b"serial=1")
    assert unpacked(plain) is plain


def test_a_packed_file_has_its_bounds_too():
    """A bomb, a torn end, damage."""
    with pytest.raises(Refused, match="more than 1000000 bytes"):
        unpacked(source(gzip.compress(bytes(50_000_000))), limit=1_000_000)
    with pytest.raises(NotReady):
        unpacked(source(gzip.compress(b"serial=1")[:-5]))
    with pytest.raises(Refused, match="damaged"):
        unpacked(source(gzip.compress(b"serial=1" * 100)[:-8] + bytes(8)))
