"""The adapter to ``seccompy``: the lists in ``syscalls`` as filters in the kernel.

Two filters are in force in a child, and the stricter answer counts. The outer one allows what is listed and
refuses the rest; the zygote loads it once, and loading it is what costs time. The inner one, loaded by each
child, only takes away what the zygote itself had to keep.
"""

import errno
from collections.abc import Iterable
from typing import Final

from seccompy import (
    Action,
    ArgCmp,
    CmpOp,
    Filter,
    SeccompError,
    UnsupportedError,
    arch,
    supported,
    syscall_nr,
)

from wats_worker.sandbox import syscalls
from wats_worker.sandbox.syscalls import Call

_REFUSE: Final = Action.ERRNO | errno.EPERM


def available() -> bool:
    """Whether this kernel can filter, on an architecture whose system calls we know."""
    try:
        arch()
        return supported()
    except (UnsupportedError, SeccompError):
        return False


def outer(*, threads: bool) -> Filter:
    """The filter for the zygote: nothing but what is listed.

    Calls of another architecture end the process; those of the x32 kind have numbers of their own, which
    are on no list.
    """
    outer = Filter(default=_REFUSE)
    _allow(outer, syscalls.SHARED)
    _allow(outer, syscalls.ZYGOTE)
    if threads:
        _allow(outer, syscalls.THREADS)
    for answer in syscalls.ANSWERS:
        if _exists(answer.call.name):
            outer.errno(answer.call.name, answer.code, args=_conditions(answer.call))
    _ = outer.program  # compile now: the children inherit it
    return outer


def inner() -> Filter:
    """The filter for a child: what only the zygote needs is gone."""
    inner = Filter(default=Action.ALLOW)
    shared = {call.name for call in syscalls.SHARED}
    for name in dict.fromkeys(call.name for call in syscalls.ZYGOTE):
        if not _exists(name):
            continue
        if name in shared:  # some uses stay
            _allow(inner, (call for call in syscalls.SHARED if call.name == name))
        if name == "clone":
            _allow(inner, syscalls.THREADS)
        inner.errno(name, errno.EPERM)
    _ = inner.program
    return inner


def load(filter_: Filter) -> None:
    """Put a filter in force for this thread and all it will start. There is no way back.

    Raises:
        OSError: the kernel, or a container's own filter, does not allow it.
    """
    filter_.load()


def _allow(filter_: Filter, calls: Iterable[Call]) -> None:
    for call in calls:
        if _exists(call.name):
            filter_.allow(call.name, args=_conditions(call))


def _conditions(call: Call) -> list[ArgCmp]:
    return [ArgCmp(one.index, CmpOp.MASKED_EQ, one.value, one.mask) for one in call.when]


def _exists(name: str) -> bool:
    try:
        syscall_nr(name)
    except ValueError:
        return False
    return True
