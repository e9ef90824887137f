"""The console in a real browser, before a real line with failures on it."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from browsers import PATIENCE_MS, Console, chromium
from playwright.sync_api import Browser, BrowserContext, Page, expect
from plugins import write_plugin
from running import RunningLine, wstf
from support import wait_until

from wats_broker.access import Access, Scope
from wats_broker.states import FileState
from wats_broker.switches import Kind
from wats_worker.catalogue.finding import Wanted
from wats_worker.control.client import Client
from wats_worker.control.place import Place
from wats_worker.settings import load
from wats_worker.simulator.running import Simulator

# One browser at a time is enough for a machine.
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("browser")]

#: A converter whose makers forgot something at first.
FORGETFUL = 'yield report(sn=source.text().strip(), rev="{revision}")'

#: What a tester could call its file to be obeyed by a browser.
HOSTILE = "<img src=x onerror=\"document.title='obeyed'\"> {{7*7}}.txt"


@dataclass
class Hall:
    """A line, its console, and a browser before it."""

    line: RunningLine
    console: Console
    browser: Browser
    broken: Path  #: a source whose converter crashes
    forgetful: Path  #: one whose converter is going to be mended
    logged_in: dict[Scope, BrowserContext] = field(default_factory=dict)

    def token(self, scope: Scope) -> tuple[str, str]:
        """A new token: its id and its text."""
        token, text = Access(self.line.line.redis, self.line.line.keys).create("hall 3", scope)
        return token.id, text

    def find(self, name: str, state: FileState) -> str:
        """The id of a file, once it is in that state."""
        found: list[str] = []

        def there() -> bool:
            found[:] = [
                one.file_id
                for one in self.line.line.journal.recent(count=200)
                if one.name == name and one.state is state
            ]
            return bool(found)

        wait_until(there, what=f"{name} to be {state}; see {self.line.log}", timeout=60)
        return found[0]


def forgets(plugins: Path, *, revision: str) -> None:
    """Put the forgetful converter there, at one stroke; each time it is another version."""
    draft = write_plugin(plugins.parent, "draft", FORGETFUL.format(revision=revision))
    code = draft.read_text().replace('"hostile", "Hostile", "1"', f'"forgetful", "Forgetful", "{revision}"')
    draft.write_text(code)
    draft.rename(plugins / "forgetful.py")


@pytest.fixture(scope="module")
def hall(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hall]:
    folder = tmp_path_factory.mktemp("hall")
    plugins, broken, forgetful = folder / "plugins", folder / "broken", folder / "forgetful"
    for one in (plugins, broken, forgetful):
        one.mkdir()
    write_plugin(
        plugins,
        "crashing",
        """
        os.write(2, b"<script>document.title='obeyed'</script> no such channel")
        os.abort()
        """,
    )
    forgets(plugins, revision="A")
    line = RunningLine(
        folder,
        Simulator(folder / "server.sqlite", rate=0).start(),
        toml=f'[convert]\nplugins = "{plugins}"',
        source=f"""
converter = "wats-text"
[[sources]]
name = "broken"
folder = "{broken}"
converter = "hostile"
part_number = "PN"
process_code = 10
quiet_s = 0.3
look_s = 0.3
[[sources]]
name = "forgetful"
folder = "{forgetful}"
converter = "forgetful"
part_number = "PN"
process_code = 10
quiet_s = 0.3
look_s = 0.3
""",
    )
    try:
        with chromium() as browser:
            line.start()
            console = Console(line.config, folder / "console.log")
            try:
                yield Hall(line, console, browser, broken, forgetful)
            finally:
                assert console.stop() == 0
    finally:
        line.stop()
        line.server.stop()


@pytest.fixture
def open_page(hall: Hall) -> Iterator[Callable[..., Page]]:
    """Pages of operators who are logged in; afterwards nothing may have gone wrong in any of them.

    Who needs no session of its own shares one, with as many tabs as there are.
    """
    strange: list[str] = []
    opened: list[Page | BrowserContext] = []

    def watch(page: Page) -> None:
        page.on("pageerror", lambda error: strange.append(f"error: {error}"))
        page.on("console", lambda said: said.type == "error" and strange.append(f"console: {said.text}"))
        page.on("dialog", lambda dialog: strange.append(f"dialog: {dialog.message}"))
        page.on(
            "request", lambda asked: _is_ours(asked.url, hall) or strange.append(f"asked for {asked.url}")
        )

    def log_in(page: Page, token: str) -> None:
        page.goto(f"{hall.console.url}/login")
        page.fill("#token", token)
        page.click("button[type=submit]")
        page.wait_for_selector("[data-station]")

    def open_page(
        path: str = "/", *, scope: Scope = Scope.OPERATE, text: str = "", **options: object
    ) -> Page:
        shared = not (text or options)
        context = hall.logged_in.get(scope) if shared else None
        page = (context or hall.browser.new_context(**options)).new_page()
        page.context.set_default_timeout(PATIENCE_MS)
        watch(page)
        opened.append(page if shared else page.context)
        if context is None:
            log_in(page, text or hall.token(scope)[1])
            if shared:
                hall.logged_in[scope] = page.context
        if context is not None or path != "/":
            page.goto(f"{hall.console.url}{path}")
        return page

    expect.set_options(timeout=PATIENCE_MS)
    yield open_page
    for one in opened:
        one.close()
    assert strange == []


def _is_ours(url: str, hall: Hall) -> bool:
    parts = urlsplit(url)
    return parts.scheme == "data" or parts.netloc == urlsplit(hall.console.url).netloc


def test_who_has_no_token_stays_outside(hall):
    """And a wrong one is not told apart from an old one."""
    context = hall.browser.new_context()
    page = context.new_page()
    page.goto(f"{hall.console.url}/files")
    expect(page).to_have_url(re.compile("/login$"))

    page.fill("#token", f"wats_{'0' * 12}_{'x' * 43}")
    page.click("button[type=submit]")

    expect(page.get_by_role("alert")).to_have_text("The control door does not know this token.")
    context.close()


def test_a_token_is_in_no_url_no_cookie_no_page_and_no_log(hall, open_page):
    """It stays in the console's memory; the cookie is a number that means nothing elsewhere."""
    text = hall.token(Scope.OPERATE)[1]
    page = open_page(text=text)

    (cookie,) = page.context.cookies()
    assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Lax")
    everywhere = page.content() + page.url + str(cookie) + hall.console._log.read_text()
    assert text not in everywhere
    assert text.split("_", 2)[2] not in everywhere


def test_the_line_is_a_picture_with_live_numbers(hall, open_page):
    """A unit that comes in is counted without anybody touching the page."""
    page = open_page()
    server = page.locator("[data-station=server]")
    before = hall.line.line.journal.states()[FileState.DELIVERED]
    expect(server.locator(".station-notes")).to_have_text(f"{before} files delivered")

    hall.line.drop("live.txt", wstf("SN-LIVE"))

    expect(server.locator(".station-notes")).to_have_text(f"{before + 1} files delivered")
    expect(page.locator("[data-station=convert] .station-notes")).to_contain_text("jail")
    expect(page.locator("canvas")).to_have_count(2)


def test_words_of_strangers_are_text(hall, open_page):
    """Whatever a tester calls its file, and whatever a converter prints."""
    hall.line.drop(HOSTILE, b"no report")
    hall.find(HOSTILE, FileState.QUARANTINED)
    (hall.broken / "crash.txt").write_bytes(wstf("SN-CRASH"))
    file_id = hall.find("crash.txt", FileState.QUARANTINED)

    page = open_page("/attention")
    expect(page.get_by_text(HOSTILE, exact=True)).to_be_visible()
    assert page.locator("img[src=x]").count() == 0
    page.goto(f"{hall.console.url}/files/{file_id}")
    expect(page.get_by_text("</script> no such channel")).to_be_visible()
    expect(page.get_by_role("region", name="the file itself")).to_contain_text("SN-CRASH")
    expect(page.locator(".story")).to_contain_text("File quarantined")

    assert page.title() == "wats-worker"


def test_a_quarantined_file_is_replayed_by_another_converter(hall, open_page):
    """Its own crashes on it."""
    (hall.broken / "again.txt").write_bytes(wstf("SN-AGAIN"))
    file_id = hall.find("again.txt", FileState.QUARANTINED)
    page = open_page(f"/files/{file_id}")

    page.get_by_role("button", name="Replay").click()
    page.get_by_role("combobox", name="Converter").fill("wats-te")
    page.get_by_role("option", name="wats-text", exact=True).click()
    page.get_by_label("Reason").fill("the plugin is broken")
    page.get_by_role("dialog").get_by_role("button", name="Replay").click()

    expect(page.locator(".hero .chip")).to_have_text("delivered")
    expect(page.locator(".story")).to_contain_text("the plugin is broken")
    assert hall.find("again.txt", FileState.DELIVERED) == file_id


def test_a_buried_report_is_requeued_and_another_discarded(hall, open_page):
    """With a reason, without which nothing is given up."""
    for name in ("mended", "hopeless"):
        hall.line.server.fault("400", times=1, holding=f"SN-{name}")
        hall.line.drop(f"{name}.txt", wstf(f"SN-{name}"))
        hall.find(f"{name}.txt", FileState.BURIED)
    page = open_page("/attention")

    page.locator(".entry", has_text="mended.txt").get_by_role("button", name="Requeue").click()
    hall.find("mended.txt", FileState.DELIVERED)
    expect(page.locator(".entry", has_text="mended.txt")).to_have_count(0)

    page.locator(".entry", has_text="hopeless.txt").get_by_role("button", name="Discard").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Discard").click()
    expect(dialog).to_contain_text("it stands in the journal")
    dialog.get_by_label("Reason").fill("a trial unit")
    dialog.get_by_role("button", name="Discard").click()
    expect(page.locator(".entry", has_text="hopeless.txt")).to_have_count(0)

    page.goto(f"{hall.console.url}/files/{hall.find('hopeless.txt', FileState.DELIVERED)}")
    expect(page.locator(".entry")).to_contain_text("discarded a trial unit, by hall 3")


def test_a_file_is_found_by_serial_number_and_by_name(hall, open_page):
    """The beginning of one, a part of the other."""
    hall.line.drop("panel-7.txt", wstf("SN-SEARCHED"))
    hall.find("panel-7.txt", FileState.DELIVERED)
    page = open_page("/files")

    page.get_by_label("Serial number").fill("SN-SEARCH")
    expect(page.locator(".entry")).to_have_count(1)
    expect(page.locator(".entry")).to_contain_text("panel-7.txt")
    page.get_by_label("Serial number").fill("")
    page.get_by_label("Name, or a part of it").fill("nobody's file")
    expect(page.get_by_text("No file fits")).to_be_visible()
    page.get_by_label("Name, or a part of it").fill("NEL-7")
    page.get_by_role("link", name="panel-7.txt").click()

    expect(page.get_by_role("heading", name="panel-7.txt")).to_be_visible()


def test_numbers_are_seen_and_taken_along(hall, open_page):
    """As a plot, as bars, and as a table for a spreadsheet."""
    lately = f"{datetime.now(UTC) - timedelta(hours=1):%Y-%m-%dT%H:%M:%S}"
    unit = re.sub(rb"2026-03-17T\d\d:14:05", lately.encode(), wstf("SN-COUNTED"))
    hall.line.drop("counted.txt", unit)
    hall.find("counted.txt", FileState.DELIVERED)
    with Client.local(load(hall.line.config)) as door:
        wait_until(lambda: door.yields().yields, what="the unit to be counted", timeout=60)
    page = open_page("/numbers")

    expect(page.locator("canvas")).to_have_count(1)
    expect(page.locator("th", has_text="Part number")).to_be_visible()
    page.get_by_role("combobox", name="Yield by").click()
    page.get_by_role("option", name="station", exact=True).click()
    expect(page.locator("th", has_text="Part number")).to_have_count(0)
    expect(page.locator(".cell-bar").first).to_contain_text("%")
    with page.expect_download() as taken:
        page.get_by_role("button", name="yield as CSV").click()

    assert taken.value.suggested_filename == "wats-yield-day.csv"
    assert Path(taken.value.path()).read_text().startswith("part,station,process,units,tests,")


def test_a_delivered_file_is_converted_again_and_compared(hall, open_page):
    """Nothing has changed, so nothing is different; and it stands among the replays who wanted to know."""
    hall.line.drop("compared.txt", wstf("SN-COMPARED"))
    page = open_page(f"/files/{hall.find('compared.txt', FileState.DELIVERED)}")

    page.get_by_role("button", name="Convert again and compare").click()
    page.get_by_label("Reason").fill("a new release")
    page.get_by_role("dialog").get_by_role("button", name="Compare", exact=True).click()

    row = page.locator(".entry")
    expect(row.locator(".chip")).to_have_text("done")
    expect(row).to_contain_text("1 done: 1 same")
    expect(row).to_contain_text("a new release – by hall 3")
    row.get_by_role("button", name="Look").click()
    expect(page.get_by_text("No difference", exact=True)).to_be_visible()


def test_what_a_search_finds_is_sent_where_it_differs(hall, open_page):
    """A mended converter: the server's report is replaced under its id, and the console tells what was wrong."""
    (hall.forgetful / "forgotten.log").write_text("SN-FORGOTTEN")
    hall.find("forgotten.log", FileState.DELIVERED)
    wanted = Wanted(serial="SN-FORGOTTEN", archived=True)
    wait_until(lambda: hall.line.line.catalogue.find(wanted).entries, what="the archived file", timeout=60)
    (before,) = sent(hall, "SN-FORGOTTEN")
    forgets(hall.line.folder / "plugins", revision="B")
    page = open_page("/files")

    page.get_by_label("Serial number").fill("SN-FORGOTTEN")
    page.get_by_role("button", name="… and send what differs").click()
    expect(page.get_by_role("dialog")).to_contain_text("that fits (serial number SN-FORGOTTEN)")
    page.get_by_label("Reason").fill("the revision was missing")
    page.get_by_role("dialog").get_by_role("button", name="Send what differs").click()

    row = page.locator(".entry", has_text="the revision was missing")
    expect(row.locator(".chip")).to_have_text("done")
    expect(row).to_contain_text("1 of 1 done: 1 sent")
    row.get_by_role("button", name="Look").click()
    expect(page.locator(".raw")).to_contain_text('rev: "A" → "B"')
    wait_until(
        lambda: [one["rev"] for one in sent(hall, "SN-FORGOTTEN")] == ["B"], what="the new report", timeout=60
    )
    (after,) = sent(hall, "SN-FORGOTTEN")
    assert (before["rev"], before["id"]) == ("A", after["id"])


def sent(hall, serial):
    """The reports of a unit that the server has."""
    return [body for body in hall.line.bodies() if body["sn"] == serial]


def test_a_source_is_paused_and_goes_on(hall, open_page):
    """With who and why, for everybody to see."""
    page = open_page("/sources")
    row = page.locator(".entry", has_text="broken").first

    row.get_by_role("button", name="Pause").click()
    page.get_by_label("Reason").fill("calibration")
    page.get_by_role("dialog").get_by_role("button", name="Pause").click()

    expect(row.locator(".chip")).to_have_text("paused")
    expect(row).to_contain_text("calibration – by hall 3")
    row.get_by_role("button", name="Resume").click()
    expect(row.get_by_role("button", name="Pause")).to_be_visible()
    assert hall.line.line.switches.off(Kind.SOURCE) == {}


def test_the_lane_is_paused_and_resumed(hall, open_page):
    """The reason stands over the picture."""
    page = open_page()

    page.get_by_role("button", name="Pause uploads").click()
    page.get_by_label("Reason").fill("the server moves")
    page.get_by_role("dialog").get_by_role("button", name="Pause").click()

    expect(page.get_by_text("Uploads are paused: the server moves", exact=True)).to_be_visible()
    page.get_by_role("button", name="Resume uploads").click()
    expect(page.get_by_role("button", name="Pause uploads")).to_be_visible()
    wait_until(lambda: hall.line.line.queue.census().paused is None, what="the lane to open")


def test_workers_and_converters_are_listed_and_switched(hall, open_page):
    """The jail's level stands with each worker that has one."""
    page = open_page("/workers")
    expect(page.locator(".entry", has_text="convert").first).to_contain_text("jail")

    page.goto(f"{hall.console.url}/converters")
    row = page.locator(".entry", has_text=re.compile("^stdf"))
    row.get_by_role("button", name="Disable").click()
    page.get_by_label("Reason").fill("it loses the limits")
    page.get_by_role("dialog").get_by_role("button", name="Disable").click()

    expect(row.locator(".chip")).to_have_text("disabled")
    expect(row).to_contain_text("it loses the limits")
    row.get_by_role("button", name="Enable").click()
    expect(row.locator(".chip")).to_have_text("ready")


def test_whoever_may_only_look_has_no_buttons(hall, open_page):
    """The door would refuse all the same."""
    (hall.broken / "look.txt").write_bytes(wstf("SN-LOOK"))
    hall.find("look.txt", FileState.QUARANTINED)
    page = open_page("/attention", scope=Scope.READ)

    expect(page.locator(".entry", has_text="look.txt").get_by_role("button", name="Look")).to_be_visible()
    assert page.get_by_role("button", name=re.compile("Replay|Requeue|Discard")).count() == 0
    page.goto(f"{hall.console.url}/sources")
    expect(page.locator(".entry").first).to_be_visible()
    assert page.get_by_role("button", name="Pause").count() == 0


def test_a_door_that_is_away_is_told_until_it_is_back(hall, open_page):
    """What was seen last stays, and nobody has to load the page again."""
    page = open_page()
    socket = Place.of(load(hall.line.config)).socket
    away = socket.with_suffix(".away")

    socket.rename(away)
    expect(page.get_by_role("alert")).to_contain_text("The control door does not answer")
    expect(page.locator("[data-station=queue]")).to_be_visible()
    away.rename(socket)

    expect(page.get_by_role("alert")).to_have_count(0)


def test_a_revoked_token_shows_nothing_more(hall, open_page):
    """The page says so, and leads to the login."""
    token_id, text = hall.token(Scope.OPERATE)
    page = open_page(text=text)

    assert Access(hall.line.line.redis, hall.line.line.keys).revoke(token_id)

    expect(page.get_by_role("alert")).to_contain_text("does not know your token any more")
    expect(page.locator("[data-station=queue]")).to_be_hidden()
    page.get_by_role("button", name="Log in again").click()
    expect(page).to_have_url(re.compile("/login$"))


def test_the_session_is_over_for_all_who_have_its_cookie(hall, open_page):
    """After logging out, on another tab as well."""
    page = open_page(color_scheme="light")
    other = page.context.new_page()
    other.goto(hall.console.url)
    other.wait_for_selector("[data-station]")
    cookies = {one["name"]: one["value"] for one in page.context.cookies()}

    page.get_by_role("button", name="Log out").click()
    expect(page).to_have_url(re.compile("/login$"))

    expect(other.get_by_role("alert")).to_contain_text("You are logged out")
    assert httpx.get(hall.console.url, cookies=cookies, headers={"Accept": "text/html"}).status_code == 303


def test_a_tablet_shows_everything_and_fingers_find_it(hall, open_page):
    """Nothing is wider than the screen, and nothing that is pressed is smaller than a finger."""
    page = open_page("/attention", has_touch=True, color_scheme="dark")

    for width in (768, 1024):
        page.set_viewport_size({"width": width, "height": 1024})
        for path in ("/", "/files", "/numbers", "/replays", "/sources", "/converters"):
            page.locator(f"[data-page='{path}']").tap()
            expect(page.locator(f"[data-page='{path}']")).to_have_class(re.compile("here"))
            expect(page.locator(".card").first).to_be_visible()
            assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), path
            small = page.evaluate(
                "[...document.querySelectorAll('button, .rail-link')].filter(one => one.offsetHeight && "
                "one.offsetHeight < 44).map(one => one.innerText)"
            )
            assert small == [], path


def test_light_and_dark(open_page):
    """As the system has it, or as the operator wants it; kept from page to page."""
    page = open_page(color_scheme="dark")
    body = page.locator("body")
    expect(body).to_have_class(re.compile("body--dark"))

    page.get_by_role("button", name="Colours: auto").click()
    expect(body).to_have_class(re.compile("body--light"))
    page.reload()
    page.wait_for_selector("[data-station]")
    expect(body).to_have_class(re.compile("body--light"))
