"""``wats-worker health``, as a container's health check runs it."""

import json
import socket

import pytest
from doors import open_door
from typer.testing import CliRunner

from wats_broker.fleet import Fleet, Worker
from wats_broker.names import Keys, Stage
from wats_worker.cli.main import app
from wats_worker.pulse import worker_name

HERE = socket.gethostname()


@pytest.fixture
def fleet(tmp_path, monkeypatch, real_redis, broker):
    (tmp_path / "wats.toml").write_text(
        f'[broker]\nurl = "{broker.url}"\n[spool]\nfolder = "spool"\n[control]\nfolder = "control"\n'
    )
    monkeypatch.chdir(tmp_path)
    return Fleet(real_redis, Keys())


def run(*words):
    return CliRunner().invoke(app, ["health", *words])


def beat(fleet, *, host=HERE):
    fleet.beat(Worker(worker_name(Stage.CONVERT), "convert", host, 1, "1", "1.0", 0.0, jail="strict"))


def test_a_stage_that_lives_here_is_healthy(fleet):
    """Its heartbeat says so, and nothing more is asked."""
    beat(fleet)

    assert run("--stage", "convert").exit_code == 0


def test_a_stage_on_another_machine_does_not_count(fleet):
    """A container answers for itself."""
    beat(fleet, host="elsewhere")

    answer = run("--stage", "convert", "--json")

    assert answer.exit_code == 1
    assert json.loads(answer.stdout)["failing"] == [f"no convert worker lives on {HERE}"]


def test_a_container_need_not_know_what_runs_in_it(fleet):
    """One health check does for every stage: whoever lives here counts, and nobody else."""
    nobody = run("--here")
    beat(fleet, host="elsewhere")
    elsewhere = run("--here")
    beat(fleet)
    somebody = run("--here")
    fleet.complain(worker_name(Stage.CONVERT), "jail", "no Landlock")
    complaining = run("--here")

    assert [answer.exit_code for answer in (nobody, elsewhere, somebody, complaining)] == [1, 1, 0, 1]
    assert elsewhere.stdout.strip() == f"no worker lives on {HERE}"


def test_a_worker_that_can_not_work_is_not_healthy(fleet):
    """It lives, and complains."""
    beat(fleet)
    fleet.complain(worker_name(Stage.CONVERT), "jail", "no Landlock")

    answer = run("--stage", "convert")

    assert (answer.exit_code, answer.stdout.strip()) == (1, f"{worker_name(Stage.CONVERT)}: no Landlock")


def test_the_line_is_asked_at_its_door(fleet, tmp_path):
    """Without a stage the door says what fails; without a door the text says what to start."""
    with open_door(tmp_path / "wats.toml"):
        missing = run()
        beat(fleet)
    gone = run()

    assert (missing.exit_code, missing.stdout.split()) == (1, ["convert", "jail"])
    assert gone.exit_code == 1
    assert "wats-worker up" in gone.stderr
