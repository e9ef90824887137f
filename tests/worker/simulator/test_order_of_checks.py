"""A call that does everything wrong is told so step by step, in the order a real server checks."""

import json

import pytest
from simulated import connected, failure, post, uur_report, uut_report

from wats_worker.simulator.processes import Binding, Process, RepairCategory, RepairCode, RepairOperation
from wats_worker.simulator.settings import Scope, Token

JSON = {"Content-Type": "application/json"}


def test_faults_are_told_in_the_order_of_the_contract(simulators):
    """Each correction uncovers exactly the next check."""
    full = Token("full")
    wats = simulators(
        tokens=(full, Token("read", scope=Scope.READ), Token("other", part_numbers=("MOTOR-*",))),
        max_body=5000,
    )
    report = uut_report(processCode=61)
    body = json.dumps(report).encode()
    small, large = body.replace(b'"pn"', b'"xy"'), body + b" " * 5000

    def status(path="/api/Report/WSJF", token=full.secret, type_="application/json", body=body):
        headers = {"Authorization": f"Basic {token}", "Content-Type": type_}
        return client.post(path, headers=headers, content=body).status_code

    with connected(wats) as client:
        wats.fault("503", on="POST /api/nowhere")
        seen = [
            status("/api/nowhere", "none", "text/plain", large),
            status("/api/nowhere", "none", "text/plain", large),
            status(token="none", type_="text/plain", body=large),
            status(token="read", type_="text/plain", body=large),
        ]
        wats.change(rate=1)
        seen += [status(type_="text/plain", body=large), status(type_="text/plain", body=large)]
        wats.change(rate=0)
        seen += [
            status(type_="text/plain", body=body + b"{"),
            status(body=body + b"{"),
            status(token="other", body=small),
            status(body=small),
            status(body=body),
            status(body=body.replace(b"61", b"60")),
        ]

    assert seen == [503, 404, 401, 403, 413, 429, 415, 400, 403, 400, 400, 200]


def test_a_token_counts_exactly_as_shown(client, wats):
    """Encoding the token once more, or showing it in another scheme, is a 401 that asks for Basic."""
    answers = [
        client.get("/api/App/Version", headers={"Authorization": shown})
        for shown in (f"Basic {wats.token}=", f"Bearer {wats.token}", wats.token, "")
    ]

    assert [answer.status_code for answer in answers] == [401] * 4
    assert answers[0].headers["WWW-Authenticate"] == "Basic"
    assert client.get("/api/App/Version", headers={"Authorization": f"basic {wats.token}"}).status_code == 200


def test_a_read_only_token_reads(simulators):
    """It may ask, but neither upload nor touch the quarantine."""
    wats = simulators(tokens=(Token("look", scope=Scope.READ),))
    with connected(wats, Referer=wats.url) as client:
        assert client.get("/api/App/Processes").status_code == 200
        assert post(client, uut_report()).status_code == 403
        assert client.delete("/api/internal/Quarantine").status_code == 403


def test_a_register_token_only_registers_and_its_passcode_opens_the_rest(simulators):
    """Client id and passcode together are a token; an id is given once, also after a restart."""
    wats = simulators(tokens=(Token("join", scope=Scope.REGISTER),))
    with connected(wats) as client:
        assert client.get("/api/App/Version").status_code == 403
        passcode = client.post("/api/Client/Register?id=line-2&name=Line").json()
        assert client.post("/api/Client/Register?id=line-2").status_code == 409
        assert client.post("/api/Client/Register").status_code == 400
    wats.stop()
    wats.start()
    with connected(wats) as client:
        assert client.get("/api/App/Version", auth=("line-2", passcode)).status_code == 200


def test_a_product_group_is_a_matter_of_the_part_number(simulators):
    """A token of one group uploads its products in both formats, and no others."""
    wats = simulators(tokens=(Token("motors", part_numbers=("MOTOR-*", "FAN-1")),))
    with connected(wats) as client:
        assert post(client, uut_report(pn="MOTOR-7")).status_code == 200
        assert post(client, uut_report(pn="FAN-2")).status_code == 403


def test_the_rate_is_a_sliding_window_per_token(simulators):
    """The request too many gets a 429 whose Retry-After is honest, while another token passes."""
    wats = simulators(tokens=(Token("one"), Token("two")), rate=3, rate_window_s=30)
    with connected(wats) as client:
        answers = [client.get("/api/App/Version") for _ in range(4)]
        other = client.get("/api/App/Version", headers={"Authorization": "Basic two"})

        assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
        assert 28 <= int(answers[3].headers["Retry-After"]) <= 30
        assert other.status_code == 200


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_over_the_limit_is_a_413_and_the_connection_lives_on(client, wats, chunked):
    """The limit holds whether the length is announced or not, and is exact."""
    wats.change(max_body=1000)
    report = json.dumps(uut_report()).encode()

    def size(count):
        body = report.ljust(count)
        content = iter([body[:500], body[500:]]) if chunked else body
        return client.post("/api/Report/WSJF", headers=JSON, content=content).status_code

    assert [size(1001), size(1000), size(300_000)] == [413, 200, 413]


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        ("application/json", 200),
        ("Application/JSON; charset=UTF-8", 200),
        ("application/json; charset=latin-1", 415),
        ("application/xml", 415),
        ("text/json", 415),
        ("", 415),
    ],
)
def test_json_is_uploaded_as_json(client, content_type, status):
    """Any other content type or charset is a 415."""
    body = json.dumps(uut_report()).encode()
    answer = client.post("/api/Report/WSJF", content=body, headers={"Content-Type": content_type})

    assert answer.status_code == status


def test_compressed_bodies_are_not_taken(client):
    """No request compression is documented."""
    answer = client.post("/api/Report/WSJF", content=b"x", headers=JSON | {"Content-Encoding": "gzip"})

    assert answer.status_code == 415


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b'"text"', b"\xef\xbb\xbf{}", b'{"a": NaN}', b'{"a": 1, "a": 2}', b"\xff{}"]
)
def test_what_is_not_one_json_object_is_told_in_a_message(client, body):
    """Neither broken JSON nor JSON that says two things at once gets as far as the schema."""
    answer = client.post("/api/Report/WSJF", content=body, headers=JSON)

    assert answer.status_code == 400
    assert set(answer.json()) == {"Message"}


def test_schema_faults_name_their_places(client):
    """Every wrong member stands in ModelState under its path."""
    report = uut_report(result="D", colour="red")
    report["root"]["steps"] = [{"group": "M", "stepType": "Action", "name": "", "status": "P"}]
    answer = post(client, report)

    assert answer.status_code == 400
    assert set(answer.json()["ModelState"]) == {
        "report.result",
        "report.colour",
        "report.root.steps[0].name",
    }


def test_strict_mode_wants_every_member_and_lenient_mode_takes_what_real_servers_take(client, wats):
    """Unknown members, however deep, and a missing startUTC make the difference; other faults do not."""
    report = uur_report(failure(mood="bad"), failure())
    report["uur"]["active"] = True
    bare = uut_report()
    del bare["startUTC"]
    wrong = uut_report(active=True, result="D")

    strict = [post(client, one).status_code for one in (report, bare, wrong)]
    wats.change(mode="lenient")
    lenient = [post(client, one).status_code for one in (report, bare, wrong)]

    assert strict == [400, 400, 400]
    assert lenient == [200, 200, 400]
    exported = client.get(f"/api/Report/Wsjf/{report['id']}").json()
    assert "active" not in exported["uur"]
    assert len(exported["subUnits"][0]["failures"]) == 2


@pytest.mark.parametrize("mode", ["strict", "lenient"])
def test_a_report_has_to_have_an_id(client, wats, mode):
    """Nothing could be kept or repeated without."""
    wats.change(mode=mode)
    report = uut_report()
    del report["id"]

    assert list(post(client, report).json()["ModelState"]) == ["report.id"]


@pytest.mark.parametrize(
    ("report", "place"),
    [
        (uut_report(processCode=61), "report.processCode"),  # unknown
        (uut_report(processCode=500), "report.processCode"),  # a repair operation
        (uut_report(processName="functional test"), "report.processName"),  # case counts
        (uur_report(processCode=60), "report.processCode"),  # a test operation
        (uur_report(uur=uur_report()["uur"] | {"processCode": 510}), "report.uur.processCode"),
        (uur_report(uur=uur_report()["uur"] | {"processCode": 999}), "report.uur.processCode"),
        (uur_report(failure(category="Gremlins")), "report.subUnits[0].failures[0].category"),
        (uur_report(failure(), failure(code="Haunted")), "report.subUnits[0].failures[1].code"),
        (uur_report(failure(comRef="C 12")), "report.subUnits[0].failures[0].comRef"),
        (uut_report(start="2026-13-17T08:14:05+01:00"), "report.start"),
    ],
)
def test_what_only_the_server_knows_is_checked_last(client, report, place):
    """Processes, repair categories, codes and reference designators have to be its own."""
    answer = post(client, report)

    assert answer.status_code == 400
    assert list(answer.json()["ModelState"]) == [place]


def test_a_repair_operation_may_ask_for_the_failed_test(simulators):
    """Where the binding is required a repair without refUUT is refused."""
    binding = RepairOperation((RepairCategory("Component", (RepairCode("Burned"),)),), Binding.REQUIRED)
    processes = (Process(60, "Test"), Process(500, "Repair", is_test=False, repair=binding))
    wats = simulators(processes=processes)
    bound = uur_report()
    bound["uur"]["refUUT"] = bound["id"]
    with connected(wats) as client:
        assert list(post(client, uur_report()).json()["ModelState"]) == ["report.uur.refUUT"]
        assert post(client, bound).status_code == 200


def test_an_inactive_process_is_no_process(simulators):
    """It is only listed for those who ask for it."""
    wats = simulators(processes=(Process(60, "Test", active=False),))
    with connected(wats) as client:
        assert list(post(client, uut_report()).json()["ModelState"]) == ["report.processCode"]
        assert client.get("/api/App/Processes").json() == []
        assert len(client.get("/api/App/Processes?includeInactiveProcesses=true").json()) == 1


def test_good_names_and_repairs_pass(client):
    """The right process name, a known repair code and a matching designator are no obstacle."""
    answers = [
        post(client, uut_report(processName="Functional test")),
        post(client, uur_report(failure(), failure(comRef=None), failure(comRef="U7.A/3"))),
    ]

    assert [answer.status_code for answer in answers] == [200, 200]
