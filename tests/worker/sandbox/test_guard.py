"""Imports in the jail: what a plugin has no use for is told with its way out; libraries are left alone."""

import builtins
import json

import pytest

from wats_worker.sandbox import guard
from wats_worker.sandbox.outcome import Broken, Converted, Fault
from wats_worker.sandbox.policy import Capabilities

REFUSING = Capabilities(imports="refuse")
WARNING = Capabilities(imports="warn")


def test_a_refused_import_says_what_to_use(build, log_file):
    """In the plugin's own line, with the text of the audit. The test plugins import sockets themselves."""
    jail = build(any="yield report()", granted={"any": REFUSING})

    outcome = jail.convert(log_file, "unit.log", "any", {})

    assert isinstance(outcome, Broken)
    assert outcome.kind is Fault.FAILED
    assert "ctypes is of no use to a converter" in outcome.detail
    assert "Instead: read binary formats with struct" in outcome.detail


def test_a_warning_stands_beside_what_failed(build, log_file):
    """The import goes on, and the kernel says no; the note says why."""
    jail = build(any="socket.socket()", granted={"any": WARNING})

    outcome = jail.convert(log_file, "unit.log", "any", {})

    assert "PermissionError" in outcome.detail
    assert b"Note: socket is of no use to a converter: the jail has no network" in outcome.stderr


def test_what_a_library_imports_is_its_own_affair(build, log_file):
    """The event loop imports sockets and subprocess, and works without either."""
    body = "import asyncio, subprocess\nasyncio.run(asyncio.sleep(0))\nyield report()"
    jail = build(any=body, granted={"any": WARNING})

    assert isinstance(jail.convert(log_file, "unit.log", "any", {}), Converted)


def test_what_is_accepted_is_imported_without_a_word(build, log_file):
    """By the name of the module, and for all below it; whatever else there is, is refused as before."""
    accepting = Capabilities(imports="refuse", accepted=("ctypes", "socket", "fcntl", "resource"))
    jail = build(any="yield report()", granted={"any": accepting})

    outcome = jail.convert(log_file, "unit.log", "any", {})

    assert isinstance(outcome, Broken)
    assert outcome.detail.startswith("ImportError: gc is of no use to a converter")


def test_others_are_not_looked_at(build, log_file):
    """A converter that is granted nothing runs beside it as ever."""
    jail = build(any="yield report()", granted={"any": REFUSING})

    outcome = jail.convert(log_file, "unit.log", "honest", {})

    assert json.loads(outcome.reports[0])["sn"] == "SN-1"


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("import socket", ["socket"]),
        ("from urllib import parse", []),
        ("from urllib import request", ["urllib.request"]),
        ("from urllib.request import urlopen, Request", ["urllib.request"]),
        ("import json, os.path", []),
    ],
)
def test_it_knows_modules_by_their_whole_name(code, told):
    """The package urllib is fine, urllib.request is not."""
    said = []
    namespace = {
        "__name__": f"{guard.PLUGIN}x",
        "__builtins__": {**vars(builtins), "__import__": guard.Guard(builtins.__import__, said.append)},
    }

    exec(code, namespace)  # noqa: S102 - our own lines

    assert [text.partition(" ")[0] for text in said] == told
