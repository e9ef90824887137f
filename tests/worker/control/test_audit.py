"""Who did what through the door: every act leaves its lines, whatever its route forgets."""

import csv
import io
import json
import re
from datetime import UTC, datetime

import httpx
import pytest
from pydantic import SecretStr

from wats_broker.access import Scope
from wats_worker.control import api
from wats_worker.control.client import Client, Denied
from wats_worker.trail.book import Book, entries
from wats_worker.trail.entry import Event, Told
from wats_worker.trail.proof import Check

#: What fits a path's parameter, whichever it is.
EXAMPLES = {"file": "0" * 32, "report_id": "5b1c0f7e-8d0e-4a39-9d1c-0e3f5a3f7a11", "token_id": "0" * 12}


@pytest.fixture
def operator(client, place):
    made = client.create_token("hall 3", Scope.OPERATE)
    with Client(place.address, SecretStr(made.text)) as control:
        yield control


@pytest.fixture
def trail(desk):
    """Every line there is."""
    layout = desk.trail.layout
    return lambda: [entry.told for day in layout.days() for entry in entries(layout, day)]


@pytest.fixture
def visit(place):
    """A request without a client of ours."""
    with httpx.Client(
        transport=httpx.HTTPTransport(uds=str(place.socket)), base_url="http://line", timeout=30
    ) as http:

        def visit(method, path, token=None, **more):
            headers = {"Authorization": f"Bearer {token}"} if token else {}
            return http.request(method, f"/api/v2{path}", headers=headers, **more)

        yield visit


def told(client, **wanted):
    return [json.loads(line) for line in b"".join(client.audit(**wanted)).splitlines()]


class TestActs:
    """What is done is told with who did it, and why."""

    def test_an_act_has_name_place_reason_and_outcome(self, operator, client):
        """As one line of the export."""
        operator.pause("the server moves")

        act = told(client)[-1]

        assert re.fullmatch(r"hall 3 \([0-9a-f]{12}\)", act["who"])
        assert act["action"] == "queue pause"
        assert (act["peer"], act["reason"], act["outcome"]) == ("local", "the server moves", "done")

    def test_the_question_is_on_the_disk_before_anything_happens(self, operator, trail):
        """And the answer before the client has it; both have one request's id."""
        operator.resume()

        asked, answered = trail()[-2:]

        assert (asked.event, answered.event) == (Event.ASKED, Event.ANSWERED)
        assert asked.request == answered.request
        assert answered.status == 200

    def test_what_cannot_be_written_down_is_not_done(self, operator, desk):
        """The lane stays open, and the text says what to mend."""
        for file in desk.trail.layout.folder.iterdir():
            file.unlink()
        desk.trail.layout.folder.rmdir()
        desk.trail.layout.folder.write_text("no folder")

        with pytest.raises(Denied, match="audit trail") as caught:
            operator.pause("the server moves")

        assert (caught.value.status, caught.value.code) == (503, "trail_unusable")
        assert not desk.queue.census().paused

    def test_what_it_was_about_is_told(self, operator, client):
        """What stands in the path, and what was said in the body."""
        with pytest.raises(Denied):
            operator.discard(EXAMPLES["report_id"], reason="scrapped")
        client.create_token("robot", Scope.READ)

        discarded, created = told(client)[-2:]

        assert (discarded["target"], discarded["reason"]) == (EXAMPLES["report_id"], "scrapped")
        assert (discarded["outcome"], discarded["status"]) == ("refused", 404)
        assert created["facts"] == {"name": "robot", "scope": "read", "lasts_days": None}

    def test_no_secret_is_in_it(self, client, desk, trail):
        """Neither a token that was made, nor what stands in a configuration."""
        made = client.create_token("robot", Scope.READ)
        client.check_config('[server]\ntoken = "dGVzdDp0ZXN0"\n')

        written = b"".join(file.read_bytes() for file in desk.trail.layout.folder.glob("*.jsonl"))

        assert made.text.rpartition("_")[2].encode() not in written
        assert b"dGVzdDp0ZXN0" not in written
        assert len(trail()) == 4

    def test_looking_leaves_nothing(self, client, trail):
        """Else the trail would be full of monitors."""
        client.status()
        client.files()

        assert trail() == []

    def test_a_route_that_breaks_is_told_as_well(self, desk, operator, trail, monkeypatch):
        """It may have done half of it."""
        monkeypatch.setattr(type(desk.queue), "resume", lambda _: 1 / 0)
        with pytest.raises(Denied):
            operator.resume()

        assert (trail()[-1].event, trail()[-1].status) == (Event.ANSWERED, 500)


class TestRefusals:
    """Who was not let in is told too."""

    def test_without_a_token_or_with_a_wrong_one(self, visit, trail):
        """Whether they wanted to look or to act."""
        visit("POST", "/queue/pause", json={"reason": "x"})
        visit("GET", "/files", token=f"wats_{'0' * 12}_{'A' * 43}")

        assert [(one.event, one.status, one.who) for one in trail()] == [(Event.REFUSED, 401, "")] * 2

    def test_with_a_token_that_may_not(self, client, visit, trail):
        """With its name."""
        token = client.create_token("viewer", Scope.READ).text
        visit("POST", "/queue/pause", token=token, json={"reason": "x"})

        refused = trail()[-1]

        assert (refused.event, refused.action, refused.status) == (Event.REFUSED, "queue pause", 403)
        assert refused.who.startswith("viewer (")

    def test_a_flood_does_not_fill_the_disk(self, visit, trail):
        """The first ones are enough to see it; good tokens are written down all the same."""
        for _ in range(60):
            visit("POST", "/queue/pause")

        assert 20 <= len(trail()) <= 40


def test_every_route_that_changes_something_leaves_a_line(desk, visit, trail):
    """Of all that the document has: nobody has to think of it."""
    _, token = desk.access.create("robot", Scope.ADMIN)
    changing = [
        (method, path)
        for path, methods in api.build(desk).openapi()["paths"].items()
        for method in methods
        if method not in {"get", "head", "options"}
    ]
    for method, path in changing:
        before = len(trail())
        there = re.sub(r"{(\w+)}", lambda name: EXAMPLES.get(name[1], "nobody"), path.removeprefix("/api/v2"))

        visit(method.upper(), there, token=token, json={"reason": "a test"})

        lines = trail()[before:]
        assert [one.event for one in lines] == [Event.ASKED, Event.ANSWERED], path
        assert lines[0].who.startswith("robot ("), path
    assert len(changing) > 12


class TestExport:
    """For who has to show it to somebody."""

    @pytest.fixture(autouse=True)
    def _days(self, desk):
        for day in (20, 21, 22):
            now = datetime(2026, 11, day, 12, tzinfo=UTC)
            book = Book(desk.trail.layout.folder, clock=lambda now=now: now)
            book.write(Told(Event.DONE, f"act {day}", who="=cmd()", reason="a, b", facts={"n": 1}))

    def test_by_day(self, client):
        """Both included."""
        day = datetime(2026, 11, 21).date()

        assert [act["action"] for act in told(client, since=day, until=day)] == ["act 21"]
        assert [act["action"] for act in told(client, until=day)] == ["act 20", "act 21"]

    def test_as_a_table(self, client):
        """A spreadsheet shows what somebody wrote and does not obey it."""
        text = b"".join(client.audit(form="csv")).decode()
        rows = list(csv.DictReader(io.StringIO(text)))

        assert [row["action"] for row in rows] == ["act 20", "act 21", "act 22"]
        assert (rows[0]["who"], rows[0]["reason"], rows[0]["facts"]) == ("'=cmd()", "a, b", '{"n": 1}')

    def test_not_for_everybody(self, operator):
        """It names names."""
        with pytest.raises(Denied, match="admin is needed"):
            list(operator.audit())

    def test_what_was_never_answered_is_unknown(self, desk, client):
        """The process ended before it could say."""
        desk.trail.write(Told(Event.ASKED, "queue pause", request="r1"))

        assert told(client)[-1]["outcome"] == "unknown"

    def test_it_all_hangs_together(self, desk, operator):
        """What the door writes can be proved."""
        operator.resume()

        assert Check(desk.trail.layout, desk.trail.seal().witness).run().findings == ()
