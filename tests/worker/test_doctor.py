"""``wats-worker doctor``: what is found on this machine, and what it says about what is missing."""

import json
import os

import pytest
from typer.testing import CliRunner

from wats_worker.cli.main import app


@pytest.fixture
def look(tmp_path, monkeypatch):
    """``look(*lines)``: exit code and findings with this configuration."""
    monkeypatch.chdir(tmp_path)

    def look(*lines: str):
        text = "\n".join(["[spool]", 'folder = "spool"', *lines])
        (tmp_path / "wats.toml").write_text(text)
        result = CliRunner().invoke(app, ["doctor", "--json"])
        return result.exit_code, {(one["area"], one["what"]): one for one in json.loads(result.stdout)}

    return look


def source(folder, *more):
    return ["[[sources]]", 'name = "a"', f'folder = "{folder}"', *more]


def test_a_machine_where_all_is_well(look, tmp_path):
    """Kernel, user, level, disk, broker, folders, converters: each is told, and the exit code is 0."""
    (tmp_path / "in").mkdir()

    code, found = look(*source("in"))

    assert code == 0
    assert found["jail", "level"]["found"] == "strict can be had, strict is required"
    assert found["machine", "Landlock"]["found"].startswith("version ")
    assert found["spool", str(tmp_path / "spool")]["found"].endswith(
        tuple("0123456789abcdefghijklmnopqrstuvwxyz")
    )
    assert found["broker", "embedded:"]["found"].startswith("does not run now")
    assert found["source a", str(tmp_path / "in")]["found"].startswith("files can be taken")
    assert int(found["converters", "ready"]["found"]) >= 3


def test_a_kernel_that_gives_too_little_is_fatal(look, tmp_path, monkeypatch):
    """Exit code 2, with what is missing and how to get it; a lower level in the configuration will do."""
    (tmp_path / "sitecustomize.py").write_text("import landlockpy\nlandlockpy.abi_version = lambda: 0\n")
    monkeypatch.syspath_prepend(tmp_path)

    code, found = look()

    assert code == 2
    assert found["jail", "level"]["found"] == "seccomp can be had, strict is required"
    assert "Needed: Linux 5.13" in found["jail", "level strict"]["found"]
    assert look("[sandbox]", 'level = "seccomp"')[0] == 0


def test_a_folder_that_is_not_there_is_trouble(look, tmp_path):
    """Exit code 1: the rest of the line works."""
    code, found = look(*source("in"))

    assert code == 1
    assert found["source a", str(tmp_path / "in")]["found"] == "there is no such folder"
    assert "mount it" in found["source a", str(tmp_path / "in")]["fix"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may do everything")
@pytest.mark.parametrize(
    ("mode", "bits", "told"),
    [("move", 0o555, "may not write it"), ("move", 0o000, "may not read and enter and write it"), ("keep", 0o333, "may not read it")],
)  # fmt: skip
def test_rights_are_explained(look, tmp_path, mode, bits, told):
    """Which right is missing, whose the folder is, and what grants it."""
    folder = tmp_path / "in"
    folder.mkdir()
    folder.chmod(bits)
    try:
        code, found = look(*source("in", f'mode = "{mode}"'))
    finally:
        folder.chmod(0o755)

    assert code == 1
    assert told in found["source a", str(folder)]["found"]
    assert "chown" in found["source a", str(folder)]["fix"]


def test_a_broker_that_does_not_answer_is_trouble(look):
    """Another one than ours has to run before we start."""
    code, found = look("[broker]", 'url = "redis://127.0.0.1:1"', "connect_timeout_s = 0.2")

    assert code == 1
    assert found["broker", "redis://127.0.0.1:1"]["fix"] == "start it, or mend [broker] url"


def test_converters_that_somebody_should_look_at(look, tmp_path):
    """Set aside is trouble, trusted is worth a word."""
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins").chmod(0o777)
    (tmp_path / "plugins" / "a.py").write_text("def x(")

    code, found = look("[convert]", 'plugins = "plugins"', "[converters.wats-text]", "trusted = true")

    assert code == 1
    assert found["converters", str(tmp_path / "plugins/a.py")]["health"] == "trouble"
    assert found["converters", "wats-text"]["health"] == "advice"
    assert found["converters", str(tmp_path / "plugins")]["found"].startswith("everybody can write to it")


def test_people_get_it_in_words(tmp_path, monkeypatch):
    """With the fix below what is found."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "120")
    (tmp_path / "wats.toml").write_text("\n".join(["[spool]", 'folder = "spool"', *source("in")]))

    result = CliRunner().invoke(app, ["doctor"])

    assert result.exit_code == 1
    assert "trouble   there is no such folder" in result.stdout
    assert "→ make it, mount it, or mend folder" in result.stdout


def test_before_a_start_only_what_is_fatal_counts(tmp_path, monkeypatch):
    """One share that is away must not keep the whole stack from starting; it is told all the same."""
    monkeypatch.chdir(tmp_path)
    lines = ["[spool]", 'folder = "spool"', *source("away")]
    (tmp_path / "wats.toml").write_text("\n".join(lines))

    answers = [CliRunner().invoke(app, ["doctor", *words]) for words in ([], ["--preflight"])]

    assert [answer.exit_code for answer in answers] == [1, 0]
    assert all("there is no such folder" in " ".join(answer.stdout.split()) for answer in answers)


def test_a_share_that_is_mounted_read_only_is_told_apart(look, tmp_path, monkeypatch):
    """No chown would help there; reading without taking would."""
    share = tmp_path / "in"
    share.mkdir()
    ask = os.statvfs

    def read_only(path):
        found = list(ask(path))
        if os.fspath(path) == str(share):
            found[8] |= os.ST_RDONLY
        return os.statvfs_result(found)

    monkeypatch.setattr(os, "statvfs", read_only)

    code, found = look(*source("in"))

    assert code == 1
    assert found["source a", str(share)]["found"].startswith("it is mounted read-only")
    assert 'mode = "keep"' in found["source a", str(share)]["fix"]
    assert look(*source("in", 'mode = "keep"'))[0] == 0


def test_what_lies_in_a_folder_is_left_as_it_is(look, tmp_path):
    """A doctor looks while testers write: its own file comes and goes, and is hidden."""
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "unit.log").write_bytes(b"PASS")

    look(*source("in"))

    assert [path.name for path in (tmp_path / "in").iterdir()] == ["unit.log"]
