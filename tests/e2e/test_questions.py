"""The command line, asked about a running line and told to act on it."""

import json
import subprocess
import sys

import pytest
from running import STAGES, wstf
from support import wait_until

from wats_broker.states import FileState

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]


def command(line, *words):
    """Run one command; its exit code, what it printed, what it complained."""
    done = subprocess.run(
        [sys.executable, "-m", "wats_worker", *words, "--config", str(line.config)],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def quarantined(line):
    return line.line.journal.recent(state=FileState.QUARANTINED)


def test_a_healthy_line_says_so(line):
    """Exit code 0, every stage alive, and nothing to worry about."""
    line.drop("unit.txt", wstf("SN1"))
    line.wait_for(1)
    line.wait_for_rest()

    code, said, _ = command(line, "status", "--json")

    status = json.loads(said)
    assert code == 0
    assert status["healthy"]
    assert status["files"]["delivered"] == 1
    assert {worker["stage"] for worker in status["workers"]} == STAGES
    assert "Healthy" in command(line, "status")[1]


def test_where_is_my_file(line):
    """Found by a part of its name; its story told from the folder to the server."""
    line.drop("unit-4711.txt", wstf("SN1"))
    line.wait_for(1)
    line.wait_for_rest()

    code, said, _ = command(line, "files", "find", "4711", "--json")
    (found,) = json.loads(said)
    code, said, _ = command(line, "files", "show", found["file_id"][:8], "--json")

    assert code == 0
    events = [event["event"] for event in json.loads(said)["story"]]
    assert events == ["file_seen", "file_taken", "file_converted", "report_delivered"]
    assert json.loads(command(line, "files", "find", "no such file", "--json")[1]) == []


def test_a_quarantined_file_gets_another_try(line):
    """The status says that a person is needed and what to do; the replay does it."""
    line.drop("unit.txt", wstf("SN1").replace(b"SerialNumber\tSN1", b"SerialNumber\t"))
    wait_until(lambda: quarantined(line), what="the file to be quarantined")
    (record,) = quarantined(line)

    code, said, _ = command(line, "status")
    assert code == 1
    assert "wats-worker files find --state quarantined" in " ".join(said.split())

    code, _, _ = command(line, "replay", record.file_id[:10])
    assert code == 0
    wait_until(
        lambda: (
            [e.event for e in line.line.journal.file(record.file_id).story].count("file_quarantined") == 2
        ),
        what="the second quarantine",
    )
    code, _, complaint = command(line, "replay", "0" * 32)
    assert (code, "is not in quarantine" in complaint) == (2, True)
    code, _, complaint = command(line, "replay", "../../etc")
    assert (code, "no file id begins with" in complaint) == (2, True)


def test_a_buried_report_is_shown_with_the_servers_words_and_requeued(line):
    """The server said no for good; a person mended it there and says: again."""
    line.server.fault("400", times=1)
    line.drop("unit.txt", wstf("SN1"))
    wait_until(lambda: line.line.queue.census().buried == 1, what="the report to be buried")

    code, said, _ = command(line, "queue", "buried", "--json")
    (buried,) = json.loads(said)
    assert code == 1
    assert buried["answer"]
    assert line.line.journal.file(buried["file_id"]).state is FileState.BURIED

    code, said, _ = command(line, "queue", "requeue", "--all")
    assert code == 0
    line.wait_for(1)
    line.wait_for_rest()
    assert command(line, "queue", "buried")[0] == 0
    assert line.line.journal.file(buried["file_id"]).state is FileState.DELIVERED


def test_a_paused_lane_keeps_everything_until_it_is_resumed(line):
    """By an operator, with a reason that the status tells."""
    command(line, "queue", "pause", "server moves to another hall")
    line.drop("unit.txt", wstf("SN1"))
    wait_until(lambda: line.line.queue.census().ready == 1, what="the report to wait")

    code, said, _ = command(line, "status", "--json")
    assert code == 1
    assert any("server moves to another hall" in concern for concern in json.loads(said)["concerns"])
    assert line.delivered() == []

    command(line, "queue", "resume")

    line.wait_for(1)


def test_a_refused_token_pauses_the_lane_and_burns_nothing(line):
    """One alarm for many reports; none of them is an attempt poorer."""
    line.server.fault("401", times=0)
    for n in range(10):
        line.drop(f"unit{n}.txt", wstf(f"SN{n}"))
    wait_until(lambda: line.line.queue.census().paused, what="the lane to be paused")
    wait_until(lambda: line.line.queue.census().ready == 10, what="all reports to wait")

    assert line.log.read_text().count('"lane_paused"') == 1
    assert line.line.queue.census().buried == 0

    line.server.clear_faults()
    command(line, "queue", "resume")
    line.wait_for(10)


def test_without_a_broker_the_answer_says_what_to_do(line):
    """Exit code 2, and the way out."""
    line.stop()

    code, _, complaint = command(line, "status")

    assert code == 2
    assert "wats-worker up" in " ".join(complaint.split())


def test_a_mistake_in_the_configuration_is_named_with_its_line(line):
    """Exit code 78, file, line, and the fix; the running line is not disturbed."""
    text = line.config.read_text()
    line.config.write_text(text.replace("look_s", "look_secondz"))

    code, _, complaint = command(line, "status")
    line.config.write_text(text)

    number = 1 + text[: text.index("look_s")].count("\n")
    assert code == 78
    assert f"wats.toml:{number}" in "".join(complaint.split())
    assert "look_s" in complaint
