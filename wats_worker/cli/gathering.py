"""What belongs to a file, put together as the watcher would."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from wats_broker.files import FOLDER, new_file
from wats_worker.convert.rules import AUTO
from wats_worker.converters.arrival import PAIRS
from wats_worker.settings import AnySource, Source
from wats_worker.spool.bundle import Bundle
from wats_worker.watch.complete import stem
from wats_worker.watch.units import gather

_HEAD: Final = 64 * 1024


@contextmanager
def gathered(file: Path, source: AnySource) -> Iterator[Path]:
    """The file itself; or one made of it and the folder that belongs to it, or of all in a folder.

    Raises:
        Unfit: something in the folder can't be taken.
    """
    file = file.absolute()
    names = [file.name]
    if file.is_file() and _is_half(file, source) and (file.parent / stem(file.name)).is_dir():
        names.append(stem(file.name))
    elif file.is_file():
        yield file
        return
    root = os.open(file.parent, FOLDER)
    try:
        bundle = Bundle(file.parent, gather(root, names))
    finally:
        os.close(root)
    with tempfile.TemporaryDirectory(prefix="wats-") as folder:
        with new_file(Path(folder, "unit")) as made:
            made.writelines(bundle.make())
        yield Path(folder, "unit")


def _is_half(file: Path, source: AnySource) -> bool:
    if isinstance(source, Source) and source.unit == "stem":
        return True
    with file.open("rb") as content:
        head = content.read(_HEAD)
    pairs = [pair for name, pair in PAIRS.items() if source.converter in {AUTO, name}]
    return any(all(mark in head for mark in pair.marks) for pair in pairs)
