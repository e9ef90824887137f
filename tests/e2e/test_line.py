"""A dropped file becomes a delivered report."""

import json
import threading

import pytest
from golden import check
from running import wstf
from support import shared

from wats_broker.names import Stage
from wats_broker.states import FileState

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]


def serials(line):
    return sorted(report["sn"] for report in line.delivered())


def test_five_hundred_files_become_five_hundred_reports(line):
    """None lost, none doubled, never more than five requests at a time."""
    for n in range(500):
        line.drop(f"unit{n:03}.txt", wstf(f"SN{n:03}"))

    line.wait_for(500)
    line.wait_for_rest()

    assert serials(line) == [f"SN{n:03}" for n in range(500)]
    assert line.server.state()["max_in_flight"] <= 5
    assert list(line.inbox.iterdir()) == []


@pytest.mark.parametrize("stage", [Stage.WATCH, Stage.CONVERT, Stage.UPLOAD, Stage.BROKER])
def test_a_killed_stage_loses_and_doubles_nothing(line, stage):
    """SIGKILL in the middle of 120 files; the supervisor starts it again, and everything arrives once."""
    for n in range(120):
        line.drop(f"unit{n:03}.txt", wstf(f"SN{n:03}"))
        if n == 40:
            line.wait_for(1)
            line.stage(stage).kill()

    line.wait_for(120, timeout=90)
    line.wait_for_rest()

    assert serials(line) == [f"SN{n:03}" for n in range(120)]


def test_a_killed_broker_server_loses_and_doubles_nothing(line):
    """Not its carer but the server itself dies; it comes back with all it had acknowledged."""
    for n in range(120):
        line.drop(f"unit{n:03}.txt", wstf(f"SN{n:03}"))
    line.wait_for(5)
    (server,) = [process for process in line.processes() if process.name() == "valkey-server"]

    server.kill()
    line.wait_for(120, timeout=90)
    line.wait_for_rest()

    assert serials(line) == [f"SN{n:03}" for n in range(120)]


def test_the_whole_line_dies_and_goes_on(line):
    """A power cut takes every process; after the restart everything arrives once."""
    for n in range(100):
        line.drop(f"unit{n:03}.txt", wstf(f"SN{n:03}"))
    line.wait_for(5)

    line.kill_everything()
    line.start()
    line.wait_for(100, timeout=90)
    line.wait_for_rest()

    assert serials(line) == [f"SN{n:03}" for n in range(100)]


@pytest.mark.parametrize("seconds", [0.3, 1.0, 3.0])
def test_files_written_slowly_in_place_are_read_whole(make_line, seconds):
    """Testers write in place, bit by bit, and may close the file in between."""
    line = make_line(quiet_s=1.0)
    pause = threading.Event()

    def write(n):
        content = wstf(f"SN{n:03}", steps=40)
        target = line.inbox / f"unit{n:03}.txt"
        parts = [
            content[at : at + len(content) // 10 + 1] for at in range(0, len(content), len(content) // 10 + 1)
        ]
        keep_open = n % 2 == 0
        held = target.open("ab") if keep_open else None
        for part in parts:
            if held:
                held.write(part)
                held.flush()
            else:
                with target.open("ab") as file:
                    file.write(part)
            pause.wait(seconds / len(parts))
        if held:
            held.close()

    writers = [threading.Thread(target=write, args=(n,)) for n in range(50)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    line.wait_for(50)
    line.wait_for_rest()

    assert serials(line) == [f"SN{n:03}" for n in range(50)]
    assert {len(body["root"]["steps"]) for body in line.bodies()} == {40}


def test_a_server_that_is_away_for_ten_seconds_gets_everything_afterwards(line):
    """Nobody has to do anything, and no report is an attempt poorer."""
    line.server.stop()
    for n in range(200):
        line.drop(f"unit{n:03}.txt", wstf(f"SN{n:03}"))
    away = threading.Event()
    away.wait(10)

    line.server.start()
    line.wait_for(200, timeout=40)
    line.wait_for_rest()

    assert serials(line) == [f"SN{n:03}" for n in range(200)]


@pytest.mark.parametrize(
    "golden",
    [
        "teststand-xml/TSWithWats2.xml.json",
        "wats-wsjf/uut-wsjf-export.json.json",
    ],
)
def test_golden_facts_hold_on_what_the_server_got(line, golden):
    """The whole way: watch folder, jail, spool, queue, server."""
    facts = json.loads(shared(f"corpus/golden/{golden}").read_text())
    source = shared(f"corpus/{facts['file']}")
    line.drop(source.name, source.read_bytes())

    line.wait_for(facts["reports_expected"])
    line.wait_for_rest()

    assert check(facts, line.bodies()) == []


@pytest.mark.parametrize(
    ("cut", "field"),
    [
        (b"SerialNumber\tSN1\r\n", "serial number"),
        (b"StartDateTime\t2026-03-17T08:14:05\r\nUTCStartDateTime\t2026-03-17T07:14:05\r\n", "start"),
        (b"PartNumber\tPN-1\r\n", "part number"),
    ],
)
def test_a_file_without_identity_is_quarantined_by_name(make_line, cut, field):
    """Nothing is delivered that would have to be made up, and the missing field is named."""
    line = make_line(source="" if field != "part number" else "[sources.options]\n")
    if field == "part number":
        line.stop()
        line.config.write_text(line.config.read_text().replace('part_number = "PN-DEFAULT"\n', ""))
        line.start()
    line.drop("unit.txt", wstf("SN1").replace(cut, b""))
    line.drop("good.txt", wstf("SN2"))

    line.wait_for(1)
    line.wait_for_rest()

    (record,) = line.line.journal.recent(state=FileState.QUARANTINED)
    assert record.facts["field"] == field
    assert serials(line) == ["SN2"]


def test_the_same_bytes_again_are_recognised(line):
    """A tester that copies its log twice makes one report."""
    line.drop("unit.txt", wstf("SN1"))
    line.wait_for(1)
    line.drop("unit copy.txt", wstf("SN1"))
    line.wait_for_rest()

    (record,) = line.ask("files", "find")
    story = line.ask("files", "show", record["file_id"])["story"]
    assert "file_seen_again" in [event["event"] for event in story]
    (report,) = line.delivered()
    assert report["receiveCount"] == 1
