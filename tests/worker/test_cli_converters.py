"""``wats-worker converters``: listing, the template, the audit, one file tried in the real jail."""

import json
import os
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from support import ROOT
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
KLIPPEL = """Cfg_DutStartTime=2026-3-12-76-3-17-8-14-5-36-60-1.77E+09
Cfg_SerialNumber=7
Ctrl_OverallVerdict=1
Results_Pass=imp
Results_Invalid=
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

    def test_what_is_missing_is_named_and_the_report_is_shown_all_the_same(self, acme):
        """One sees at once all that is to be configured, and what it would give; to a script it is a refusal."""
        (acme.parent.parent / "unit.txt").write_bytes(UNIT.replace(b"part=PN-1\n", b""))

        result = run("converters", "test", "unit.txt")

        assert result.exit_code == 1
        for line in (
            "field: part number\n",
            "field: process code\n",
            "So the line would refuse it. To try a value here: --option part_number=… --option process_code=…",
            "part number    (not set), revision -",
            "process        (not set)",
            "P Supply  5.01 V  [≥ 4.9, ≤ 5.1]",
        ):
            assert line in result.stdout
        assert "from configuration" not in result.stdout
        code, tried = told("converters", "test", "unit.txt")
        assert (code, tried["outcome"], tried["reports"]) == (1, "refusal", [])
        assert tried["missing"] == ["part number", "process code"]

    def test_an_option_can_be_tried_before_it_is_configured(self, acme):
        """As the configuration would have it, checked like it."""
        code, tried = told(
            "converters", "test", "unit.txt", "--option", "process_code=30", "--option", "station=FCT 1"
        )

        assert code == 0
        assert (tried["reports"][0]["processCode"], tried["reports"][0]["machineName"]) == (30, "FCT 1")

    @pytest.mark.parametrize(
        ("option", "said"),
        [
            ("process_code", "'process_code' is no option; write it like process_code=30"),
            ("proces_code=30", "options.proces_code: unknown key"),
            ("process_code=many", "options.process_code: "),
        ],
    )
    def test_a_slip_in_an_option_is_told(self, acme, option, said):
        """Before anything is tried."""
        result = run("converters", "test", "unit.txt", "--option", option)

        assert result.exit_code == 2
        assert said in result.stderr

    @pytest.mark.parametrize("named", ["DUT 7.txt", "day"])
    def test_what_belongs_to_a_file_is_tried_with_it(self, plant, named):
        """The folder of the same stem, or all that a folder holds."""
        (plant / "day/DUT 7").mkdir(parents=True)
        for path in (plant / "DUT 7.txt", plant / "day/DUT 7.txt"):
            path.write_text(KLIPPEL)
            (path.with_suffix("")).mkdir(exist_ok=True)
            (path.with_suffix("") / "Impedance-imp.txt").write_text("frq\timp\n10\t1.5\n")

        words = (
            "converters",
            "test",
            str(plant / named),
            "--option",
            "process_code=10",
            "--option",
            "part_number=SP-2",
        )
        code, answer = told(*words)

        assert (code, answer["converter"]) == (0, "klippel")
        assert answer["reports"][0]["root"]["steps"][0]["steps"][0]["name"] == "imp"

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
        """Everybody, and nobody was sure at all."""
        (acme.parent.parent / "note.txt").write_text("Dear all")

        result = run("converters", "test", "note.txt")

        assert result.exit_code == 1
        assert re.search(r"note.txt: nobody \([0-9]+ converters were asked\)", result.stdout)
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

    def test_a_draft_can_be_written_into_a_file(self, plant):
        """A new one; what is to be decided is told beside it."""
        (plant / "unit.csv").write_text(self.TABLE)
        result = run("converters", "map", "unit.csv", "--to", "draft.toml")

        assert (result.exit_code, result.stdout) == (0, "")
        assert tomllib.loads((plant / "draft.toml").read_text())["sources"][0]["converter"] == "mapped-csv"
        assert "To be decided:" in result.stderr
        assert "- no column names the process" in result.stderr
        again = run("converters", "map", "unit.csv", "--to", "draft.toml")
        assert (again.exit_code, "is there already" in again.stderr) == (2, True)

    def test_a_file_that_needs_no_mapping_is_told(self, plant):
        """Its converter knows it by itself."""
        (plant / "unit.txt").write_text("--Header-Start--\nSerialNumber\tSN-1\n--Step-Data-Start--\nx\n")
        result = run("converters", "map", "unit.txt")

        assert "# wats-text knows such files without a mapping" in result.stdout

    def test_what_can_not_be_mapped_is_refused(self, plant):
        """With the reason and what to do instead; nothing that looks like a draft."""
        (plant / "unit.xml").write_text("<report><sn>1</sn></report>")
        result = run("converters", "map", "unit.xml")

        assert (result.exit_code, result.stdout) == (2, "")
        assert "unit.xml: XML or HTML: mappings are for tables and lines of text" in result.stderr

    def test_a_guess_at_the_serial_number_is_for_a_person(self, plant):
        """Exit code 1, though it gives reports."""
        (plant / "unit.csv").write_text(
            "SN-1;17.03.2026 08:14:05;5,01;PASS\nSN-2;17.03.2026 08:15:05;5,21;FAIL\n"
        )
        result = run("converters", "map", "unit.csv")

        assert result.exit_code == 1
        assert "Report 2 of 2: failed" in result.stderr


def test_the_page_about_mappings_can_be_followed(plant):
    """Every command on it, in its order, on the first sample of it: from nothing to a report."""
    page = (ROOT / "docs/how-to/map-your-own-csv.md").read_text()
    commands = re.findall(r"^```sh\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    (plant / "data").mkdir()
    sample = re.search(r"^Serial;.*?(?=^```)", page, re.MULTILINE | re.DOTALL)[0]
    (plant / "data" / "SN-1.csv").write_text(sample)
    results = []
    for line in "".join(commands).replace("/data/tester-7", str(plant / "data")).splitlines():
        words = shlex.split(line)
        if words[0] == "cat":
            with (plant / words[3]).open("a") as configuration:
                configuration.write((plant / words[1]).read_text())
        else:
            results.append(run(*words[1:]))

    assert [result.exit_code for result in results] == [0, 1, 1], [result.output for result in results]
    assert "--option part_number=…" in results[-1].stdout
    assert "Report 2 of 2: failed" in results[-1].stdout
