"""Pictures of the console for the documentation: a line under load, with failures on it, in a real browser.

cd tests && python -m pictures ../docs/images
"""

import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from browsers import PATIENCE_MS, Console, chromium
from playwright.sync_api import Browser
from running import RunningLine, wstf
from support import wait_until

from wats_broker.access import Access, Scope
from wats_broker.switches import Kind
from wats_worker.simulator.running import Simulator

#: How long the line is at work before it is looked at: the plots need a past.
_WARM_UP_S = 240.0
#: Until fonts and plots are drawn.
_SETTLED_MS = 4000
_SOURCES = """
[[sources]]
name = "ict-line-4"
folder = "{folder}/ict"
process_code = 10
part_number = "PN-DEFAULT"
look_s = 0.3
quiet_s = 0.3
silent_s = 60

[[sources]]
name = "fct-cell-2"
folder = "{folder}/fct"
process_code = 50
part_number = "PN-DEFAULT"
look_s = 0.3
quiet_s = 0.3

[[sources]]
name = "aoi"
folder = "{folder}/aoi"
process_code = 10
part_number = "PN-DEFAULT"
"""
_LONG = (
    "FCT_very-long-name-of-a-tester-that-writes-everything-it-knows-into-the-file-name_2026-03-17_08-14-05"
)


def main(target: Path) -> None:
    """Take all pictures."""
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="wats-pictures-") as name:
        folder = Path(name)
        with (
            Simulator(folder / "server.sqlite", rate=0, latency_ms=250) as server,
            _line(folder, server) as line,
        ):
            token = Access(line.line.redis, line.line.keys).create("hall 3, shift lead", Scope.OPERATE)[1]
            time.sleep(_WARM_UP_S)
            console = Console(line.config, folder / "console.log")
            try:
                with chromium() as browser:
                    _take(browser, console.url, token, target)
            finally:
                console.stop()


@contextmanager
def _line(folder: Path, server: Simulator) -> Iterator[RunningLine]:
    for source in ("ict", "fct", "aoi"):
        (folder / source).mkdir()
    line = RunningLine(folder, server, source=_SOURCES.format(folder=folder))
    line.start()
    over = threading.Event()
    testers = threading.Thread(target=_testers, args=(folder, over))
    try:
        _failures(line, folder)
        testers.start()
        yield line
    finally:
        over.set()
        if testers.is_alive():
            testers.join()
        line.stop()


def _failures(line: RunningLine, folder: Path) -> None:
    """What waits for a person, of every kind."""
    line.server.fault("400", times=0, holding="SN-REFUSED")
    for number, name in enumerate(("board-0417.txt", f"{_LONG}.txt", "panel 7, position 3.txt")):
        (folder / "fct" / name).write_bytes(wstf(f"SN-REFUSED-{number}"))
    (folder / "ict" / "<img src=x onerror=alert(1)> & co.csv").write_bytes(
        b"serial;result\n4711;PASS\n4712;FAIL\n"
    )
    (folder / "ict" / "0417-0093.log").write_bytes(wstf("").replace(b"SerialNumber\t", b"Serial\t"))
    (folder / "fct" / "camera-dump.bin").write_bytes(bytes(range(256)) * 64)
    wait_until(
        lambda: line.line.queue.census().buried == 3 and line.line.journal.states()["quarantined"] == 3,
        what="failures",
        timeout=90,
    )
    line.line.switches.turn_off(
        Kind.SOURCE, "aoi", who="hall 3, shift lead", reason="camera is being calibrated"
    )


def _testers(folder: Path, over: threading.Event) -> None:
    """Units come in waves."""
    unit, began = 0, time.monotonic()
    while not over.is_set():
        for _ in range(3 if (time.monotonic() - began) % 60 < 25 else 1):
            unit += 1
            hidden = folder / "fct" / f".u{unit}"
            hidden.write_bytes(wstf(f"SN{unit:06}"))
            hidden.rename(folder / "fct" / f"SN{unit:06}.txt")
        over.wait(0.25)


def _take(browser: Browser, url: str, token: str, target: Path) -> None:
    page = browser.new_page(viewport={"width": 1440, "height": 900}, color_scheme="light")
    page.set_default_timeout(PATIENCE_MS)
    page.goto(url)
    page.fill("#token", token)
    page.click("button[type=submit]")
    page.wait_for_selector("[data-station]")

    def shot(name: str, path: str, *, width: int = 1440, height: int) -> None:
        page.set_viewport_size({"width": width, "height": height})
        if path:
            page.goto(f"{url}{path}")
        page.wait_for_selector("[data-station], .entry, .raw")
        page.wait_for_timeout(_SETTLED_MS)
        page.screenshot(path=target / f"console-{name}.png")

    shot("line", "/", height=1010)
    shot("attention", "/attention", height=1020)
    page.get_by_role("link", name="0417-0093.log").click()
    shot("file", "", height=1180)
    shot("sources", "/sources", height=560)
    page.goto(f"{url}/files")
    page.get_by_label("Serial number").fill("SN0001")
    shot("files", "", height=760)
    shot("tablet", "/", width=820, height=1180)
    page.emulate_media(color_scheme="dark")
    shot("dark", "/attention", width=820, height=1180)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
