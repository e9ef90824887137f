"""Units of several files, and files that grow, through the whole line."""

import pytest
from support import wait_until

from wats_broker.names import Stage
from wats_broker.states import FileState

pytestmark = pytest.mark.slow

LISTS = "".join(f"Results_{word}=\n" for word in ("Fail", "Warning", "Void", "Noise", "Invalid"))
HEADING = "Serial #:\tTime: \tLot #: \tName\tMargin\tUnit\tResult\tTolerance\tLimits\n"


def klippel(serial: str) -> str:
    return (
        "Cfg_DutStartTime=2026-3-12-76-3-17-8-14-5-36-60-1.77E+09\n"
        f"Cfg_SerialNumber={serial}\nCtrl_OverallVerdict=1\nResults_Pass=imp\n{LISTS}"
    )


def soundcheck(number: int) -> str:
    front = f"SN-{number}\t3/17/2026 8:14:{number:02} AM\tSP-2"
    return (
        f"{front}\tSensitivity\t95.50\tdB\tPASS\tMax/Min\t100.0/90.0\n{front}\tTHD\t1.20\t%\tPASS\tMax\t2.0\n"
    )


def test_a_unit_dropped_file_by_file_arrives_once(line) -> None:
    """The text first, its curves one after the other; a report with all of them."""
    line.drop("DUT 7.txt", klippel("7").encode())
    folder = line.inbox / "DUT 7"
    folder.mkdir()
    for name in ("imp", "phase", "thd"):
        (folder / f"Sound-{name}.txt").write_text(f"frq\t{name}\tmax\n10\t1.5\t2\n20\t1.6\t2\n")

    line.wait_for(1)

    [body] = line.bodies()
    [group] = body["root"]["steps"]
    assert body["sn"] == "7"
    assert [step["name"] for step in group["steps"]] == ["imp", "phase", "thd"]
    wait_until(lambda: list(line.inbox.iterdir()) == [], what="the end of the unit in its folder")


def test_a_file_that_grows_arrives_unit_by_unit_whoever_is_killed(make_line) -> None:
    """Each unit once, with all of its lines, as soon as the next one begins; and the file stays where it is."""
    line = make_line(source='converter = "listen-soundcheck"\nmode = "grow"\ngrow = { quiet_s = 600 }')
    day = line.inbox / "day.txt"
    day.write_text(HEADING)
    text = "".join(map(soundcheck, range(1, 8)))

    for at, start in enumerate(range(0, len(text), 200)):
        with day.open("a") as file:
            file.write(text[start : start + 200])
        if at % 2:
            watcher = line.stage(Stage.WATCH)
            watcher.kill()
            wait_until(
                lambda old=watcher.pid: line.lives(Stage.WATCH, but=old), what="another watcher", timeout=30
            )

    line.wait_for(6)
    states = line.line.journal.states()
    assert sum(states.values()) == states[FileState.DELIVERED] + states[FileState.CONVERTED]
    assert sorted(body["sn"] for body in line.bodies()) == [f"SN-{number}" for number in range(1, 7)]
    assert {len(body["root"]["steps"]) for body in line.bodies()} == {2}
    assert day.read_text() == HEADING + text
