"""What can be asked of the server."""

import json
import uuid
from datetime import UTC, datetime, timedelta

import pytest
from simulated import failure, post, uur_report, uut_report
from support import shared

from wats_worker.reports import wsjf


def step(name, status, **content):
    return {"group": "M", "stepType": "Action", "name": name, "status": status} | content


def exported(client, report, **options):
    assert post(client, report).status_code == 200
    return client.get(f"/api/Report/Wsjf/{report['id']}", params=options).json()


def test_an_export_adds_what_the_server_knows(client):
    """Origin, process name, the instant in UTC, empty lists and nulls for what was absent."""
    report = uut_report(rev="01   ", miscInfos=[{"description": "Count", "numeric": 7}])
    found = exported(client, report)

    assert found["origin"] == "station"
    assert found["processName"] == "Functional test"
    assert found["startUTC"] == "2026-03-17T07:14:05.2500001Z"
    assert found["start"] == report["start"]
    assert (found["productName"], found["assetStats"], found["uut"]["comment"]) == (None, [], None)
    assert found["rev"] == "01   "
    assert (found["miscInfos"][0]["numeric"], found["miscInfos"][0]["text"]) == (7, None)
    assert "uur" not in found
    assert "binaryData" not in found
    wsjf.of(found)


def test_an_export_names_one_cause_of_a_failed_test(client):
    """The first failed leaf, whatever the client said; none where the test passed."""
    report = uut_report(result="F")
    sequence = {"status": "F", "seqCall": {"name": "inner"}}
    report["root"] |= {
        "status": "F",
        "steps": [
            step("warm up", "P", causedUUTFailure=True),
            step("inner", **sequence, steps=[step("first", "P"), step("second", "F"), step("third", "E")]),
        ],
    }
    found = exported(client, report)
    header = client.get("/api/Report/Query/Header").json()[0]

    def causes(step):
        return [step["name"]] * step["causedUUTFailure"] + [
            name for child in step["steps"] or [] for name in causes(child)
        ]

    assert causes(found["root"]) == ["second"]
    assert (header["causedUutFailure"], header["causedUutFailurePath"]) == ("second", "Main/inner/second")
    assert causes(exported(client, report | {"result": "P"})["root"]) == []


def test_values_that_json_has_no_number_for_come_back_as_text(client):
    """NaN is "NaN" on the way in and on the way out."""
    report = uut_report()
    measured = {"compOp": "LOG", "status": "P", "value": "NaN"}
    report["root"]["steps"] = [step("probe", "P", numericMeas=[measured])]

    assert exported(client, report)["root"]["steps"][0]["numericMeas"][0]["value"] == "NaN"


def test_detail_is_taken_away_from_the_outside_in(client):
    """Charts from level 6, files from level 4, nothing but the identity at 0."""
    curve = {"chartType": "Line", "label": "L", "xLabel": "x", "yLabel": "y", "series": []}
    report = uut_report()
    report["root"]["steps"] = [
        step("chart", "P", chart=curve),
        step("file", "P", attachment={"name": "a.txt", "data": "QQ=="}),
    ]

    def has(**options):
        found = exported(client, report, **options)
        steps = found["root"]["steps"]
        return steps[0]["chart"] is not None, steps[1]["attachment"] is not None

    assert has() == (True, True)
    assert has(detailLevel=5) == (False, True)
    assert has(detailLevel=3) == (False, False)
    assert has(includeChartdata="false") == (False, True)
    assert has(includeAttachments="false") == (True, False)
    assert "root" not in exported(client, report, detailLevel=0)
    assert client.get(f"/api/Report/Wsjf/{report['id']}?detailLevel=8").status_code == 400


def test_a_repair_comes_back_whole(client):
    """With its failures and files, unless files are not asked for."""
    file = {"name": "photo.png", "contentType": "image/png", "data": "QQ=="}
    report = uur_report(failure(attachments=[file]), binaryData=[file])
    found = exported(client, report)
    bare = exported(client, report, detailLevel=1)

    assert found["binaryData"][0]["name"] == "photo.png"
    assert found["subUnits"][0]["failures"][0]["attachments"][0]["name"] == "photo.png"
    assert "root" not in found
    assert (bare["binaryData"], bare["subUnits"][0]["failures"][0]["attachments"]) == (None, None)
    wsjf.of(found)


def test_a_real_export_survives_the_round_trip(client):
    """What a real server gave out is taken, and given out again with the same content."""
    original = json.loads(shared("corpus/files/wats-wsjf-wsxf/uut-wsjf-export.json").read_text())
    found = exported(client, original)

    def plain(value):
        """Null, absent and empty are the same."""
        if isinstance(value, dict):
            return {name: made for name, member in value.items() if (made := plain(member)) not in (None, [])}
        return [plain(member) for member in value] if isinstance(value, list) else value

    original["origin"] = "station"
    assert plain(found) == plain(original)


def test_header_queries_take_the_part_of_odata_that_wats_takes(client):
    """Filter, order, top, skip and select work together; newest start first when nothing is said."""
    for number in range(12):
        start = f"2026-03-17T08:14:{number:02}+01:00"
        post(client, uut_report(sn=f"Q-{number:02}", result="F" if number % 3 == 0 else "P", start=start))

    def serials(**options):
        found = client.get(
            "/api/Report/Query/Header", params={f"${name}": text for name, text in options.items()}
        )
        assert found.status_code == 200, found.text
        return [row["serialNumber"] for row in found.json()]

    assert serials() == [f"Q-{number:02}" for number in range(11, 1, -1)]
    assert serials(filter="result eq 'F'") == ["Q-09", "Q-06", "Q-03", "Q-00"]
    assert serials(filter="result eq 'F' and not (serialNumber in ('Q-03', 'Q-00'))") == ["Q-09", "Q-06"]
    assert serials(
        filter="endswith(serialNumber, '7') or startswith(serialNumber, 'Q-1')", orderby="start"
    ) == [
        "Q-07",
        "Q-10",
        "Q-11",
    ]
    assert serials(filter="start ge 2026-03-17T07:14:10Z", top="1", orderby="start asc") == ["Q-10"]
    assert serials(orderby="serialNumber desc", skip="10") == ["Q-01", "Q-00"]
    assert serials(filter="toupper(userName) eq 'OP17' and executionTime gt 12", top="0") == []
    assert client.get("/api/Report/Query/Header?$select=uuid,Result&$top=1").json()[0].keys() == {
        "uuid",
        "result",
    }


def test_a_client_finds_its_reports_by_id(client):
    """One query confirms a whole batch."""
    ids = [post(client, uut_report()).json()[0]["ID"] for _ in range(3)]
    asked = ", ".join([*ids, str(uuid.uuid4())])
    found = client.get("/api/Report/Query/Header", params={"$filter": f"uuid in ({asked})"}).json()

    assert {row["uuid"] for row in found} == set(ids)
    assert {row["receiveCount"] for row in found} == {1}


def test_the_timestamp_is_a_cursor_of_change(client):
    """Whatever was received since the last look has a higher one, repeats included."""
    first, second = uut_report(), uut_report()
    post(client, first)
    post(client, second)
    seen = client.get("/api/Report/Query/Header?$orderby=timestamp desc&$top=1").json()[0]["timeStamp"]
    post(client, first)
    changed = client.get("/api/Report/Query/Header", params={"$filter": f"timeStamp gt {seen}"}).json()

    assert [row["uuid"] for row in changed] == [first["id"]]


@pytest.mark.parametrize(
    "option",
    [
        {"$filter": "serialNumber eq"},
        {"$filter": "year(start) eq 2026"},
        {"$filter": "secret eq 'x'"},
        {"$filter": "1 eq 1); DROP TABLE reports"},
        {"$filter": " or ".join(["result eq 'P'"] * 1500)},
        {"$orderby": "partNumber"},
        {"$top": "10001"},
        {"$top": "-1"},
        {"$select": "password"},
        {"$count": "true"},
    ],
)
def test_queries_beyond_that_part_are_refused(client, option):
    """With a 400 that says why, never with a wrong answer or a 500."""
    answer = client.get("/api/Report/Query/Header", params=option)

    assert answer.status_code == 400
    assert answer.json()["Message"].startswith("The query specified in the URI is not valid.")


def test_processes_are_listed_by_kind(client):
    """Each flag takes a kind away; repair operations tell their categories and codes."""

    def codes(**options):
        return [process["code"] for process in client.get("/api/App/Processes", params=options).json()]

    assert codes() == [0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100, 120, 500, 510]
    assert codes(includeTestOperations="false") == [500, 510]
    assert 500 not in codes(includeRepairOperations="false")
    assert codes(includeTestOperations="false", includeRepairOperations="false") == []
    repair = client.get("/api/App/Processes").json()[-2]["repairOperation"]
    categories = {
        category["description"]: [code["description"] for code in category["repairCodes"]]
        for category in repair["repairCategories"]
    }
    assert "Defect Component" in categories["Component"]
    assert "No failure found" in categories["Misc"]


def test_the_server_tells_about_itself(client, wats):
    """Version as a JSON string, a health map, and its clock for those who doubt their own."""
    wats.change(clock_offset_s=7200)
    ping = client.get("/api/internal/Client/Ping", headers={"Referer": wats.url}).json()
    ahead = datetime.fromisoformat(ping["ServerTime"]) - datetime.now(UTC)

    assert client.get("/api/App/Version").json() == "2025.3.9.824"
    assert set(map(type, client.get("/api/SystemStatus").json().values())) == {str}
    assert timedelta(seconds=7190) < ahead < timedelta(seconds=7201)


def test_internal_endpoints_want_a_referer(client, wats):
    """They are for the server's own pages."""
    assert client.get("/api/internal/Client/Ping").status_code == 403


def test_nothing_is_where_nothing_is(client):
    """Unknown paths, unknown reports and wrong methods have their own statuses."""
    assert client.get("/api/Nowhere").status_code == 404
    assert client.get(f"/api/Report/Wsjf/{uuid.uuid4()}").status_code == 404
    assert client.get("/api/Report/WSJF").status_code == 405
