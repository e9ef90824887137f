"""The jail in a whole line: no worker without it, its terms in every file's story, plugins while it runs."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from running import wstf
from support import wait_until

from wats_broker.dispatch import Dispatch, celery_app
from wats_broker.names import Stage

#: Makes each Python that is started find a kernel that lacks something.
LACKING = {
    "landlock": "import landlockpy\nlandlockpy.abi_version = lambda: 0\n",
    "seccomp": "import seccompy\nseccompy.supported = lambda: False\n",
}
#: Becomes the program named on the command line, under a filter that a container might have put there.
FORBIDDING = """
import errno, os, sys
from seccompy import Action, Filter
filter = Filter(default=Action.ALLOW)
for name in ("landlock_create_ruleset", "landlock_add_rule", "landlock_restrict_self"):
    filter.errno(name, errno.ENOSYS)
filter.load()
os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
"""
PLUGIN = """
from wats_worker.converters.base import Options
from wats_worker.reports import wsjf

NAME, TITLE, VERSION = "acme-ict", "Acme", "{version}"

def probe(head, tail, name):
    return 0.95 if head.startswith(b"#ACME") else 0.0

def convert(source, options):
    serial = source.text().split()[1]
    yield wsjf.of({{
        "type": "T", "pn": "PN", "sn": serial, "rev": "{version}", "processCode": 10, "result": "P",
        "machineName": "M", "location": "-", "purpose": "-", "start": "2026-01-02T03:04:05+00:00",
        "uut": {{"user": "-"}},
        "root": {{"group": "M", "stepType": "SequenceCall", "name": "Main", "status": "P", "seqCall": {{}}}},
    }}, draft=True)
"""


@pytest.fixture
def waiting(tmp_path, broker, real_redis):
    """A configuration with a message that waits for a convert worker; the dispatch tells whether it still does."""
    config = tmp_path / "wats.toml"
    config.write_text(f'[broker]\nurl = "{broker.url}"\n[spool]\nfolder = "{tmp_path}/spool"\n')
    dispatch = Dispatch(celery_app(broker, Stage.WATCH))
    dispatch.convert([("f" * 32, "convert", 5)])
    return config, dispatch


def start(config: Path, *words: str, first: tuple[str, ...] = (), path: Path | None = None):
    return subprocess.run(
        [sys.executable, *first, "-m", "wats_worker", *words, "--config", str(config)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={**os.environ, **({"PYTHONPATH": str(path)} if path else {})},
    )


@pytest.mark.parametrize("words", [("convert",), ("up",)], ids=" ".join)
@pytest.mark.parametrize("lacking", LACKING)
def test_without_its_jail_nothing_starts(waiting, tmp_path, lacking, words):
    """Exit code 2 and a text that says what is missing and how to get it; nothing was converted."""
    config, dispatch = waiting
    (tmp_path / "sitecustomize.py").write_text(LACKING[lacking])

    ended = start(config, *words, path=tmp_path)

    assert ended.returncode == 2
    assert "the jail can't be built" in ended.stdout + ended.stderr
    assert "Needed: Linux" in ended.stdout + ended.stderr
    assert dispatch.backlog("convert") == 1


def test_a_container_that_forbids_it_is_like_a_kernel_without_it(waiting, tmp_path):
    """Here the calls themselves are refused, to the worker and to all it starts."""
    config, dispatch = waiting
    wrapper = tmp_path / "forbidding.py"
    wrapper.write_text(FORBIDDING)

    ended = start(config, "convert", first=(str(wrapper),))

    assert (ended.returncode, dispatch.backlog("convert")) == (2, 1)
    assert "this kernel offers no Landlock" in ended.stdout + ended.stderr


def story(line, name: str) -> dict[str, str]:
    """What the journal says about the conversion of a file."""
    (file,) = [one for one in line.ask("files", "find", name) if one["name"] == name]
    events = line.ask("files", "show", file["file_id"])["story"]
    return next(event for event in events if event["event"] in {"file_converted", "file_quarantined"})


@pytest.mark.slow
def test_every_story_tells_the_terms(make_line):
    """A lower level is there for those who write it, and is told with each file and in the status."""
    line = make_line(
        toml='[sandbox]\nlevel = "seccomp"\n[converters.wats-text]\nthreads = 0\nmemory_mb = 300'
    )

    line.drop("unit.txt", wstf("SN-1"))
    line.drop("note.json", b'{"sn": 1}')
    line.wait_for(1)
    wait_until(lambda: story_there(line, "note.json"), what="the other file to be quarantined")

    assert story(line, "unit.txt")["jail"] == "seccomp; 300 MB, 120 s CPU, 300 s"
    assert line.ask("status")["sandbox"] == {"level": "seccomp", "trusted": []}


def story_there(line, name: str) -> bool:
    return any(one["name"] == name and one["state"] == "quarantined" for one in line.ask("files", "find"))


@pytest.mark.slow
def test_a_plugin_is_exchanged_while_the_line_runs(make_line, tmp_path):
    """The next file goes through the new version; one that is broken shows in the status, and no file is lost."""
    plugins = tmp_path / "plugins"
    plugins.mkdir()
    plugin = plugins / "acme.py"
    plugin.write_text(PLUGIN.format(version="1"))
    line = make_line(toml=f'[convert]\nplugins = "{plugins}"')

    line.drop("a.txt", b"#ACME SN-1")
    line.wait_for(1)
    plugin.write_text(PLUGIN.format(version="2"))
    line.drop("b.txt", b"#ACME SN-2")
    line.wait_for(2)
    (plugins / "broken.py").write_text("def x(")
    line.drop("c.txt", b"#ACME SN-3")
    line.wait_for(3)

    assert {body["sn"]: body["rev"] for body in line.bodies()} == {"SN-1": "1", "SN-2": "2", "SN-3": "2"}
    assert story(line, "a.txt")["jail"] == "strict"
    assert any("broken.py is set aside" in concern for concern in line.ask("status")["concerns"])
