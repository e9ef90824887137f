"""Where plugins lie: in the folder that the configuration names, and in installed packages.

Finding one imports nothing, not even the packages around it.
"""

import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Final

from wats_worker.converters.plugins.card import CONVERTERS, Card, Kind, Unusable, read

#: A file that was touched more recently than this may still be being written.
_QUIET_S: Final = 0.5
#: How long a plugin that does not come to rest keeps a conversion waiting.
_PATIENCE_S: Final = 5.0
#: Its text is taken apart in the worker's own memory, of which each byte takes a hundred.
_MOST_BYTES: Final = 1 << 20


@dataclass(frozen=True)
class Plugin:
    """A converter, or a poller, of somebody else's, as text."""

    card: Card
    path: Path
    origin: str  #: for people: the file, or the package it came with
    text: bytes = field(repr=False)
    #: A folder of its own that it may read: tables, modules it imports.
    own: Path | None = None


@dataclass(frozen=True)
class Aside:
    """Something that stands where a plugin should, and can't be used."""

    origin: str
    reason: str


@dataclass(frozen=True)
class Found:
    """All that was found. The names of the plugins differ."""

    plugins: tuple[Plugin, ...] = ()
    aside: tuple[Aside, ...] = ()


def search(folder: Path | None, kind: Kind = CONVERTERS) -> Found:
    """Look through the folder, then through installed packages.

    What can't be read as such a plugin is set aside with its reason; of two with one name the first stays.
    """
    plugins: dict[str, Plugin] = {}
    aside: list[Aside] = []
    for origin, place in [*_in_folder(folder), *_installed(kind.group)]:
        try:
            if isinstance(place, Unusable):
                raise place
            plugin = _plugin(origin, place, kind)
        except Unusable as unusable:
            aside.append(Aside(origin, str(unusable)))
            continue
        first = plugins.setdefault(plugin.card.name, plugin)
        if first is not plugin:
            aside.append(Aside(origin, f"its NAME {plugin.card.name!r} is that of {first.origin} too"))
    return Found(tuple(plugins.values()), tuple(aside))


class Lookout:
    """Says when the plugins have changed. A look costs a few dozen microseconds.

    Args:
        folder: The plugin folder, if there is one.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._found: Found | None = None
        self._stamps: _Stamps = {}

    def look(self) -> Found | None:
        """What there is, if it is not what there was at the last look.

        Waits a moment for files that were touched just now: half a plugin is no plugin.
        """
        if self._found is not None and _stamps(self._stamps) == self._stamps:
            return None
        stamps = self._at_rest()
        last, self._found = self._found, search(self._folder)
        self._stamps = {**stamps, **_stamps(_package_folders())}
        return None if self._found == last else self._found

    def forget(self) -> None:
        """The next look finds all of it anew, changed or not."""
        self._found, self._stamps = None, {}

    def _at_rest(self) -> "_Stamps":
        give_up = time.monotonic() + _PATIENCE_S
        while True:
            stamps = _stamps(_files(self._folder))
            newest = max((changed / 1e9 for _, _, changed in stamps.values()), default=0.0)
            if newest < time.time() - _QUIET_S or time.monotonic() > give_up:
                return stamps
            time.sleep(_QUIET_S / 5)


_Place = Path | Unusable


def _in_folder(folder: Path | None) -> Iterator[tuple[str, _Place]]:
    """Its modules; not the tests beside them, nor what begins with an underscore or a dot."""
    if folder is None:
        return
    if not folder.is_dir():
        yield str(folder), Unusable("there is no such folder")
        return
    for path in sorted(folder.glob("*.py")):
        if not path.name.startswith(("_", ".", "test_", "conftest.")):
            yield str(path), path


def _installed(group: str) -> Iterator[tuple[str, _Place]]:
    for entry in sorted(entry_points(group=group), key=lambda entry: (entry.name, entry.value)):
        brought = f" of {entry.dist.name} {entry.dist.version}" if entry.dist else ""
        origin = f"{entry.value}{brought}"
        try:
            yield origin, _module(entry)
        except Unusable as unusable:
            yield origin, unusable


def _module(entry: EntryPoint) -> Path:
    """The file of an entry point's module. ``find_spec`` would import the packages around it."""
    if entry.attr:
        raise Unusable(f"the entry point has to name a module alone: {entry.module}")
    places: list[str] | None = None
    parts = entry.module.split(".")
    for count in range(1, len(parts) + 1):
        name = ".".join(parts[:count])
        specs = (finder.find_spec(name, places) for finder in sys.meta_path)
        spec = next((spec for spec in specs if spec is not None), None)
        if spec is None:
            raise Unusable(f"there is no module {name}")
        try:
            places = list(spec.submodule_search_locations or ())
        except KeyError:  # a package without a file of its own, below another one that is not imported
            raise Unusable(f"the package {name} needs an __init__.py") from None
    if spec is None or not spec.origin or not spec.origin.endswith(".py"):
        raise Unusable(f"{entry.module} is not a Python file")
    return Path(spec.origin)


def _plugin(origin: str, path: Path, kind: Kind) -> Plugin:
    try:
        text = path.read_bytes()
    except OSError as error:
        raise Unusable(f"it can't be read: {error.strerror}") from None
    if len(text) > _MOST_BYTES:
        raise Unusable(f"it has {len(text)} bytes, and {_MOST_BYTES} is the most that is read")
    return Plugin(read(text, kind), path.absolute(), origin, text, _own(origin, path))


def _own(origin: str, path: Path) -> Path | None:
    """For a file in the folder, the folder beside it of the same name; for an installed one, its package."""
    if origin == str(path):
        return path.with_suffix("") if path.with_suffix("").is_dir() else None
    package = path.parent
    while (package.parent / "__init__.py").exists():
        package = package.parent
    return package if (package / "__init__.py").exists() else None


#: What files looked like: inode, size, and when anything about them changed; nothing for one that is gone.
_Stamps = dict[Path, tuple[int, int, int]]


def _files(folder: Path | None) -> Iterator[Path]:
    """Every file that is a plugin or should be one, and the folder."""
    if folder is not None:
        yield folder
    for _, place in [*_in_folder(folder), *_installed(CONVERTERS.group)]:
        if isinstance(place, Path):
            yield place


def _package_folders() -> list[Path]:
    """Where packages are installed: that changes one of these folders."""
    return [Path(entry) for entry in sys.path if entry]


def _stamps(paths: Iterable[Path]) -> _Stamps:
    stamps: _Stamps = {}
    for path in paths:
        try:
            status = path.stat()
        except OSError:
            stamps[path] = (0, 0, 0)
        else:
            stamps[path] = (status.st_ino, status.st_size, status.st_ctime_ns)
    return stamps
