"""The server's processes: from the server through the upload stage to the conversions and the command line."""

import json
import subprocess
import sys
from dataclasses import replace

import pytest
from running import wstf
from support import wait_until

from wats_broker.states import FileState
from wats_worker.simulator.processes import GENERIC, Process

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]


def asked(line, *words):
    """Run one command; its exit code and what it printed."""
    done = subprocess.run(
        [sys.executable, "-m", "wats_worker", *words, "--config", str(line.config)],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def quarantined(line):
    return {file.name: file.facts for file in line.line.journal.recent(state=FileState.QUARANTINED)}


def test_the_servers_list_decides_about_codes_and_names(make_line, server, tmp_path):
    """Fetched by the upload stage, used by conversions that reach no network, shown and fetched anew."""
    bare = tmp_path / "bare"
    bare.mkdir()
    line = make_line(source=f'[[sources]]\nname = "bare"\nfolder = "{bare}"\nlook_s = 0.3\n')
    wait_until(lambda: line.line.board.look().version, what="the list on the board", timeout=20)
    (bare / "named.txt").write_bytes(
        wstf("SN1").replace(b"OperationTypeCode\t10", b"OperationTypeName\tFunctional test")
    )
    (bare / "unknown.txt").write_bytes(wstf("SN2").replace(b"Code\t10", b"Code\t61"))
    line.wait_for(1)
    wait_until(lambda: quarantined(line), what="the file with an unknown code in quarantine", timeout=30)

    assert [report["processCode"] for report in line.bodies()] == [60]
    assert quarantined(line)["unknown.txt"]["reason"] == "61 is not known on this server"
    code, said = asked(line, "processes", "--json")
    listed = {process["code"]: process["name"] for process in json.loads(said)["processes"]}
    assert (code, listed[60], len(listed)) == (0, "Functional test", len(GENERIC))

    # Somebody makes the process on the server, and does not want to wait for the next question.
    server.stop()
    server.settings = replace(server.settings, processes=(*GENERIC, Process(61, "Tuning")))
    server.start()
    line.line.redis.delete(line.line.keys.board_turn())  # whose turn it is changes after 45 s
    code, said = asked(line, "processes", "sync")
    assert (code, f"{len(GENERIC) + 1} processes of {server.url}" in said) == (0, True), said
    (unknown,) = line.line.journal.recent(state=FileState.QUARANTINED)
    asked(line, "replay", unknown.file_id)
    line.wait_for(2)

    assert sorted(report["processCode"] for report in line.bodies()) == [60, 61]
    code, said = asked(line, "status")
    assert "15 processes of the server, confirmed" in said
