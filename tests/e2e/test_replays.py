"""A day once more: compared to what was sent, and sent where it is different."""

import json
import subprocess
import sys

import pytest
from plugins import write_plugin
from support import wait_until

from wats_broker.names import Stage

pytestmark = pytest.mark.slow

#: The serial number is in the file; the revision is what the makers of the converter forgot.
CONVERT = 'yield report(sn=source.text().strip(), rev="{revision}")'


def wats(line, *words):
    """A command: its exit code and what it printed."""
    done = subprocess.run(
        [sys.executable, "-m", "wats_worker", *words, "--config", str(line.config)],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout


@pytest.fixture
def day(make_line, tmp_path):
    """Three files, delivered and archived."""
    plugins = tmp_path / "plugins"
    plugins.mkdir()
    write_plugin(plugins, "hostile", CONVERT.format(revision="A"))
    line = make_line(toml=f'[convert]\nplugins = "{plugins}"\nprocesses = 1', source='converter = "hostile"')
    for n in range(3):
        line.drop(f"{n}.log", f"SN-{n}\n".encode())
    line.wait_for(3)
    line.wait_for_rest()
    wait_until(lambda: len(list(line.line.archive.file_ids())) == 3, what="the archive", timeout=60)
    return line


def changed(line):
    """Somebody mends the converter."""
    file = line.folder / "plugins/hostile.py"
    write_plugin(file.parent, "hostile", CONVERT.format(revision="B"))
    file.write_text(file.read_text().replace('"Hostile", "1"', '"Hostile", "2"'))


def test_a_day_with_a_changed_converter(day):
    """The difference is shown and nothing is sent; then the server's reports are replaced, and none is doubled."""
    before = {report["id"] for report in day.bodies()}
    code, said = wats(day, "replay", "--archive", "--source", "in", "--compare", "--per-minute", "6000")
    assert code == 0
    assert "3 same" in said
    changed(day)

    code, said = wats(day, "replay", "--archive", "--source", "in", "--compare", "--per-minute", "6000")

    assert code == 1
    assert 'rev: "A" → "B"' in said
    assert "3 different" in said
    assert {report["rev"] for report in day.bodies()} == {"A"}

    code, said = wats(
        day, "replay", "--archive", "--source", "in", "--version", "recorded", "--compare"
    )  # of which there is none any more

    assert "hostile 1 made its reports, and version 2 is installed" in said

    code, said = wats(
        day, "replay", "--archive", "--source", "in", "--compare-and-send", "--per-minute", "6000"
    )

    assert "3 sent" in said
    wait_until(
        lambda: {report["rev"] for report in day.bodies()} == {"B"}, what="the new reports", timeout=60
    )
    assert {report["id"] for report in day.bodies()} == before
    assert len(day.delivered()) == 3


def test_a_replay_goes_on_where_it_was_killed(day):
    """Kill -9 of who works on it; the next one begins behind the last file that was done."""
    _, said = wats(
        day, "replay", "--archive", "--source", "in", "--compare", "--no-wait", "--per-minute", "12"
    )
    job = said.split()[1]

    def done():
        return day.ask("replays", "show", job)["done"]

    wait_until(lambda: done() >= 1, what="the first file", timeout=60)
    control = day.stage(Stage.CONTROL)
    control.kill()
    wait_until(lambda: day.lives(Stage.CONTROL, but=control.pid), what="the next one", timeout=60)

    wait_until(
        lambda: day.ask("replays", "show", job).get("state") == "done", what="the end of it", timeout=240
    )

    told = day.ask("replays", "show", job)
    assert (told["done"], told["counts"]) == (3, {"same": 3})
    assert json.dumps(told["differences"]) == "[]"
