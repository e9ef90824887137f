"""The private door: what an audit can rely on."""

import json
import threading

import httpx
import pytest
from simulated import connected, post, uut_report
from support import wait_until


def test_only_the_control_token_opens_the_door(client, wats):
    """The server's own tokens don't, and without a token nothing does."""
    url = f"{wats.url}/_simulator/state"

    assert client.get(url).status_code == 401
    assert httpx.get(url).status_code == 401
    assert wats.token != wats.settings.control_token


def test_the_control_token_opens_nothing_else(wats):
    """It is no WATS token."""
    for scheme in ("Basic", "Bearer"):
        headers = {"Authorization": f"{scheme} {wats.settings.control_token}"}
        assert httpx.get(f"{wats.url}/api/App/Version", headers=headers).status_code == 401


def test_every_request_is_in_the_log(client, wats):
    """With its time, report, status and fault, whoever refused it."""
    good, bad, unlucky = uut_report(), uut_report(result="D"), uut_report()
    post(client, good)
    post(client, bad)
    wats.fault("503", holding=unlucky["id"])
    post(client, unlucky)
    client.get("/api/App/Version")
    rows = list(wats.requests())

    assert [(row["method"], row["path"], row["id"], row["status"], row["fault"]) for row in rows] == [
        ("POST", "/api/report/wsjf", good["id"], 200, None),
        ("POST", "/api/report/wsjf", bad["id"], 400, None),
        ("POST", "/api/report/wsjf", unlucky["id"], 503, "503"),
        ("GET", "/api/app/version", None, 200, None),
    ]
    assert sorted(row["at"] for row in rows) == [row["at"] for row in rows]
    assert [row["id"] for row in wats.requests(status=503)] == [unlucky["id"]]
    assert wats.state()["statuses"] == {200: 2, 400: 1, 503: 1}


def test_reports_are_listed_in_the_order_of_arrival(client, wats):
    """Identity, key and receive count; the body on request, byte for byte."""
    reports = [uut_report() for _ in range(3)]
    for report in reports:
        post(client, report)
    post(client, reports[0])
    rows = list(wats.reports())

    assert [(row["id"], row["uuid"], row["sn"], row["receiveCount"]) for row in rows] == [
        (report["id"], report["id"], report["sn"], count)
        for report, count in zip(reports, (2, 1, 1), strict=True)
    ]
    assert {(row["pn"], row["processCode"], row["type"]) for row in rows} == {("PSU-24", 60, "T")}
    assert json.loads(wats.body(rows[1]["uuid"])) == reports[1]


def test_lists_come_in_pages(client, wats):
    """A page says where the next one starts, and the last one says that it is the last."""
    ids = [post(client, uut_report()).json()[0]["ID"] for _ in range(5)]
    headers = {"Authorization": f"Bearer {wats.settings.control_token}"}
    url = f"{wats.url}/_simulator/reports"
    first = httpx.get(f"{url}?count=3", headers=headers).json()
    last = httpx.get(f"{url}?count=3&after={first['next']}", headers=headers).json()

    assert [row["id"] for row in first["reports"] + last["reports"]] == ids
    assert last["next"] is None


def test_uploads_in_flight_are_counted_at_once_and_at_most(wats):
    """The highest number of uploads under way stays known when they have ended; reads don't count."""
    wats.fault("stall", times=3, seconds=30)

    def upload():
        with connected(wats) as client, pytest.raises(httpx.ReadTimeout):
            client.post("/api/Report/WSJF", json=uut_report(), timeout=1)

    uploads = [threading.Thread(target=upload) for _ in range(3)]
    for thread in uploads:
        thread.start()
    wait_until(lambda: wats.state()["in_flight"] == 3, what="three uploads at once")
    with connected(wats) as client:
        client.get("/api/App/Version")
    for thread in uploads:
        thread.join()

    wait_until(lambda: wats.state()["in_flight"] == 0, what="the end of all uploads")
    assert wats.state()["max_in_flight"] == 3


def test_a_client_that_gave_up_is_no_longer_in_flight(wats):
    """One upload after the other is one at a time, even when the server still works on those before."""
    wats.change(latency_ms=500)
    for _ in range(3):
        with connected(wats) as client, pytest.raises(httpx.ReadTimeout):
            client.post("/api/Report/WSJF", json=uut_report(), timeout=0.05)

    wait_until(lambda: wats.state()["reports"] == 3, what="the three reports")
    assert wats.state()["max_in_flight"] == 1


def test_latency_is_added_to_every_request_but_not_to_control(client, wats):
    """Requests wait side by side, not one after the other."""
    wats.change(latency_ms=200)
    client.get("/api/App/Version")
    post(client, uut_report())
    took = [row["ms"] for row in wats.requests()]

    assert all(200 <= ms < 2000 for ms in took)
    assert len(took) == 2


def test_what_can_not_be_changed_or_scripted_is_refused(wats):
    """With the reason, and without a half-made change."""
    with pytest.raises(ValueError, match="Extra inputs"):
        wats.change(port=80)
    headers = {"Authorization": f"Bearer {wats.settings.control_token}"}
    for method, path, body in (
        ("POST", "faults", '[{"kind": "gremlin"}]'),
        ("PUT", "faults/mix", '{"shares": {"503": 2}}'),
        ("PATCH", "settings", '{"port": 80}'),
        ("GET", "reports?after=x", ""),
    ):
        answer = httpx.request(method, f"{wats.url}/_simulator/{path}", headers=headers, content=body)
        assert answer.status_code == 400
        assert answer.json()["error"]
