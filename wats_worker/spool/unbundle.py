"""Give the files of a bundle the shape back that they had in their watch folder."""

import errno
import os
import shutil
import stat
import zlib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path
from zipfile import ZipFile, ZipInfo

from wats_broker.files import CHUNK, FOLDER, fsync_folder, new_file
from wats_worker.spool.bundle import original_name
from wats_worker.spool.files import PART, READ_SAFELY, is_ours, is_regular, open_folder, pieces, reserve
from wats_worker.spool.model import FileMeta


def numbered(name: str, number: int) -> str:
    """The name a file of a unit gets where that of another unit is taken: the top of its path is numbered.

    >>> numbered("X 1.5/a.csv", 1), numbered("X 1.5/a.csv", 2), numbered("X 1.5.txt", 2)
    ('X 1.5/a.csv', 'X 1.5 (2)/a.csv', 'X 1.5 (2).txt')
    """
    if number == 1:
        return name
    top, slash, rest = name.partition("/")
    stem, dot, suffix = (top, "", "") if slash else top.rpartition(".")
    return f"{stem or suffix} ({number}){dot}{suffix if stem else ''}{slash}{rest}"


def move(source: Path, meta: FileMeta, folder: Path) -> None:
    """Put the files of a bundle into a folder, all under their own names or all under numbered ones.

    May be repeated after a crash: what is there already with the same bytes is what was put there before.
    """
    with ZipFile(source) as archive:
        infos = archive.infolist()
        number = next(number for number in count(1) if _is_free(infos, number, folder))
        for info in infos:
            with _parent(folder, numbered(original_name(info), number), create=True) as (parent, base):
                if not _is_there(info, base, parent):
                    _put(archive, info, base, parent, meta)
    fsync_folder(folder)


def _is_free(infos: Sequence[ZipInfo], number: int, folder: Path) -> bool:
    """Whether nothing stands under these names but what belongs there."""
    for info in infos:
        try:
            with _parent(folder, numbered(original_name(info), number)) as (parent, base):
                if not is_ours(base, parent) and not _is_there(info, base, parent):
                    return False
        except FileNotFoundError:
            continue  # not even its folder is there
        except NotADirectoryError:
            return False  # something else is, in the place of its folder
    return True


@contextmanager
def _parent(folder: Path, name: str, *, create: bool = False) -> Iterator[tuple[int, str]]:
    *above, base = name.removesuffix("/").split("/")
    parent = open_folder(folder, above, create=create)
    try:
        yield parent, base
    finally:
        os.close(parent)


def _is_there(info: ZipInfo, base: str, parent: int) -> bool:
    with ExitStack() as opened:
        try:
            descriptor = os.open(
                base, FOLDER | os.O_NOFOLLOW if info.is_dir() else READ_SAFELY, dir_fd=parent
            )
        except OSError:
            return False  # not there, a link, or not for us to read: in any case not known to be ours
        opened.callback(os.close, descriptor)
        status = os.fstat(descriptor)
        if info.is_dir():
            return stat.S_ISDIR(status.st_mode)
        if not is_regular(status) or status.st_size != info.file_size:
            return False
        crc = 0
        for piece in pieces(descriptor, size=info.file_size):
            crc = zlib.crc32(piece, crc)
        return crc == info.CRC


def _put(archive: ZipFile, info: ZipInfo, base: str, parent: int, meta: FileMeta) -> None:
    if info.is_dir():
        os.mkdir(base, dir_fd=parent)
        return
    part = f".{meta.file_id}{PART}"
    with (
        archive.open(info) as content,
        new_file(part, folder=parent, anew=True) as target,
    ):
        shutil.copyfileobj(content, target, CHUNK)
        target.flush()
        os.utime(target.fileno(), ns=(meta.mtime_ns, meta.mtime_ns))
        os.fsync(target.fileno())
    if not reserve(base, parent):
        raise FileExistsError(errno.EEXIST, "somebody took the name meanwhile", base)
    os.rename(part, base, src_dir_fd=parent, dst_dir_fd=parent)
    os.fsync(parent)
