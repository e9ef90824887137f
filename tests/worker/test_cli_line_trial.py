"""``wats-worker converters test --line``: a file tried by the running line, in its own jail."""

import json

import pytest
from doors import open_door
from typer.testing import CliRunner

from wats_worker.cli.main import app

UNIT = """--Header-Start--\r
SerialNumber\tSN-1\r
PartNumber\tPN-1\r
Revision\tA\r
OperationTypeCode\t10\r
UUTStatus\tPassed\r
StartDateTime\t2026-03-17T08:14:05\r
StationName\tFCT-01\r
--Step-Data-Start--\r
--Step-Data-End--\r
--UUT-End--\r
"""


@pytest.fixture
def plant(tmp_path, broker, real_redis):
    (tmp_path / "wats.toml").write_text(
        f'[broker]\nurl = "{broker.url}"\n[spool]\nfolder = "{tmp_path}/spool"\n'
        f'[[sources]]\nname = "fct"\nfolder = "{tmp_path}/in"\ntimezone = "Europe/Oslo"\n'
    )
    (tmp_path / "unit.txt").write_text(UNIT, newline="")
    (tmp_path / "noise.bin").write_bytes(b"\x00\x01\x02")
    return tmp_path


def run(plant, *words):
    return CliRunner().invoke(app, ["converters", *words, "--config", str(plant / "wats.toml")])


def test_what_the_line_makes_of_a_file(plant):
    """A report, or the refusal with its reason. Nothing goes onto the spool."""
    with open_door(plant / "wats.toml") as line:
        good = run(plant, "test", str(plant / "unit.txt"), "--line", "--source", "fct", "--json")
        shown = run(plant, "test", str(plant / "unit.txt"), "--line", "--source", "fct")
        bad = run(plant, "test", str(plant / "noise.bin"), "--line", "--source", "fct")
        none = run(plant, "test", str(plant / "unit.txt"), "--line", "--converter", "wats-texte")
        anew = run(plant, "reload")
        assert not list(line.spool.waiting())

    told = json.loads(good.stdout)
    assert (good.exit_code, told["outcome"], told["converter"]) == (0, "converted", "wats-text")
    assert told["reports"][0]["sn"] == "SN-1"
    assert "unit.txt: converted by wats-text" in shown.stdout
    assert (bad.exit_code, "reason:" in bad.stdout) == (1, True)
    assert (none.exit_code, "there is no converter 'wats-texte'" in none.stderr) == (2, True)
    assert "are loaded anew" in anew.stdout


def test_what_only_works_here_is_said(plant):
    """Options of the command line, and folders."""
    tried = run(plant, "test", str(plant / "unit.txt"), "--line", "--option", "process_code=30")

    assert (tried.exit_code, "are tried here" in tried.stderr) == (2, True)
