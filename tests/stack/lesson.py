"""Types what a page of the documentation says, command by command, in a checkout of its own.

What a person types stands in blocks marked ``sh``. The rest of a page is for reading.
"""

import os
import re
import subprocess
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from support import ROOT

#: How long a person looks again and again until a page shows what it should.
_PATIENCE_S: Final = 180.0
_BLOCK: Final = re.compile(r"^(?P<indent> *)```sh\n(?P<text>.*?)^(?P=indent)```$", re.DOTALL | re.MULTILINE)


def commands(page: Path) -> Iterator[str]:
    """The commands of a page in their order; one that goes over several lines is one."""
    for block in _BLOCK.finditer(page.read_text()):
        text = re.sub(rf"^{block['indent']}", "", block["text"], flags=re.MULTILINE)
        for command in re.split(r"(?<!\\)\n", text):
            if command.strip() and not command.startswith("#"):
                yield command


def take(page: str, folder: Path, *, shown: Mapping[str, str], **environment: str) -> Iterator[str]:
    """Type all of a page; what went otherwise than it says.

    Args:
        page: Below ``docs/``.
        folder: Where a person would stand.
        shown: What has to be seen after a command, as a pattern. Who does not see it looks again.
        environment: What the shell has besides.
    """
    unseen = dict(shown)
    for command in commands(ROOT / "docs" / page):
        began = time.monotonic()
        code, text = _type(command, folder, environment)
        pattern = unseen.pop(command, "")
        while not re.search(pattern, text) and time.monotonic() - began < _PATIENCE_S:
            time.sleep(2.0)
            code, text = _type(command, folder, environment)
        print(f"{time.monotonic() - began:6.1f} s  $ {command.splitlines()[0]}", flush=True)
        if code:
            yield f"{page}: {command!r} ends with {code}: {text[-2000:]}"
            return
        if not re.search(pattern, text):
            yield f"{page}: {command!r} does not show {pattern!r}: {text[-2000:]}"
    yield from (f"{page}: does not say {command!r} any more" for command in unseen)


def _type(command: str, folder: Path, environment: Mapping[str, str]) -> tuple[int, str]:
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=folder,
        env=os.environ | dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout
