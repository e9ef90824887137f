"""The command line, as it asks and steers a line through its door."""

import json

import pytest
from doors import open_door
from typer.testing import CliRunner
from worker.archives import archive_all
from worker.claimables import claimable

from wats_broker.messages import FileSeen, Offer
from wats_broker.states import FileState
from wats_broker.switches import Kind
from wats_worker.cli.common import console
from wats_worker.cli.main import app
from wats_worker.control.jobs import Jobs
from wats_worker.control.models.finding import Search
from wats_worker.control.models.jobs import JobWanted, Mode
from wats_worker.spool.made import UNTOLD, ReportCard

REPORT = "5b1c0f7e-8d0e-4a39-9d1c-0e3f5a3f7a11"


@pytest.fixture
def config(tmp_path, broker, real_redis):
    (tmp_path / "in").mkdir()
    file = tmp_path / "wats.toml"
    file.write_text(
        f'[broker]\nurl = "{broker.url}"\n[spool]\nfolder = "{tmp_path}/spool"\n'
        f'[control]\nburst = 200\n[[sources]]\nname = "ict"\nfolder = "{tmp_path}/in"\n'
    )
    return file


@pytest.fixture
def line(config):
    with open_door(config) as line:
        yield line


@pytest.fixture
def run(config, monkeypatch):
    """One command: exit code, what it printed, what it complained."""
    monkeypatch.setenv("COLUMNS", "200")

    def run(*words):
        result = CliRunner().invoke(app, [*words, "--config", str(config)])
        return result.exit_code, result.stdout, result.stderr

    return run


def archived(line, folder, name="board.csv"):
    """A file that was delivered."""
    (folder / name).write_bytes(b"\x00PASS\xff")
    file = claimable(folder, name)
    line.spool.claim([file], keep=False)
    line.journal.seen(FileSeen(file.file_id, "ict", name, file.size))
    line.journal.take(file.file_id, worker="w", term_s=15)
    with line.spool.draft(file.file_id) as draft:
        draft.add(ReportCard(report_id=REPORT, serial="PCB-0042"), b"{}")
        draft.keep(UNTOLD)
    line.journal.record(file.file_id, "file_converted", state=FileState.CONVERTED)
    line.queue.offer(file.file_id, [Offer(REPORT)])
    line.spool.delivered(file.file_id, REPORT, {"stored_as": "S"})
    line.journal.record(file.file_id, "report_delivered", state=FileState.DELIVERED)
    line.spool.finish(file.file_id)
    archive_all(line.spool, line.archive, enter=line.catalogue.enter, now=line.journal.time)
    return file.file_id


def test_a_file_is_found_by_the_board_in_ones_hand(line, run, tmp_path):
    """Its serial number is all that is known of it."""
    file_id = archived(line, tmp_path / "in")

    code, said, _ = run(
        "files", "find", "--serial", "pcb-00", "--source", "ict", "--since", "2020-01-01", "--json"
    )

    assert (code, [one["file_id"] for one in json.loads(said)]) == (0, [file_id])
    assert json.loads(run("files", "find", "--until", "2020-01-01", "--json")[1]) == []


def test_its_history_is_told_with_what_lies_on_the_spool(line, run, tmp_path):
    """For people and for scripts; a path is never broken in two."""
    file_id = archived(line, tmp_path / "in")

    told = json.loads(run("files", "show", file_id[:10], "--json")[1])
    said = run("files", "show", file_id)[1]

    assert (told["archive"]["edition"], told["state"]) == (1, "delivered")
    assert told["reports"][0]["receipt"]["stored_as"] == "S"
    assert str(tmp_path / "in" / "board.csv") in said


def test_its_bytes_are_written_as_they_came(line, config, tmp_path):
    """So that they can be looked at with any tool."""
    file_id = archived(line, tmp_path / "in")

    result = CliRunner().invoke(app, ["files", "source", file_id, "--config", str(config)])

    assert result.stdout_bytes == b"\x00PASS\xff"


def test_what_is_kept_of_it_is_written(line, run, config, tmp_path):
    """Its record for a script, its bytes and its reports for any tool."""
    file_id = archived(line, tmp_path / "in")

    record = json.loads(run("archive", "get", file_id[:8])[1])
    original = CliRunner().invoke(app, ["archive", "get", file_id, "--original", "--config", str(config)])

    assert (record["card"]["name"], record["reports"][0]["card"]["serial"]) == ("board.csv", "PCB-0042")
    assert original.stdout_bytes == b"\x00PASS\xff"
    assert [run("archive", "get", file_id, "--report", one)[1] for one in ("1", REPORT)] == ["{}"] * 2
    assert "has 1 report(s)" in run("archive", "get", file_id, "--report", "2")[2]


def test_the_catalogue_is_made_again_from_the_archive(line, run, config, tmp_path):
    """Somebody has lost the database."""
    file_id = archived(line, tmp_path / "in")
    line.catalogue.clear()

    code, said, _ = run("archive", "rebuild", "--json")

    assert (code, json.loads(said)) == (0, {"files": 1, "damaged": []})
    assert json.loads(run("files", "find", "PCB-0042", "--json")[1])[0]["file_id"] == file_id

    (line.settings.archive_folder() / "files" / file_id[:2] / file_id / "000001").write_bytes(b"rust")
    code, said, complaint = run("archive", "rebuild")
    assert (code, file_id in complaint) == (1, True)


def test_delivered_files_are_replayed_by_their_ids_or_by_what_finds_them(line, run, tmp_path):
    """The words are those of 'files find'; it is one or the other."""
    file_id = archived(line, tmp_path / "in")
    jobs = Jobs(line.settings.replay_folder())
    words = (
        "--find", "PCB", "--serial", "PCB-00", "--part", "PN", "--name", "board", "--checksum", "a" * 64,
        "--report", REPORT, "--station", "ICT", "--source", "ict", "--state", "delivered",
        "--since", "2026-11-20", "--until", "2026-11-21",
    )  # fmt: skip

    ended = [
        run("replay", "--archive", "--no-wait", *which)[0]
        for which in (
            [*words, "--compare"],
            [file_id[:8], "--version", "recorded", "--compare-and-send"],
            [file_id, "--source", "ict"],
            [],
            ["--source", "ICT 3"],
            ["abc"],
        )
    ]

    assert ended == [0, 0, 2, 2, 2, 2]
    by_words, by_id = sorted((job.wanted for job in jobs.all()), key=lambda wanted: wanted.file_ids)
    assert by_words.said().keys() == Search.model_fields.keys()
    assert (by_words.mode, by_words.serial, by_words.sha256) == (Mode.COMPARE, "PCB-00", "a" * 64)
    assert (by_id.file_ids, by_id.mode, by_id.version) == ([file_id], Mode.COMPARE_AND_SEND, "recorded")
    assert run("replay", "--source", "ict")[0] == 2


def test_a_job_is_listed_with_the_whole_of_its_id(line, run, monkeypatch):
    """However narrow the terminal is: the other commands want to be told it."""
    wanted = JobWanted(serial="SN-0", reason="a new release")
    jobs = Jobs(line.settings.replay_folder())
    job = jobs.create(wanted, "local (3ed97e42939d)")
    jobs.save(job.model_copy(update={"waits_for": "60 files a minute are allowed"}))
    monkeypatch.setattr(console, "_width", 80)

    code, said, _ = run("replays")

    assert (code, job.id in said) == (0, True)


def test_two_words_that_contradict_each_other_are_told_plainly(line, run):
    """As a person would say it, and without asking the line."""
    code, _, complaint = run(
        "replay", "--archive", "--source", "ict", "--version", "recorded", "--converter", "better"
    )

    assert code == 2
    assert complaint.rstrip() == "the recorded version names its converter: say one of the two"


def test_a_source_is_paused_and_goes_on(line, run):
    """The list shows it, and so does the status."""
    assert run("sources", "pause", "ict", "calibration")[0] == 0

    assert line.switches.off(Kind.SOURCE)["ict"].reason == "calibration"
    assert "calibration" in run("sources", "--json")[1]
    assert any("calibration" in told for told in json.loads(run("status", "--json")[1])["concerns"])
    assert "taken again" in run("sources", "resume", "ict")[1]
    assert "was not paused" in run("sources", "resume", "ict")[1]
    assert run("sources", "pause", "nowhere")[0] == 2


def test_a_converter_is_disabled_and_enabled(line, run):
    """And the list says by whom."""
    assert run("converters", "disable", "wats-json", "it loses the limits")[0] == 0

    cards = {card["name"]: card for card in json.loads(run("converters", "list", "--json")[1])}
    assert cards["wats-json"]["reason"].startswith("switched off by local")
    assert "converts again" in run("converters", "enable", "wats-json")[1]
    assert "was not disabled" in run("converters", "enable", "wats-json")[1]


def test_a_report_that_is_not_buried_is_not_given_up(line, run):
    """Nor is one without a reason."""
    assert run("queue", "discard", REPORT, "--reason", "x")[0] == 2
    assert run("queue", "discard", REPORT)[0] == 2
    assert "0 in all" in run("queue", "held")[1]
