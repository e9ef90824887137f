"""Plugins are found without being run: what their text says of them, where they lie, when they change."""

import os
import sys
from pathlib import Path

import pytest

from wats_worker.converters.plugins import CONVERTERS, Lookout, Unusable, read, search

WHOLE = """
from wats_worker.converters import base

NAME, TITLE, VERSION = "{name}", "A tester", "1.2"

class Options(base.Options):
    sheet: int = 1
    _hidden = 2

def probe(head, tail, name):
    return 0.0

def convert(source, options):
    yield from ()
"""
#: A module that would be noticed if anybody ran it.
LOUD = "import pathlib\npathlib.Path(__file__ + '.ran').touch()\n"


def text(name: str = "acme-ict", **changes: str) -> bytes:
    whole = WHOLE.format(name=name)
    for old, new in changes.items():
        whole = whole.replace(old, new)
    return whole.encode()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "plugins"
    place.mkdir()
    return place


class TestTheCard:
    def test_it_is_read_from_the_text(self):
        """Name, title, version and the options' names."""
        card = read(text())

        assert (card.name, card.title, card.version) == ("acme-ict", "A tester", "1.2")
        assert card.options == {"sheet"}

    @pytest.mark.parametrize(
        "code",
        [
            "from typing import Final\nNAME: Final = 'n'\nTITLE: Final = 't'\nVERSION: Final = '1'",
            "(NAME, TITLE), VERSION = ('n', 't'), '1'",
            "NAME = 'old'\nNAME = 'n'\nTITLE = VERSION = 't'",
            "try:\n    NAME, TITLE, VERSION = 'n', 't', '1'\nexcept ValueError:\n    pass",
        ],
    )
    def test_it_may_be_written_in_other_ways(self, code):
        """As long as it stands there in letters."""
        card = read(f"{code}\nfrom elsewhere import Options, probe, convert".encode())

        assert card.name == "n"
        assert card.options is None

    @pytest.mark.parametrize(
        ("line", "options"),
        [
            ("from wats_worker.converters.base import Options", frozenset()),
            ("from wats_worker.converters import base as b\nclass Options(b.Options):\n    a: int = 1", {"a"}),
            ("from wats_worker.converters.base import Options as Common\nclass Options(Common): pass", frozenset()),
            ("import wats_worker.converters.base\nOptions = make()", None),
            ("from elsewhere import Parent\nclass Options(Parent): pass", None),
            ("from wats_worker.converters import base\nclass Options(base.Options):\n    a: int = Field(alias='b')", None),
        ],
    )  # fmt: skip
    def test_its_options_are_known_where_they_can_be(self, line, options):
        """Where they can't be told, nobody guesses."""
        code = f"NAME = TITLE = VERSION = 'n'\n{line}\ndef probe(): ...\ndef convert(): ..."

        assert read(code.encode()).options == options

    @pytest.mark.parametrize(
        ("broken", "reason"),
        [
            (b"def x(:", "line 1: invalid syntax"),
            (text(VERSION="version"), "VERSION has to stand at the top level as a short text"),
            (text(**{'"1.2"': "str(1.2)"}), "VERSION has to stand"),
            (text(**{"def probe": "def prob", "def convert": "def conv"}), "it has no probe and no convert"),
            (text("Acme ICT"), "NAME is 'Acme ICT'; it has to be of small letters"),
            (text("auto"), "NAME is 'auto'"),
            (text("-x"), "NAME is '-x'"),
            (b"\0", "null bytes"),
            (b"x = " + b"-" * 100_000 + b"1", "it can't be read as Python: "),
            (b"#" * 2_000_000, "2000000 bytes"),
        ],
    )  # fmt: skip
    def test_what_is_wrong_is_named(self, broken, reason):
        """So that its author can mend it."""
        with pytest.raises(Unusable) as unusable:
            read(broken)

        assert reason in str(unusable.value)


class TestTheSearch:
    def test_nothing_is_run(self, folder):
        """The text is read, never imported: no code of theirs runs outside the jail."""
        (folder / "loud.py").write_bytes(LOUD.encode() + text())

        assert [plugin.card.name for plugin in search(folder).plugins] == ["acme-ict"]
        assert list(folder.glob("*.ran")) == []
        assert "loud" not in sys.modules

    def test_a_broken_one_is_set_aside_and_the_rest_found(self, folder):
        """Named with its reason; what is no plugin at all is passed over."""
        (folder / "a.py").write_bytes(text("a"))
        (folder / "b.py").write_bytes(b"def x(:")
        (folder / "c.py").write_bytes(text("c"))
        for name in ("_part.py", "test_a.py", "conftest.py", "notes.txt", ".hidden.py"):
            (folder / name).write_bytes(b"(")

        found = search(folder)

        assert [plugin.card.name for plugin in found.plugins] == ["a", "c"]
        assert [(aside.origin, aside.reason) for aside in found.aside] == [
            (str(folder / "b.py"), "line 1: invalid syntax")
        ]

    def test_of_two_with_one_name_the_first_stays(self, folder):
        """And the other is told which one that is."""
        (folder / "one.py").write_bytes(text())
        (folder / "two.py").write_bytes(text())

        found = search(folder)

        assert [plugin.path.name for plugin in found.plugins] == ["one.py"]
        assert found.aside[0].reason == f"its NAME 'acme-ict' is that of {folder / 'one.py'} too"

    def test_a_missing_folder_is_told(self, folder):
        """A slip in the configuration must not look like a plant without plugins."""
        assert search(folder / "nowhere").aside[0].reason == "there is no such folder"
        assert search(None).aside == ()

    def test_one_that_is_too_large_is_set_aside(self, folder):
        """Its text is taken apart by the worker itself, in its own memory."""
        (folder / "large.py").write_bytes(text() + b"#" * (1 << 20))

        assert "is the most that is read" in search(folder).aside[0].reason

    def test_a_folder_of_the_same_name_is_its_own(self, folder):
        """For tables and the like; another one's is not."""
        (folder / "a.py").write_bytes(text("a"))
        (folder / "b.py").write_bytes(text("b"))
        (folder / "a").mkdir()

        assert [plugin.own for plugin in search(folder).plugins] == [folder / "a", None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """``install(value, **files)``: a package with one entry point, as pip would put it there."""
    place = tmp_path / "site-packages"
    place.mkdir()
    monkeypatch.syspath_prepend(place)

    def install(value: str, **files: bytes) -> Path:
        info = place / "acme_converters-3.1.dist-info"
        info.mkdir(exist_ok=True)
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-converters\nVersion: 3.1\n")
        (info / "entry_points.txt").write_text(f"[{CONVERTERS.group}]\nict = {value}\n")
        for name, content in files.items():
            path = place / f"{name.replace('__', '/')}.py"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        return place

    return install


class TestInstalledPackages:
    def test_a_package_brings_one(self, install):
        """Its own modules are not imported, nor is the package; all of it may be read by the converter."""
        place = install("acme.testers.ict")
        for package in ("acme", "acme/testers"):
            (place / package).mkdir()
            (place / package / "__init__.py").write_text(LOUD)
        (place / "acme/testers/ict.py").write_bytes(LOUD.encode() + text())

        (plugin,) = search(None).plugins

        assert plugin.origin == "acme.testers.ict of acme-converters 3.1"
        assert plugin.path == place / "acme/testers/ict.py"
        assert plugin.own == place / "acme"
        assert list(place.rglob("*.ran")) == []
        assert not any(name.startswith("acme") for name in sys.modules)

    @pytest.mark.parametrize(
        ("value", "reason"),
        [
            ("acme_ict:Converter", "has to name a module alone"),
            ("acme_nothing", "there is no module acme_nothing"),
            ("acme_ict.inner", "there is no module acme_ict.inner"),
            ("math", "is not a Python file"),
        ],
    )
    def test_an_entry_that_leads_nowhere_is_told(self, install, value, reason):
        """With the package that brought it."""
        install(value, acme_ict=text())

        (aside,) = search(None).aside

        assert reason in aside.reason
        assert aside.origin.endswith("of acme-converters 3.1")


class TestTheLookout:
    def test_it_speaks_only_when_something_changed(self, folder):
        """A new file, another text, a file that is gone."""
        lookout = Lookout(folder)
        names = []

        def look() -> bool:
            found = lookout.look()
            if found is None:
                return False
            names.append([plugin.card.version for plugin in found.plugins])
            return True

        assert look()
        assert not look()
        (folder / "a.py").write_bytes(text("a"))
        assert look()
        assert not look()
        (folder / "a.py").write_bytes(text("a", **{"1.2": "1.3"}))
        assert look()
        (folder / "a.py").unlink()
        assert look()
        assert names == [[], ["1.2"], ["1.3"], []]

    def test_a_changed_text_is_noticed_whatever_its_date(self, folder):
        """Deployed with its old date and its old size."""
        path = folder / "a.py"
        path.write_bytes(text("a"))
        before = path.stat()
        lookout = Lookout(folder)
        lookout.look()
        path.write_bytes(text("a", **{"1.2": "2.1"}))
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))

        assert lookout.look().plugins[0].card.version == "2.1"

    def test_a_package_that_is_installed_meanwhile_is_found(self, install, folder):
        """Without a restart."""
        lookout = Lookout(folder)
        lookout.look()

        install("acme_ict", acme_ict=text())

        assert lookout.look().plugins[0].card.name == "acme-ict"

    def test_half_a_file_is_waited_for(self, folder):
        """A copy that is under way when a file comes: the whole is taken, not the half."""
        import threading

        whole = text("a")
        lookout = Lookout(folder)
        lookout.look()
        (folder / "a.py").write_bytes(whole[:100])
        threading.Timer(0.2, (folder / "a.py").write_bytes, [whole]).start()

        found = lookout.look()

        assert (len(found.plugins), found.aside) == (1, ())
