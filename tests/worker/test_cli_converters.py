"""``wats-worker converters``: listing, the template, the audit, one file tried in the real jail."""

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from typer.testing import CliRunner

from wats_worker.cli.main import app
from wats_worker.sandbox.audit import audit

UNIT = b"""#ACME-ICT 1
serial=SN-1
part=PN-1
start=2026-03-17 08:14:05
step=Supply;5.01 V;4.9;5.1;PASS
step=Ripple;12 mV;;0.02;FAIL
result=FAIL
#END
"""


@pytest.fixture
def plant(tmp_path, monkeypatch):
    """A configuration with a plugin folder and one source; everything it needs lies in one folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    (tmp_path / "plugins").mkdir()
    (tmp_path / "wats.toml").write_text(
        '[spool]\nfolder = "spool"\n[convert]\nplugins = "plugins"\n'
        '[[sources]]\nname = "line-4"\nfolder = "in"\nconverter = "acme-ict"\nprocess_code = 10\n'
    )
    (tmp_path / "unit.txt").write_bytes(UNIT)
    return tmp_path


def run(*words: str):
    return CliRunner().invoke(app, words)


def told(*words: str):
    """Exit code and answer of a command that is asked for JSON."""
    result = run(*words, "--json")
    return result.exit_code, json.loads(result.stdout)


@pytest.fixture
def acme(plant) -> Path:
    assert run("converters", "new", "acme-ict").exit_code == 0
    return plant / "plugins" / "acme_ict.py"


class TestNew:
    def test_the_template_passes_its_own_test(self, acme):
        """As its author would run it: elsewhere, with pytest alone."""
        result = subprocess.run(
            [
                sys.executable,
                "-m",
                "pytest",
                "-q",
                "-p",
                "no:cacheprovider",
                acme.with_name("test_acme_ict.py"),
            ],
            capture_output=True,
            text=True,
            check=False,
            cwd=acme.parent,
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        )

        assert result.returncode == 0, result.stdout
        assert "7 passed" in result.stdout

    def test_the_template_passes_the_audit(self, acme):
        """Whoever starts from it starts clean."""
        assert audit(acme.read_bytes(), "acme_ict.py") == []
        assert run("converters", "audit", str(acme)).exit_code == 0

    def test_nothing_is_overwritten(self, acme):
        """Somebody's work may stand there."""
        acme.write_text("mine")

        result = run("converters", "new", "acme-ict")

        assert (result.exit_code, acme.read_text()) == (2, "mine")
        assert "is there already" in result.stderr

    @pytest.mark.parametrize("name", ["Acme", "auto", "wats-json", "../acme", "1acme", ""])
    def test_a_name_has_to_be_one(self, plant, name):
        """Not one of ours, and no path."""
        assert run("converters", "new", name).exit_code == 2
        assert list((plant / "plugins").iterdir()) == []


class TestList:
    def test_every_converter_is_listed(self, acme):
        """With where it comes from and under which terms it works."""
        code, listed = told("converters", "list")

        assert code == 0
        by_name = {one["name"]: one for one in listed}
        assert {"wats-json", "wats-text", "teststand-xml", "acme-ict"} <= set(by_name)
        assert by_name["acme-ict"] | {"findings": []} == {
            "name": "acme-ict",
            "title": "Acme ict",
            "version": "1.0",
            "origin": str(acme),
            "jail": "strict",
            "state": "ready",
            "reason": None,
            "findings": [],
        }
        assert "acme-ict" in run("converters", "list").stdout

    def test_one_that_is_set_aside_is_named_with_its_reason(self, acme):
        """Exit code 1: somebody has to look."""
        (acme.parent / "broken.py").write_text("def x(")

        code, listed = told("converters", "list")

        assert code == 1
        assert [one["reason"] for one in listed if one["state"] == "set aside"] == [
            "line 1: '(' was never closed"
        ]
        assert "broken.py: line 1: '(' was never closed" in run("converters", "list").stdout

    def test_a_doubtful_one_shows(self, acme):
        """Its findings, and what it is granted."""
        acme.write_text(acme.read_text() + "\nimport socket\n")
        config = acme.parent.parent / "wats.toml"
        config.write_text(f"{config.read_text()}[converters.acme-ict]\nthreads = 2\n")

        _, listed = told("converters", "list")

        assert listed[-1]["jail"] == "strict; 2 threads"
        assert [finding["rule"] for finding in listed[-1]["findings"]] == ["network"]


class TestAudit:
    def test_findings_are_listed_with_their_way_out(self, plant):
        """Exit code 1; a whole folder at once."""
        (plant / "plugins" / "a.py").write_text("import socket\n\nimport os\nos.environ\n")
        (plant / "plugins" / "b.py").write_text("x = 1")

        code, found = told("converters", "audit", str(plant / "plugins"))

        assert code == 1
        assert [(one["line"], one["rule"], one["what"]) for one in found] == [
            (1, "network", "import socket"),
            (4, "environment", "os.environ"),
        ]
        text = run("converters", "audit", "plugins")
        assert "a.py:4: os.environ\n    the environment is empty" in text.stdout
        assert "2 looked through, 2 findings" in text.stderr

    def test_what_is_not_python_is_a_finding(self, plant):
        """And no reason to stop."""
        (plant / "plugins" / "a.py").write_text("def x(")
        (plant / "plugins" / "b.py").write_text("import socket")

        code, found = told("converters", "audit", "plugins")

        assert (code, [one["rule"] for one in found]) == (1, ["unreadable", "network"])


class TestTry:
    def test_a_file_becomes_a_report_before_ones_eyes(self, acme):
        """Header, steps, values, limits, verdicts, what it took; nothing is sent, nothing is left."""
        result = run("converters", "test", "unit.txt", "--source", "line-4")

        assert result.exit_code == 0, result.output
        for line in (
            "jail: strict; ",
            "Report 1 of 1: failed",
            "serial number  SN-1",
            "part number    PN-1, revision -",
            "info           Process code: 10 (from configuration)",
            "P Supply  5.01 V  [≥ 4.9, ≤ 5.1]",
            "F Ripple  0.012 V  [≤ 0.02]",
        ):
            assert line in result.stdout
        assert (acme.parent.parent / "unit.txt").read_bytes() == UNIT
        assert not (acme.parent.parent / "spool").exists()

    def test_the_same_for_a_script(self, acme):
        """Documents of the wire, scores, usage."""
        code, tried = told("converters", "test", "unit.txt", "--converter", "acme-ict", "--source", "line-4")

        assert code == 0
        assert (tried["outcome"], tried["converter"], tried["jail"]) == ("converted", "acme-ict", "strict")
        assert tried["usage"]["wall_s"] > 0
        assert [report["sn"] for report in tried["reports"]] == ["SN-1"]

    def test_a_refusal_names_the_field_and_the_fix(self, acme):
        """Chosen by what it looks like: no source, so no process code."""
        result = run("converters", "test", "unit.txt")

        assert result.exit_code == 1
        assert "unit.txt: acme-ict (how sure: acme-ict 0.95" in result.stdout
        assert (
            "reason: the file has none\nfield: process code\nfix: set process_code for the source"
            in result.stdout
        )

    def test_what_a_broken_one_printed_is_shown(self, acme):
        """With its traceback, and without what a terminal would obey."""
        acme.write_text(
            acme.read_text().replace(
                "    lines = source", '    print("\\x1b[2Jhello")\n    1 / 0\n    lines = source'
            )
        )

        result = run("converters", "test", "unit.txt", "--converter", "acme-ict")

        assert result.exit_code == 1
        assert "reason: failed: ZeroDivisionError: division by zero" in result.stdout
        assert "�[2Jhello" in result.stdout
        assert 'acme_ict.py", line' in result.stdout

    @pytest.mark.parametrize(
        ("words", "told"),
        [
            (["--converter", "nobody"], "there is no converter 'nobody'"),
            (["--source", "nowhere"], "there is no source 'nowhere'; there is line-4"),
        ],
    )
    def test_a_slip_is_told(self, acme, words, told):
        """Exit code 2: nothing was tried."""
        result = run("converters", "test", "unit.txt", *words)

        assert result.exit_code == 2
        assert told in result.stderr

    def test_an_unknown_file_says_who_was_asked(self, acme):
        """And how sure each was."""
        (acme.parent.parent / "note.txt").write_text("Dear all")

        result = run("converters", "test", "note.txt")

        assert result.exit_code == 1
        assert "note.txt: nobody (how sure: " in result.stdout
        assert "unknown format" in result.stdout


def test_config_check_looks_at_converters(acme):
    """A slip in a name is a mistake; a plugin that is set aside is told, and the line would run."""
    assert run("config", "check").exit_code == 0
    acme.write_text("def x(")
    result = run("config", "check")
    assert (result.exit_code, "Set aside: " in result.stdout) == (0, True)

    acme.unlink()
    result = run("config", "check")

    assert result.exit_code == 78
    assert "wats.toml:8: sources #1 converter: there is no converter 'acme-ict'" in result.stderr


class TestMap:
    TABLE = (
        "Serial No;Date;Time;Test Name;Measured;Lower Limit;Upper Limit;Units;Verdict\n"
        "SN-1;17.03.2026;08:14:05;Rail;5,01;4,9;5,1;V;PASS\n"
    )

    def test_a_draft_can_be_put_into_a_configuration(self, plant):
        """As it stands on the standard output; what it gives is shown on the other one."""
        (plant / "csv").mkdir()
        (plant / "csv" / "unit.csv").write_text(self.TABLE)
        result = run("converters", "map", "csv/unit.csv", "--source", "line-5")

        [source] = tomllib.loads(result.stdout)["sources"]
        assert result.exit_code == 0
        assert (source["name"], source["converter"]) == ("line-5", "mapped-csv")
        assert "Rail  5.01 V" in result.stderr
        with (plant / "wats.toml").open("a") as configuration:
            configuration.write(result.stdout.replace("[sources.options]", "part_number = 'PN-1'\nprocess_code = 10\n[sources.options]"))  # fmt: skip
        code, tried = told("converters", "test", "csv/unit.csv", "--source", "line-5")
        assert (code, tried["reports"][0]["sn"]) == (0, "SN-1")

    def test_a_draft_that_lacks_something_says_what(self, plant):
        """As comments in it, and by the exit code."""
        (plant / "unit.csv").write_text(self.TABLE.replace("Serial No", "Nr"))
        result = run("converters", "map", "unit.csv")

        assert result.exit_code == 1
        assert "# which column has the serial number?" in result.stdout
        assert "'?'" in result.stderr
