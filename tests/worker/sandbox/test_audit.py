"""The audit's advice: what it finds, what it lets pass, and that it says it with line, reason and way out."""

import random
import re
import string
from pathlib import Path

import pytest
from support import ROOT

from wats_worker.sandbox import advice
from wats_worker.sandbox.audit import audit


def found(code: str, **granted) -> list[tuple[int, str, str]]:
    return [(one.line, one.rule.value, one.what) for one in audit(code.encode(), "x.py", **granted)]


@pytest.mark.parametrize(
    ("code", "rule", "what"),
    [
        ("import socket", "network", "import socket"),
        ("import urllib.request as u", "network", "import urllib.request"),
        ("from http import client", "network", "from http import client"),
        ("from requests.adapters import HTTPAdapter", "network", "from requests.adapters import …"),
        ("import subprocess", "process", "import subprocess"),
        ("import os\nos.system('ls')", "process", "os.system"),
        ("import os as o\no.fork()", "process", "os.fork"),
        ("from os import execv as run\nrun('/bin/sh', [])", "process", "os.execv"),
        ("from concurrent import futures\nfutures.ProcessPoolExecutor()", "process", "concurrent.futures.ProcessPoolExecutor"),
        ("import threading\nthreading.Thread()", "threads", "threading.Thread"),
        ("import os\nx = os.environ['HOME']", "environment", "os.environ"),
        ("from os import getenv\ngetenv('HOME')", "environment", "os.getenv"),
        ("import os\ngetattr(os, 'environ')", "environment", "getattr(os, 'environ')"),
        ("open('/etc/passwd')", "files", "open('/etc/passwd')"),
        ("from pathlib import Path\nPath('C:/data')", "files", "pathlib.Path('C:/data')"),
        ("from pathlib import Path\nPath.home()", "files", "pathlib.Path.home"),
        ("def convert(source, options):\n    open(source.name)", "files", "open(source.name)"),
        ("eval('1')", "dynamic-code", "eval"),
        ("exec(b'')", "dynamic-code", "exec"),
        ("__import__('os')", "dynamic-code", "__import__"),
        ("import importlib\nimportlib.import_module('x')", "dynamic-code", "importlib.import_module"),
        ("import pickle", "dynamic-code", "import pickle"),
        ("import sys\nsys.path.insert(0, 'x')", "dynamic-code", "sys.path"),
        ("().__class__.__bases__", "reflection", ".__bases__"),
        ("x = (lambda: 0).__globals__", "reflection", ".__globals__"),
        ("getattr(x, '__subclasses__')", "reflection", "getattr(…, '__subclasses__')"),
        ("import sys\nsys._getframe()", "reflection", "sys._getframe"),
        ("import gc", "reflection", "import gc"),
        ("import ctypes", "native-code", "import ctypes"),
        ("from ctypes import *", "native-code", "from ctypes import …"),
        ("from wats_worker.spool.store import Spool", "worker-internals", "from wats_worker.spool.store import …"),
        ("from wats_worker import settings", "worker-internals", "from wats_worker import settings"),
        ("import sys\nsys.exit(1)", "ending", "sys.exit"),
        ("raise SystemExit", "ending", "SystemExit"),
        ("import uuid\nuuid.uuid4()", "chance", "uuid.uuid4"),
        ("from os import *", "names", "from os import *"),
        ("from . import other", "names", "a relative import"),
    ],
)  # fmt: skip
def test_what_does_not_belong_is_found(code, rule, what):
    """Under whatever name it is used, once."""
    assert [(kind, name) for _, kind, name in found(code)] == [(rule, what)]


def test_a_finding_says_where_why_and_what_instead():
    """A person can act on it without reading anything else."""
    (finding,) = audit(b"x = 1\n\nimport socket\n", "plugins/ict.py")

    assert str(finding).startswith("plugins/ict.py:3: import socket: the jail has no network")
    assert ". Instead: hand over what has to be known in the source's options" in str(finding)


@pytest.mark.parametrize(
    "code",
    [
        "import re\nre.compile('x')",
        "import os\nos.path.join('a', 'b')",
        "from urllib.parse import quote",
        "from http import HTTPStatus",
        "import threading\nthreading.Lock()",
        "import tempfile\nopen('scratch.txt', 'w')",
        "from pathlib import Path\n(Path(__file__).with_suffix('') / 'table.csv').read_text()",
        "class Row:\n    def eval(self): ...\nRow().eval()",
        "def compile(x): return x\ncompile(1)",
        "for row in x: getattr(row, name)",
        "import sys\nprint('x', file=sys.stderr)",
        "import importlib.resources",
        "import zoneinfo, sqlite3, zipfile, json, csv, decimal, lxml.etree, numpy",
        "import uuid\nuuid.uuid5(uuid.NAMESPACE_URL, 'x')",
    ],
)
def test_ordinary_code_passes(code):
    """Names that only look alike, and what works in the jail."""
    assert found(code) == []


def test_what_is_granted_is_not_found():
    """Threads by number, variables by name; others of their kind still are."""
    code = "import os, threading\nthreading.Thread()\nos.environ['LICENCE']\nos.getenv('LICENCE')\nos.environ.get('HOME')"

    assert found(code, threads=True, environment=frozenset({"LICENCE"})) == [(5, "environment", "os.environ")]


@pytest.mark.parametrize(
    "text", [b"def x(", b"\0", b"\xff", b"x = " + b"-" * 100_000 + b"1", b"a" + b".b" * 50_000]
)
def test_what_is_not_python_is_said_to_be_so(text):
    """Nothing crashes over it, however deep it is nested."""
    with pytest.raises(SyntaxError):
        audit(text, "x.py")


def test_what_is_accepted_is_not_found():
    """By name, and for all below it; nothing else goes with it."""
    text = b"import ctypes.util, marshal\nimport os\nos.environ['A']\nx.__globals__\nopen('/etc/a')\n"

    every = [one.name for one in audit(text, "x.py")]
    left = [one.name for one in audit(text, "x.py", accepted=frozenset({"ctypes", "os.environ"}))]

    assert every == ["ctypes.util", "marshal", "os.environ", "__globals__", "/etc/a"]
    assert left == ["marshal", "__globals__", "/etc/a"]
    assert audit(text, "x.py", accepted=frozenset(every)) == []


def test_our_own_converters_pass():
    """Whoever looks for an example finds one there."""
    modules = [
        path
        for path in (ROOT / "wats_worker/converters").rglob("*.py")
        if "plugins" not in path.parts and path.name not in {"trial.py", "handbook.py"}
    ]

    assert len(modules) > 15
    assert [str(one) for path in modules for one in audit(path.read_bytes(), path.name)] == []


def test_every_advice_says_something_else():
    """And each module or name it is about stands in one table only once."""
    advices = {*advice.MODULES.values(), *advice.NAMED.values()}

    assert len({one.why for one in advices}) == len(advices)
    assert all(one.instead for one in advices)
    assert not set(advice.MODULES) & set(advice.NAMED)


def test_code_that_hides_is_not_found():
    """No audit sees through this, which is why it is not the wall: see ``tests/hostile`` for that."""
    hidden = "".join(chr(ord(letter) + 1) for letter in "socket")
    code = f"vars(__builtins__)['__imp' + 'ort__'](''.join(chr(ord(x) - 1) for x in {hidden!r}))"

    assert [what for _, _, what in found(code)] == []


def test_any_text_is_taken():
    """Letters by chance: findings or a syntax error, nothing else."""
    chance = random.Random(7)
    text = Path(__file__).read_text()
    for _ in range(200):
        at = chance.randrange(len(text))
        broken = text[:at] + chance.choice(string.printable) * 3 + text[at + chance.randrange(9) :]
        try:
            lines = [one.line for one in audit(broken.encode(), "x.py")]
        except SyntaxError:
            continue
        assert lines == sorted(lines)
        assert all(1 <= line <= len(re.findall("\n", broken)) + 1 for line in lines)
