"""Attempts to use up the machine: the body of a ``convert``, and how it may end.

On a busy machine the wall clock may be faster than the processor's.
"""

import textwrap
from typing import Final

_BODIES: Final = {
    # memory, in every way there is to get some
    "memory_of_python": ("x = []\nwhile True: x.append(bytearray(1 << 20))", "out of memory"),
    "memory_private": (
        """
        held = []
        while True:
            held.append(mmap.mmap(-1, 1 << 22, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS))
            for at in range(0, 1 << 22, 4096):
                held[-1][at] = 1
        """,
        "out of memory failed",
    ),
    "memory_shared": (
        """
        held = []
        while True:
            held.append(mmap.mmap(-1, 1 << 22))
            for at in range(0, 1 << 22, 4096):
                held[-1][at] = 1
        """,
        "out of memory failed",
    ),
    "memory_of_c": (
        """
        libc.malloc.restype = ctypes.c_void_p
        while (got := libc.malloc(1 << 20)):
            ctypes.memset(got, 1, 1 << 20)
        raise MemoryError
        """,
        "out of memory",
    ),
    "memory_of_pipes": (
        """
        held = []
        while True:
            held.append(os.pipe())
            os.set_blocking(held[-1][1], False)
            os.write(held[-1][1], bytes(1 << 20))
        """,
        "failed",
    ),
    "memory_of_sockets": (
        """
        held = []
        while True:
            held.append(socket.socketpair())
            held[-1][0].setblocking(False)
            held[-1][0].send(bytes(1 << 20))
        """,
        "failed",
    ),
    "stack": (
        "def f(n): return f(n + 1)\nsys.setrecursionlimit(10**9)\nf(0)",
        "crashed out of memory failed cpu limit timed out",
    ),
    "descriptors": ("x = [open('f', 'w') for _ in range(10**5)]", "failed"),
    # the processor
    "spin_on": ("signal.signal(signal.SIGXCPU, signal.SIG_IGN)\nwhile True: pass", "cpu limit timed out"),
    "spin_in_c": ("sum(range(10**12))", "cpu limit timed out"),
    "regular_expression": ("import re\nre.match('(a*)*b', 'a' * 64)", "cpu limit timed out"),
    "sleep": ("signal.signal(signal.SIGTERM, signal.SIG_IGN)\ntime.sleep(60)", "timed out"),
    # the disk
    "one_long_file": ("f = open('f', 'wb')\nwhile True: f.write(bytes(1 << 20))", "failed"),
    "one_hollow_file": ("open('f', 'wb').truncate(1 << 40)", "failed"),
    "many_files": ("for n in range(10**6): open(str(n), 'wb').write(bytes(1 << 20))", "too much scratch"),
    "many_empty_files": ("for n in range(10**6): open(str(n), 'wb').close()", "too much scratch"),
    "many_folders": ("for n in range(10**6): os.mkdir(str(n))", "too much scratch"),
    "deep_folders": ("for n in range(10**6): os.mkdir('d') or os.chdir('d')", "too much scratch failed"),
    "files_without_names": (
        """
        held = []
        while True:
            held.append(open('f', 'wb'))
            os.unlink('f')
            held[-1].write(bytes(1 << 20))
        """,
        "failed",
    ),
    "odd_names": (
        "for n in range(1, 90):\n    if n != 47: os.mkdir(bytes([n, 45, 10])) or open(bytes([n, 10, 45]), 'w').close()\n"
        "yield report()",
        "converted",
    ),
    # what comes out
    "print": ("while True: print('x' * 65536)", "cpu limit timed out"),
    "endless_reports": ("while True: yield report(sn='x' * 90)", "too much output cpu limit timed out"),
    "one_huge_report": (
        "yield report(additionalData=[{'name': 'x', 'props': []}] * 0, miscInfos=[{'description': 'd', "
        "'text': 'y' * 90}] * 10**5)",
        "too much output out of memory failed crashed",
    ),
}

#: By name: the body, and the endings that are right.
FLOODS: Final = {name: (textwrap.dedent(body).strip(), ending) for name, (body, ending) in _BODIES.items()}
