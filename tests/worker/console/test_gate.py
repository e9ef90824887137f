"""Which requests the console lets through, and what a browser is told about each answer."""

import asyncio
import re

import httpx
import pytest
from pydantic import SecretStr
from starlette.responses import HTMLResponse, PlainTextResponse
from support import Clock

from wats_broker.access import Scope, Token
from wats_worker.console import entrance
from wats_worker.console.asker import Asker
from wats_worker.console.gate import SESSION, Gate, House
from wats_worker.console.sessions import Session, Sessions
from wats_worker.control.client import Client

OURS = {"Host": "127.0.0.1:8043"}
COOKIE = {"Cookie": "wats_console=known"}
PAGE = "<html><script>a</script><script type='module' src='b'></script>&lt;script></html>"


async def pages(scope, receive, send):
    """Stands for the pages: says who asks."""
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.close", "code": 1000})
    elif scope["path"] == "/who":
        await PlainTextResponse(scope[SESSION].token.name)(scope, receive, send)
    else:
        await HTMLResponse(PAGE)(scope, receive, send)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def sessions(clock):
    """One operator is logged in; nobody answers at the door."""
    held = Sessions(lambda token: Client("http://127.0.0.1:1", token), term_s=3600, clock=clock)
    token = Token("0123456789ab", "hall 3", Scope.OPERATE, created_at=0)
    held._sessions["known"] = Session(token, Asker(Client("http://127.0.0.1:1", None)), clock())
    yield held
    for name in list(held._sessions):
        held.close(name)


class Browser:
    """Asks a gate, in this process."""

    def __init__(self, gate):
        self._gate = gate

    def get(self, path, **options):
        return self._ask("GET", path, **options)

    def post(self, path, **options):
        return self._ask("POST", path, **options)

    def _ask(self, method, path, **options):
        async def ask():
            transport = httpx.ASGITransport(app=self._gate)
            async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8043") as client:
                return await client.request(method, path, **options)

        return asyncio.run(ask())

    def websocket(self, headers):
        """What comes of wanting one: 1000 from the pages, 1008 from the gate."""
        sent = []
        raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
        scope = {"type": "websocket", "path": "/ws", "headers": raw}

        async def receive():
            return {"type": "websocket.connect"}

        async def send(message):
            sent.append(message)

        asyncio.run(self._gate(scope, receive, send))
        return sent[-1]["code"]


@pytest.fixture
def browser(sessions):
    house = House(hosts={"plant-7"})
    return Browser(Gate(pages, entrance.build(sessions, house), sessions, house))


def test_who_is_not_logged_in_comes_to_the_login(browser):
    """And reaches nothing else, whatever the path: programs are told so, people are led there."""
    person = browser.get("/files/1", headers=OURS | {"Accept": "text/html"})
    program = browser.get("/_nicegui/static/x.js", headers=OURS)

    assert (person.status_code, person.headers["location"]) == (303, "/login")
    assert (program.status_code, program.text) == (401, "log in first\n")
    assert browser.get("/login", headers=OURS).status_code == 200


def test_the_pages_are_told_who_looks(browser):
    """By the session that the cookie names."""
    assert browser.get("/who", headers=OURS | COOKIE).text == "hall 3"
    assert browser.get("/who", headers=OURS | {"Cookie": "wats_console=other"}).status_code == 401


def test_a_name_that_somebody_pointed_at_us_is_not_ours(browser):
    """A page elsewhere could read what its own name answers."""
    assert browser.get("/who", headers=COOKIE | {"Host": "evil.example"}).status_code == 421
    assert browser.get("/health", headers={"Host": "evil.example"}).status_code == 421
    assert browser.get("/who", headers=COOKIE | {"Host": "plant-7:8043"}).status_code == 200


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "http://127.0.0.1:9999", "null", "https://127.0.0.1:8043.evil.example"]
)
def test_a_page_elsewhere_can_not_use_our_cookie(browser, origin):
    """Not even one on the same machine: cookies know no ports."""
    foreign = OURS | COOKIE | {"Origin": origin}

    assert browser.get("/who", headers=foreign).status_code == 403
    assert browser.post("/logout", headers=foreign).status_code == 403
    assert browser.websocket(foreign) == 1008
    assert browser.get("/who", headers=OURS | COOKIE).status_code == 200


def test_a_websocket_needs_a_session_and_a_page_of_ours(browser):
    """Programs without a page have no business there."""
    ours = OURS | {"Origin": "http://127.0.0.1:8043"}

    assert browser.websocket(OURS | COOKIE) == 1008
    assert browser.websocket(ours) == 1008
    assert browser.websocket(ours | COOKIE) == 1000


def test_only_the_scripts_of_a_page_run(browser):
    """Each page has a number that its scripts carry; what somebody else wrote into it would not."""
    first, second = (browser.get("/", headers=OURS | COOKIE) for _ in range(2))

    policy = first.headers["content-security-policy"]
    (nonce,) = re.findall(r"'nonce-([\w-]+)'", policy)
    assert first.text.count(f'<script nonce="{nonce}"') == 2
    assert "&lt;script>" in first.text
    assert "unsafe-inline" not in policy.partition("script-src")[2].partition(";")[0]
    assert "http" not in policy
    assert nonce not in second.headers["content-security-policy"]


def test_every_answer_tells_the_browser_to_be_careful(browser):
    """The refused ones as well; and pages are kept by nobody."""
    for answer in (browser.get("/", headers=OURS | COOKIE), browser.get("/x", headers=OURS)):
        assert answer.headers["x-frame-options"] == "DENY"
        assert answer.headers["x-content-type-options"] == "nosniff"
    assert browser.get("/login", headers=OURS).headers["cache-control"] == "no-store"


def test_a_session_ends_with_its_term(browser, clock):
    """However much it is used."""
    clock.pass_(3599)
    assert browser.get("/who", headers=OURS | COOKIE).status_code == 200

    clock.pass_(1)
    assert browser.get("/who", headers=OURS | COOKIE).status_code == 401


def test_who_logs_out_is_out(browser):
    """At once, and on all tabs."""
    ours = OURS | {"Origin": "http://127.0.0.1:8043"}

    assert browser.post("/logout", headers=ours | COOKIE).status_code == 303
    assert browser.get("/who", headers=OURS | COOKIE).status_code == 401


def test_what_is_no_token_is_not_asked_about(browser):
    """Nor is it told back."""
    ours = OURS | {"Origin": "http://127.0.0.1:8043"}

    short = browser.post("/login", headers=ours, data={"token": "<script>hunter2"})
    long = browser.post("/login", headers=ours, content=b"token=" + b"x" * 10_000)

    assert (short.status_code, long.status_code) == (400, 400)
    assert "hunter2" not in short.text


def test_a_door_that_is_away_is_said_at_the_login(browser):
    """Instead of a login that fails."""
    token = f"wats_{'0' * 12}_{'a' * 43}"

    answer = browser.post("/login", headers=OURS | {"Origin": "http://127.0.0.1:8043"}, data={"token": token})

    assert answer.status_code == 503
    assert "no answer from the control door" in answer.text
    assert token not in answer.text + str(answer.headers)


def test_the_oldest_of_too_many_sessions_is_logged_out(monkeypatch, clock):
    """So that logging in again and again fills no memory."""
    monkeypatch.setattr("wats_worker.console.sessions._MOST", 2)
    mine = httpx.Response(200, json={"token": {"id": "0", "name": "n", "scope": "read", "created_at": 0}})

    def client(token):
        made = Client("http://127.0.0.1:1", token)
        made._http.close()
        made._http = httpx.Client(
            transport=httpx.MockTransport(lambda _: mine), base_url="http://127.0.0.1:1"
        )
        return made

    async def log_in():
        held = Sessions(client, term_s=3600, clock=clock)
        names = [await held.open(SecretStr("x")) for _ in range(3)]
        found = [held.find(name) is not None for name in names]
        for name in names:
            held.close(name)
        return found

    assert asyncio.run(log_in()) == [False, True, True]
