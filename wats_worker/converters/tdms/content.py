"""What is in a TDMS file, as plain texts and numbers. The only module here that knows npTDMS.

It is imported with the first file: with numpy it takes as much memory as all else that a conversion needs,
and most lines have no such files.
"""

import math
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, BinaryIO, Self

from wats_worker.converters.base import Refused, Source
from wats_worker.converters.tdms.options import Property
from wats_worker.converters.texts import shown

if TYPE_CHECKING:
    from nptdms import TdmsChannel, TdmsFile, TdmsGroup


class Content:
    """The groups, channels and properties of an open file."""

    def __init__(self, file: "TdmsFile", size: int) -> None:
        self._file = file
        self._size = size

    @classmethod
    @contextmanager
    def of(cls, source: Source) -> Iterator[Self]:
        """Open a file.

        Raises:
            Refused: npTDMS is not installed, or can't make sense of the file.
        """
        try:
            from nptdms import TdmsFile  # noqa: PLC0415  see the module's docstring
        except ImportError:
            fix = "install it where the worker runs: pip install 'wats-worker[tdms]'"
            raise Refused("TDMS files are read with npTDMS, which is not installed", fix=fix) from None
        with source.open() as stream, _damage(), TdmsFile.open(_Short(stream, source.size)) as file:
            yield cls(file, source.size)

    def text(self, place: Property) -> str:
        """A property as a text; empty if it is not there."""
        return _written(self._owner(place.group, place.channel).properties.get(place.property))

    def unit(self, group: str, channel: str) -> str:
        """The unit of a channel."""
        return _written(self.channel(group, channel).properties.get("unit_string"))

    def values(self, group: str, channel: str) -> Iterator[list[float]]:
        """The values of a channel, some at a time.

        Raises:
            Refused: they are no numbers, or more than the file has room for.
        """
        found = self.channel(group, channel)
        if len(found) > self._size:
            raise Refused(f"{len(found)} values in a file of {self._size} bytes", place=found.path)
        if found.dtype.kind not in "biuf":
            raise Refused("its values are no numbers", place=found.path)
        for chunk in found.data_chunks():
            yield [float(value) for value in chunk[:]]

    def times(self, group: str, channel: str) -> tuple[float, float]:
        """When the first value of a waveform was taken, and the time between two; 0 and 1 if it is none."""
        properties = self.channel(group, channel).properties
        increment = properties.get("wf_increment")
        begin = properties.get("wf_start_offset", 0.0)
        if not isinstance(increment, float) or not math.isfinite(increment) or increment <= 0:
            return 0.0, 1.0
        return (begin if isinstance(begin, float) and math.isfinite(begin) else 0.0), increment

    def channel(self, group: str, channel: str) -> "TdmsChannel":
        """The channel of that name in the groups of that name.

        Raises:
            Refused: there is none, or there are several: programs like to add copies with fewer points.
        """
        found = [
            one for each in self._groups(group) for one in each.channels() if fnmatchcase(one.name, channel)
        ]
        return _only(
            found, "channel", channel, (one.path for each in self._file.groups() for one in each.channels())
        )

    def _owner(self, group: str | None, channel: str | None) -> "TdmsFile | TdmsGroup | TdmsChannel":
        if group is None:
            return self._file
        if channel is not None:
            return self.channel(group, channel)
        return _only(self._groups(group), "group", group, (one.name for one in self._file.groups()))

    def _groups(self, pattern: str) -> list["TdmsGroup"]:
        return [one for one in self._file.groups() if fnmatchcase(one.name, pattern)]


class _Short:
    """A stream that never makes room for more than there is, whatever a damaged file asks for."""

    def __init__(self, stream: BinaryIO, size: int) -> None:
        self._stream = stream
        self._size = size
        self.seek, self.tell, self.readinto = stream.seek, stream.tell, stream.readinto  # type: ignore[attr-defined]

    def read(self, size: int = -1) -> bytes:
        left = max(0, self._size - self._stream.tell())
        return self._stream.read(left if size < 0 else min(size, left))

    def close(self) -> None:
        """The stream is closed by its owner."""


@contextmanager
def _damage() -> Iterator[None]:
    try:
        yield
    except (Refused, MemoryError):
        raise
    except Exception as error:  # noqa: BLE001 - npTDMS raises whatever it stumbles over in damaged bytes
        raise Refused(f"it is damaged: {type(error).__name__}: {error}") from None


def _only(found: list[Any], kind: str, name: str, there_is: Iterable[str]) -> Any:
    if len(found) == 1:
        return found[0]
    if found:
        paths = ", ".join(one.path for one in found[:3])
        raise Refused(
            f"{len(found)} {kind}s are called {shown(name)}: {paths}", fix="name the group more closely"
        )
    known = ", ".join(sorted(there_is)[:10]) or "none"
    raise Refused(f"there is no {kind} {shown(name)}; there is {known}")


def _written(value: Any) -> str:
    """A property as a text. A time of TDMS is in UTC; a date of the year 1904 is how it writes none."""
    if value is None:
        return ""
    kind = getattr(getattr(value, "dtype", None), "kind", "")
    if kind == "M":
        text = str(value)
        return "" if text.startswith(("1904-01-01T00:00:00", "NaT")) else f"{text}Z"
    if isinstance(value, bool) or kind == "b":
        return "true" if value else "false"
    return str(value).strip()
