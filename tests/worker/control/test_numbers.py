"""Numbers through the door: as JSON, as a table, on the command line."""

import csv
import io
import json
from dataclasses import replace

import pytest
from doors import open_door
from typer.testing import CliRunner
from worker.records import DAWN, record

from wats_worker.cli.main import app

SINCE, UNTIL = DAWN.timestamp(), DAWN.timestamp() + 86400


@pytest.fixture
def line(tmp_path, broker, real_redis):
    (tmp_path / "in").mkdir()
    config = tmp_path / "wats.toml"
    config.write_text(
        f'[broker]\nurl = "{broker.url}"\n[spool]\nfolder = "{tmp_path}/spool"\n'
        f'[[sources]]\nname = "ict"\nfolder = "{tmp_path}/in"\n'
    )
    with open_door(config) as line:
        line.catalogue.enter([record(0), record(1, result="F"), record(2)])
        yield line
        line.catalogue.close()


@pytest.fixture
def run(line, tmp_path, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")

    def run(*words):
        span = ("--since", "2026-10-31", "--until", "2026-11-03")
        result = CliRunner().invoke(app, ["numbers", *words, *span, "--config", f"{tmp_path}/wats.toml"])
        assert result.exit_code == 0, result.output
        return result.stdout

    return run


def test_hours(run):
    """As JSON and as a table, with the same numbers."""
    (hour,) = json.loads(run("hours", "--json"))
    (row,) = csv.DictReader(io.StringIO(run("hours", "--csv")))

    assert hour == {"at": int(SINCE), "files": 3, "reports": 3}
    assert {name: int(value) for name, value in row.items()} == hour


def test_yield(run):
    """Told apart by what is asked for."""
    by_station = json.loads(run("yield", "--by", "station", "--json"))

    assert [(one["station"], one["units"], one["first_pass_yield"]) for one in by_station] == [
        ("ICT 0", 2, 1.0),
        ("ICT 1", 1, 0.0),
    ]
    assert len(run("yield", "--csv").splitlines()) == 1 + 3
    assert "100.0%" in run("yield")


def test_reasons(run):
    """There is nothing in quarantine."""
    assert json.loads(run("reasons", "--json")) == []
    assert run("reasons", "--csv").strip() == "reason,source,files"


def test_a_spreadsheet_obeys_no_tester(client, desk):
    """What begins like a formula is shown as it is."""
    one = record(0)
    card = replace(one.reports[0].card, part="=cmd()")
    report = one.reports[0].model_copy(update={"card": card})
    desk.numbers()._catalogue.enter([one.model_copy(update={"reports": (report,)})])

    table = client.numbers_as_csv("yields", by=["part"], since=SINCE, until=UNTIL)

    assert b"'=cmd()" in table
