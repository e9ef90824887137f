"""Killing an act at every line of it, the way a power switch would."""

import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import wats_broker.files
import wats_worker.settings

#: An act is killed in these: what writes, and what decides what is written.
WHERE = tuple(
    str(Path(module.__file__).parent)
    for module in (wats_broker.files, wats_worker.settings)
    if module.__file__
)


def killed_at_every_line(
    act: Callable[[], object], *, where: tuple[str, ...] = WHERE, stride: int = 1
) -> Iterator[int]:
    """Run ``act`` in a child again and again, each time killed one line of ours later, until it gets through.

    Yields after each child's end how many lines it got; the caller looks at what is left and prepares the next.
    An act that takes its time is killed at every ``stride``-th line only.
    """
    lines = 0
    while True:
        child = os.fork()
        if not child:
            _act_and_die(act, lines, where)
        _, status = os.waitpid(child, 0)
        yield lines
        if not os.WIFSIGNALED(status):
            assert os.waitstatus_to_exitcode(status) == 0, "the act failed by itself"
            return
        lines += stride


def _act_and_die(act: Callable[[], object], lines: int, where: tuple[str, ...]) -> None:
    left = lines

    def trace(frame: FrameType, event: str, _: object) -> Any:
        nonlocal left
        if not frame.f_code.co_filename.startswith(where):
            return None
        if event == "line":
            if not left:
                os.kill(os.getpid(), signal.SIGKILL)
            left -= 1
        return trace

    code = 1
    try:
        sys.settrace(trace)
        act()
        sys.settrace(None)
        code = 0
    finally:
        os._exit(code)
