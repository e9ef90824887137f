"""Converters made of a few lines, for tests that need a converter to misbehave."""

import textwrap
from pathlib import Path
from typing import Final

_HEAD: Final = '''
import ctypes, errno, fcntl, gc, glob, json, mmap, os, platform, resource, signal, socket, stat, struct
import sys, threading, time
from typing import Any
from seccompy import syscall_nr
from wats_worker.converters import base
from wats_worker.converters.base import NotReady, Refused
from wats_worker.reports import wsjf

NAME, TITLE, VERSION = "hostile", "Hostile", "1"
HELD = {errno.EPERM, errno.EACCES, errno.ENOSYS, errno.EOPNOTSUPP, errno.EROFS}
REPORT = {
    "type": "T", "pn": "PN", "sn": "SN", "rev": "A", "processCode": 10, "result": "P", "machineName": "M",
    "location": "-", "purpose": "-", "start": "2026-01-02T03:04:05+00:00", "uut": {"user": "-"},
    "root": {"id": 0, "group": "M", "stepType": "SequenceCall", "name": "Main", "status": "P",
             "seqCall": {"path": "", "name": "Main", "version": "1"}},
}
libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long

class Options(base.Options):
    attack: str = ""
    host: dict[str, Any] = {}

def report(**changes):
    return wsjf.of(REPORT | changes, draft=True)

def call(name, *arguments):
    number = name if isinstance(name, int) else syscall_nr(name)
    answer = libc.syscall(number, *(ctypes.c_long(a) if isinstance(a, int) else a for a in arguments))
    if answer == -1:
        raise OSError(ctypes.get_errno(), name)
    return answer

def reached(name, *arguments):
    """Whether the kernel itself saw the call: any error of its own says so too."""
    try:
        call(name, *arguments)
    except OSError as error:
        return error.errno not in HELD
    return True

def probe(head, tail, name):
    return 0.9

def descriptors():
    """All that are open, with their status."""
    for number in range(200):
        try:
            yield number, os.fstat(number)
        except OSError:
            pass

def channel():
    """The descriptor over which the child answers."""
    return next(number for number, status in descriptors() if stat.S_ISSOCK(status.st_mode))

def frame(content, kind=b"R", length=None):
    return struct.pack("<cI", kind, len(content) if length is None else length) + content

def forge(header, before=b"", after=b""):
    """Put a result together by hand, answer for the jail, and be gone."""
    pipe = next(one for one in gc.get_objects() if type(one).__name__ == "ResultWriter")._pipe
    with open(pipe, "wb", closefd=False) as stream:
        stream.write(before + frame(header, b"H") + after)
    os.write(channel(), b"!")
    time.sleep(9)
'''


def write_plugin(folder: Path, name: str, convert: str) -> Path:
    """Write a plugin whose ``convert(source, options)`` has this body, or that has this code if it defines one.

    Either may use all that stands above; ``report(**changes)`` is a valid report.
    """
    code = textwrap.dedent(convert).strip()
    if "def convert" not in code:
        code = f"def convert(source, options):\n{textwrap.indent(code, '    ')}"
    path = folder / f"{name}.py"
    path.write_text(f"{_HEAD}\n{code}\n")
    return path
