"""A jail for each test that asks for one, and a file to convert."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from plugins import write_plugin

from wats_worker.sandbox.identity import can_be_nobody
from wats_worker.sandbox.jail import Jail
from wats_worker.sandbox.landlock import runtime
from wats_worker.sandbox.policy import Limits

#: A converter that does its work, to see that the next file is none the worse for the last one.
HONEST = "yield report(sn=source.head.decode())"


@pytest.fixture
def log_file(tmp_path: Path) -> Path:
    path = tmp_path / "unit.log"
    path.write_bytes(b"SN-1")
    return path


@pytest.fixture
def build(tmp_path: Path) -> Iterator[Any]:
    """``build(name="body", ...)`` makes a jail with these plugins; ``limits`` and ``granted`` are its own."""
    jails = []

    def build(limits: Limits | None = None, granted: Any = None, **bodies: str) -> Jail:
        folder = tmp_path / "plugins"
        folder.mkdir(exist_ok=True)
        jail = Jail(
            limits=limits or Limits(wall_s=10, cpu_s=10),
            scratch=tmp_path / "scratch",
            modules=[],
            plugins={
                name: write_plugin(folder, name, body) for name, body in {"honest": HONEST, **bodies}.items()
            },
            granted=granted,
        )
        jails.append(jail)
        return jail

    yield build
    for jail in jails:
        jail.close()


@pytest.fixture
def passable() -> Iterator[Path]:
    """A folder that everybody may pass, so that even the jail of root is not root; where it can't be, skips."""
    if os.geteuid() == 0 and not can_be_nobody(runtime()):
        pytest.skip("the jail of this root can't be anybody else's")
    with tempfile.TemporaryDirectory(prefix="wats-") as folder:
        Path(folder).chmod(0o711)
        yield Path(folder)
