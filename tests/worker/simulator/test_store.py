"""Where an upload goes: by id, by key, into the queue of processing, or into quarantine."""

import json
import uuid
from datetime import UTC, datetime, timedelta

from simulated import connected, post, uur_report, uut_report
from support import wait_until

from wats_worker.simulator.processes import Process, RepairOperation


def stored(wats):
    return {row["uuid"]: row for row in wats.reports()}


def test_an_upload_is_answered_with_an_array_of_one(client, wats):
    """The ids come back as they went, and the body is kept as it came."""
    report = uut_report()
    answer = post(client, report)

    assert answer.json() == [{"ID": report["id"], "uuid": report["id"], "Report_ID": 0}]
    assert json.loads(wats.body(report["id"])) == report


def test_paths_have_no_case(client):
    """Documents, descriptions and old clients spell them differently."""
    for path in ("/api/report/wsjf", "/API/Report/WSJF", "/api/Report/Wsjf"):
        assert client.post(path, json=uut_report()).status_code == 200


def test_a_server_under_a_prefix_is_only_there(simulators):
    """Without the prefix there is an HTML page that says 404."""
    wats = simulators(prefix="/wats")
    with connected(wats) as client:
        assert post(client, uut_report()).status_code == 200
        astray = client.post(f"http://127.0.0.1:{wats.port}/api/Report/WSJF", json=uut_report())

        assert wats.url.endswith("/wats")
        assert astray.status_code == 404
        assert astray.headers["content-type"].startswith("text/html")


def test_the_same_id_again_replaces_the_report_and_is_counted(client, wats):
    """Also in another spelling of the id."""
    report = uut_report()
    post(client, report)
    answer = post(
        client, report | {"id": report["id"].upper(), "result": "F", "start": "2026-03-18T08:14:05Z"}
    )

    assert answer.json()[0]["uuid"] == report["id"]
    assert [(row["uuid"], row["receiveCount"], row["result"]) for row in wats.reports()] == [
        (report["id"], 2, "F")
    ]


def test_a_test_with_the_same_key_takes_the_place_of_the_stored_one(client, wats):
    """Part, serial, process and start instant make the key: the stored uuid stays, the answer tells it."""
    first = uut_report()
    second = first | {"id": str(uuid.uuid4()), "start": "2026-03-17T09:14:05.2500001+02:00", "rev": "C"}
    post(client, first)
    answer = post(client, second).json()[0]

    assert (answer["ID"], answer["uuid"]) == (second["id"], first["id"])
    assert len(stored(wats)) == 1
    assert stored(wats)[first["id"]]["receiveCount"] == 2
    assert client.get(f"/api/Report/Wsjf/{first['id']}").json()["rev"] == "C"
    assert client.get(f"/api/Report/Wsjf/{second['id']}").status_code == 404


def test_an_id_that_was_taken_in_by_key_is_remembered(client, wats):
    """A repeat of the second report goes to the first one's place, even with another start."""
    first = uut_report()
    second = first | {"id": str(uuid.uuid4())}
    for report in (first, second):
        post(client, report)
    answer = post(client, second | {"start": "2026-03-19T08:14:05Z"}).json()[0]

    assert answer["uuid"] == first["id"]
    assert stored(wats)[first["id"]]["receiveCount"] == 3


def test_another_tick_is_another_test(client, wats):
    """100 ns apart, another serial number, another process: another report."""
    report = uut_report()
    for change in (
        {},
        {"start": "2026-03-17T08:14:05.2500002+01:00"},
        {"start": "2026-03-17T08:14:05.25+01:00"},
        {"sn": report["sn"] + "x"},
        {"pn": report["pn"] + "x"},
        {"processCode": 50},
    ):
        post(client, report | change | {"id": str(uuid.uuid4())})

    assert len(stored(wats)) == 6


def test_repairs_are_only_known_by_their_id(simulators):
    """Neither another repair nor a test takes their place, whatever they have in common."""
    both = Process(60, "Both", repair=RepairOperation(()))
    wats = simulators(processes=(both,))
    common = {"sn": "SN-1", "start": "2026-03-17T08:14:05Z", "processCode": 60}
    with connected(wats) as client:
        for make in (uur_report, uur_report, uut_report, uur_report):
            assert post(client, make(**common)).status_code == 200

    assert [row["type"] for row in wats.reports()] == ["R", "R", "T", "R"]


def test_processing_takes_its_time(client, wats):
    """A 200 is not yet a stored report: reads say 404 and the header query finds nothing meanwhile."""
    wats.change(processing_delay_s=1)
    report = uut_report()
    post(client, report)
    state = client.get(f"/api/internal/Report/GetReportState/{report['id']}", headers={"Referer": wats.url})

    assert state.json()["State"] == "R"
    assert client.get(f"/api/Report/Wsjf/{report['id']}").status_code == 404
    assert client.get("/api/Report/Query/Header").json() == []
    wait_until(
        lambda: client.get(f"/api/Report/Wsjf/{report['id']}").status_code == 200, what="the processed report"
    )
    assert len(client.get("/api/Report/Query/Header").json()) == 1


def test_a_replaced_report_stays_readable(client, wats):
    """The delay hides new reports, not old ones."""
    report = uut_report()
    post(client, report)
    wats.change(processing_delay_s=60)
    post(client, report)

    assert client.get(f"/api/Report/Wsjf/{report['id']}").status_code == 200


def test_a_start_in_the_future_waits_in_quarantine_until_its_time(client, wats):
    """It got its 200, but nobody can read it until then; a retry only counts."""
    client.headers["Referer"] = wats.url
    start = datetime.now(UTC) + timedelta(hours=1)
    report = uut_report(start=start.isoformat(), startUTC=start.isoformat())
    assert post(client, report).status_code == 200
    client.post("/api/internal/Quarantine/Retry/Future")
    (entry,) = client.get("/api/internal/Quarantine").json()

    assert (entry["uuid"], entry["State"], entry["Attempts"]) == (report["id"], "E", 1)
    assert "future" in entry["Message"]
    assert client.get(f"/api/Report/Wsjf/{report['id']}").status_code == 404

    wats.change(clock_offset_s=3601)

    assert client.get("/api/internal/Quarantine").json() == []
    assert client.get(f"/api/Report/Wsjf/{report['id']}").status_code == 200


def test_a_little_future_is_tolerated(client):
    """Clocks differ by a few minutes."""
    start = (datetime.now(UTC) + timedelta(minutes=4)).isoformat()
    report = uut_report(start=start, startUTC=start)
    post(client, report)

    assert client.get(f"/api/Report/Wsjf/{report['id']}").status_code == 200


def test_quarantine_is_emptied_by_retry_or_by_hand(client, wats):
    """A retry helps what was set aside for another reason; chosen ones can be deleted; too many tries end it."""
    client.headers["Referer"] = wats.url
    wats.fault("quarantine", times=3)
    ids = [post(client, uut_report()).json()[0]["ID"] for _ in range(3)]

    def waiting():
        return [entry["uuid"] for entry in client.get("/api/internal/Quarantine").json()]

    assert waiting() == ids
    client.post("/api/internal/Quarantine/Retry", json=[ids[0]])
    client.request("DELETE", "/api/internal/Quarantine", json=[ids[1].upper()])
    assert waiting() == [ids[2]]
    assert set(stored(wats)) == {ids[0], ids[2]}
    assert client.post("/api/internal/Quarantine/Retry", content=b"{").status_code == 400


def test_after_too_many_attempts_a_report_is_invalid(client, wats):
    """Twenty-four tries, then nobody tries any more."""
    client.headers["Referer"] = wats.url
    report = uut_report(start="2050-01-01T00:00:00Z", startUTC="2050-01-01T00:00:00Z")
    post(client, report)
    states = []
    for _ in range(24):
        client.post("/api/internal/Quarantine/Retry")
        states.append(client.get(f"/api/internal/Report/GetReportState/{report['id']}").json()["State"])

    assert states == ["E"] * 23 + ["I"]
