"""Every fault does over the wire what its kind promises, and tells the truth about what was stored."""

import time

import httpx
import pytest
from simulated import connected, post, uut_report
from support import wait_until

from wats_worker.simulator.faults import Fault, Kind, Mix, Script

NOT_STORED = {
    "400": 400,
    "401": 401,
    "403": 403,
    "413": 413,
    "429": 429,
    "429-bare": 429,
    "500": 500,
    "502": 502,
    "503": 503,
    "empty": 200,
    "login-page": 200,
    "login-redirect": 302,
}


@pytest.mark.parametrize(("kind", "status"), NOT_STORED.items())
def test_a_canned_answer_stores_nothing_and_is_given_once(client, wats, kind, status):
    """The next call is as usual."""
    wats.fault(kind)
    answers = [post(client, uut_report()) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [status, 200]
    assert wats.state()["reports"] == 1


def test_answers_look_like_those_of_real_servers(client, wats):
    """Retry-After where promised, HTML where a proxy speaks, nothing where nothing is said."""
    for kind in ("429", "429-bare", "503", "502", "413", "empty", "login-page", "login-redirect"):
        wats.fault(kind)
    wats.fault("429", retry_after="Wed, 21 Oct 2026 07:28:00 GMT")
    wats.fault("503", retry_after="7")
    answers = [post(client, uut_report()) for _ in range(10)]

    assert [answer.headers.get("Retry-After") for answer in answers[:3]] == ["1", None, None]
    assert [answer.headers["Retry-After"] for answer in answers[8:]] == ["Wed, 21 Oct 2026 07:28:00 GMT", "7"]
    assert all("<html>" in answers[at].text for at in (3, 4, 6))
    assert answers[5].content == b""
    page = client.get(answers[7].headers["Location"], headers={"Authorization": ""})
    assert page.text == answers[6].text


def test_a_connection_cut_before_storing_stores_nothing(client, wats):
    """The client can't tell it from the other cut; the store can."""
    report = uut_report()
    wats.fault("cut-before")
    with pytest.raises(httpx.RemoteProtocolError):
        post(client, report)

    assert wats.state()["reports"] == 0
    assert [row["id"] for row in wats.requests(status=0)] == [report["id"]]


def test_a_connection_cut_after_storing_makes_the_repeat_a_second_receive(client, wats):
    """This is what proves that a client repeats with the same id."""
    report = uut_report()
    wats.fault("cut-after")
    with pytest.raises(httpx.RemoteProtocolError):
        post(client, report)
    post(client, report)

    assert [row["receiveCount"] for row in wats.reports()] == [2]


def test_a_stall_outlasts_the_client_and_then_stores(wats):
    """The client gives up, the server does not: the report is there, and nobody waits for it any more."""
    report = uut_report()
    wats.fault("stall", seconds=60)
    with connected(wats) as client, pytest.raises(httpx.ReadTimeout):
        client.post("/api/Report/WSJF", json=report, timeout=0.2)

    wait_until(lambda: wats.state()["reports"] == 1, what="the report of the client that gave up")
    assert wats.state()["in_flight"] == 0


def test_a_stall_that_ends_in_time_is_only_slow(client, wats):
    """A patient client gets its usual answer."""
    wats.fault("stall", seconds=0.3)
    began = time.monotonic()
    answer = post(client, uut_report())

    assert answer.json()[0]["uuid"]
    assert time.monotonic() - began > 0.25


def test_a_slow_body_comes_in_pieces(client, wats):
    """Headers at once, the rest over the time given."""
    wats.fault("slow-body", seconds=0.4)
    began = time.monotonic()
    with client.stream("POST", "/api/Report/WSJF", json=uut_report()) as answer:
        headers_after = time.monotonic() - began
        answer.read()

    assert answer.json()[0]["Report_ID"] == 0
    assert headers_after < 0.3
    assert time.monotonic() - began > 0.35


def test_a_slow_body_may_be_left_early(wats):
    """The report is stored all the same, and the server goes on."""
    wats.fault("slow-body", seconds=60)
    with connected(wats) as client, client.stream("POST", "/api/Report/WSJF", json=uut_report()):
        pass

    wait_until(lambda: wats.state()["in_flight"] == 0, what="the end of the flight")
    assert wats.state()["reports"] == 1


def test_an_object_stands_where_an_array_should(client, wats):
    """As the published description has it."""
    report = uut_report()
    wats.fault("object")

    assert post(client, report).json() == {"ID": report["id"], "uuid": report["id"], "Report_ID": 0}


def test_a_fault_on_the_answer_does_not_hide_a_refusal(client, wats):
    """What is wrong with the call is still wrong."""
    wats.fault("object")

    assert post(client, uut_report(result="D")).status_code == 400


def test_faults_are_taken_in_order_and_as_often_as_told(client, wats):
    """Zero times means until cleared."""
    wats.script(
        [Fault(Kind.SERVER_ERROR, times=2), Fault(Kind.BAD_REQUEST), Fault(Kind.UNAVAILABLE, times=0)]
    )
    seen = [post(client, uut_report()).status_code for _ in range(5)]
    wats.clear_faults()
    seen.append(post(client, uut_report()).status_code)

    assert seen == [500, 500, 400, 503, 503, 200]


def test_a_fault_may_wait_for_one_report_or_one_route(client, wats):
    """One poisonous report fails for ever while the others pass; a ping may fail while uploads pass."""
    poison = uut_report(sn="POISON-1")
    wats.fault("500", times=0, holding="POISON-1")
    wats.fault("503", on="GET /api/App/Version")
    seen = [post(client, report).status_code for report in (uut_report(), poison, uut_report(), poison)]

    assert seen == [200, 500, 200, 500]
    assert client.get("/api/app/version").status_code == 503


def test_random_faults_follow_their_seed(client, wats):
    """The same seed gives the same faults, in about the shares that were asked for."""

    def run(seed):
        wats.mix({"500": 0.3, "empty": 0.2}, seed=seed)
        return [len(post(client, uut_report()).content) for _ in range(60)]

    first, again, other = run(1), run(1), run(2)

    faults = sum(size in (0, 36) for size in first)
    assert first == again != other
    assert 15 <= faults <= 45


def test_random_faults_hit_uploads_only_unless_told_otherwise(client, wats):
    """A ping passes, and so does the door of control."""
    wats.mix({"503": 1.0})

    assert post(client, uut_report()).status_code == 503
    assert client.get("/api/App/Version").status_code == 200


def test_shares_that_make_no_sense_are_refused():
    """More than everything, less than nothing."""
    for shares in ({Kind.STALL: 1.1}, {Kind.STALL: 0.6, Kind.EMPTY: 0.6}, {Kind.STALL: -0.1}):
        with pytest.raises(ValueError, match="between 0 and 1"):
            Mix(shares)


def test_scripted_faults_go_before_random_ones():
    """And a fault on another route stays where it is."""
    script = Script(
        [Fault(Kind.EMPTY, on="GET /x"), Fault(Kind.STALL)], mix=Mix({Kind.UNAVAILABLE: 1.0}, retry_after="3")
    )
    met = [script.meet("POST", "/api/report/wsjf", b"") for _ in range(2)]

    assert [fault and (fault.kind, fault.retry_after) for fault in met] == [("stall", ""), ("503", "3")]
    assert [fault.kind for fault in script.waiting()] == ["empty"]
