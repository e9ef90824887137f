"""A configuration changed while the line runs: taken up under load, or refused with a reason."""

import subprocess
import sys
import threading
from typing import Self

import pytest
from running import RunningLine, wstf
from support import wait_until

from wats_broker.names import Stage

pytestmark = pytest.mark.slow


class Testers:
    """Testers that write a file five times a second, whatever happens."""

    __test__ = False

    def __init__(self, line: RunningLine) -> None:
        self._line = line
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work)
        self.count = 0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _work(self) -> None:
        while not self._stop.wait(0.2):
            self._line.drop(f"{self.count}.txt", wstf(f"SN-{self.count}"))
            self.count += 1


def serials(line: RunningLine) -> list[str]:
    return sorted(report["sn"] for report in line.delivered())


def test_a_source_and_a_limit_are_taken_up_under_load(make_line):
    """Who is about to convert or to deliver finishes it first: nothing is lost, and nothing comes twice."""
    line = make_line(toml='[log]\nformat = "json"')
    other = line.folder / "other"
    other.mkdir()
    broker, uploader = line.stage(Stage.BROKER).pid, line.stage(Stage.UPLOAD).pid

    with Testers(line) as testers:
        line.wait_for(5)
        (other / "new.txt").write_bytes(wstf("SN-OTHER"))
        line.configure(
            lambda text: (
                text.replace("[broker]\n", "[broker]\nmax_concurrent_uploads = 1\n")
                + f'[[sources]]\nname = "other"\nfolder = "{other}"\nquiet_s = 0.1\n'
            )
        )
        wait_until(lambda: "SN-OTHER" in serials(line), what=f"the new source; see {line.log}", timeout=60)
        wait_until(lambda: len(line.logged("child_stopped")) == 5, what="every stage to change", timeout=120)
    line.wait_for(testers.count + 1)
    line.wait_for_rest()

    assert serials(line) == sorted([*(f"SN-{n}" for n in range(testers.count)), "SN-OTHER"])
    (taken,) = line.logged("configuration_taken_up")
    assert "broker.max_concurrent_uploads" in taken["keys"]
    assert not line.logged("child_killed") + line.logged("child_ended")
    assert line.stage(Stage.BROKER).pid == broker
    assert line.stage(Stage.UPLOAD).pid != uploader


def test_what_can_not_be_taken_up_is_refused_with_the_way_to_do_it(make_line):
    """A mistake, and a spool elsewhere: both are logged, and the line goes on as it was."""
    line = make_line(toml='[log]\nformat = "json"')
    stages = {process.pid for process in line.processes()}
    good = line.config.read_text()

    line.configure(lambda text: text.replace("[spool]", "[spol]"))
    wait_until(lambda: len(line.logged("configuration_refused")) == 1, what="the first refusal")
    line.configure(lambda _: good.replace("/spool", "/elsewhere"))
    wait_until(lambda: len(line.logged("configuration_refused")) == 2, what="the second refusal")
    line.configure(lambda _: good)
    wait_until(lambda: line.logged("configuration_unchanged"), what="the third look")

    mistake, move = (event["reason"] for event in line.logged("configuration_refused"))
    assert "did you mean spool?" in mistake
    assert "spool.folder can't change now: stop the line, move the folder" in move
    assert stages <= {process.pid for process in line.processes()}


def test_a_key_set_over_the_door_is_taken_up(make_line):
    """The command returns when it is written; the supervisor starts anew who reads it, and nobody else."""
    line = make_line(toml='[log]\nformat = "json"')
    broker, uploader = line.stage(Stage.BROKER).pid, line.stage(Stage.UPLOAD).pid

    said = subprocess.run(
        [sys.executable, "-m", "wats_worker", "config", "set", "upload.threads", "2", "-c", str(line.config)],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (said.returncode, "The line is taking it up." in said.stdout) == (0, True), said
    wait_until(lambda: line.logged("configuration_taken_up"), what=f"the change; see {line.log}", timeout=60)
    wait_until(lambda: line.lives(Stage.UPLOAD, but=uploader), what="another uploader", timeout=120)
    line.drop("unit.txt", wstf("SN-1"))
    line.wait_for(1)
    (taken,) = line.logged("configuration_taken_up")
    assert taken["keys"] == ["upload.threads"]
    assert line.stage(Stage.BROKER).pid == broker
