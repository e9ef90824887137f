"""Told to stop, every stage stops in order: it finishes or hands back what it holds, says so, and ends with 0."""

import json
import signal

import pytest
from plugins import write_plugin
from running import wstf
from support import wait_until

from wats_broker.names import Stage
from wats_broker.states import FileState

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]


def events(line, event):
    """What the line's log says about one kind of event. Every line of it has to be JSON."""
    entries = [json.loads(text) for text in line.log.read_text().splitlines()]
    return [entry for entry in entries if entry["event"] == event]


def held_until(line, file_id):
    (standing,) = line.line.journal.standing([file_id])
    return standing.held_until


def end(line, stage, *, within_s=15):
    """SIGTERM to the main process of a stage, as an update of one service does; wait until another one lives."""
    before = line.stage(stage)
    before.send_signal(signal.SIGTERM)
    wait_until(lambda: not before.is_running(), what=f"{stage} to end", timeout=within_s)
    wait_until(lambda: line.lives(stage, but=before.pid), what=f"a new {stage}", timeout=30)


def test_a_rolling_restart_of_every_stage_loses_and_doubles_nothing(make_line):
    """Under load, one stage after the other, the broker included; nothing is even sent twice."""
    line = make_line()
    line.server.change(latency_ms=50)
    for n in range(400):
        line.drop(f"unit{n:03}.txt", wstf(f"SN{n:03}"))
    line.wait_for(5)

    for stage in (Stage.WATCH, Stage.CONVERT, Stage.UPLOAD, Stage.BROKER):
        end(line, stage)
    line.wait_for(400)
    line.wait_for_rest()

    assert sorted(report["sn"] for report in line.delivered()) == [f"SN{n:03}" for n in range(400)]
    assert {report["receiveCount"] for report in line.delivered()} == {1}
    assert {entry["how"] for entry in events(line, "child_ended")} == {"exit code 0"}


def test_a_conversion_that_takes_too_long_is_handed_back(make_line, tmp_path):
    """The worker ends in time, and the next one converts the file; for the file it was no attempt."""
    plugins = tmp_path / "plugins"
    plugins.mkdir()
    write_plugin(plugins, "slow", "time.sleep(100); yield report()")
    line = make_line(toml=f'[convert]\nplugins = "{plugins}"', source='converter = "hostile"')
    line.drop("unit.log", b"x")
    wait_until(lambda: line.line.journal.states()[FileState.CONVERTING], what="the file to be taken")
    (taken,) = line.line.journal.recent()
    wait_until(
        lambda: held_until(line, taken.file_id) > int(taken.facts["until"]) / 1000, what="some seconds"
    )

    line.stage(Stage.CONVERT).send_signal(signal.SIGTERM)
    write_plugin(plugins, "slow", 'yield report(sn="SN1")')
    line.wait_for(1, timeout=60)
    line.wait_for_rest()

    (record,) = line.line.journal.recent()
    assert record.attempts == 1
    assert [entry["how"] for entry in events(line, "child_ended")] == ["exit code 0"]
    assert events(line, "file_given_back")


def test_a_request_that_takes_too_long_is_handed_back(line):
    """The server says nothing for a minute; the worker ends in time, and the next one sends the report again."""
    line.server.fault("stall", seconds=60)
    line.drop("unit.txt", wstf("SN1"))
    wait_until(lambda: line.server.state()["in_flight"], what="the request to be under way")

    end(line, Stage.UPLOAD, within_s=40)
    line.wait_for(1)
    line.wait_for_rest()

    (report,) = line.delivered()
    assert report["sn"] == "SN1"
    assert [entry["how"] for entry in events(line, "child_ended")] == ["exit code 0"]
    assert line.server.state()["max_in_flight"] == 1


def test_the_log_has_events_and_nothing_else(line):
    """Collectors read it line by line; Celery's own words would break them."""
    line.drop("unit.txt", wstf("SN1"))
    line.wait_for(1)

    line.stop()

    assert {entry["stage"] for entry in events(line, "worker_stopping")} == {"convert", "upload"}
    assert len(events(line, "child_stopped")) == len(
        {"broker", "control", "watch", "convert", "upload", "archive"}
    )
