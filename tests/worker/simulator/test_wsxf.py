"""XML uploads: the header is checked, the steps are taken on trust."""

import re
import uuid

import pytest
from simulated import connected
from support import shared

from wats_worker.simulator.settings import Token

XML = {"Content-Type": "application/xml"}
REPORT = """<?xml version="1.0" encoding="utf-8"?>
<Reports xmlns="http://wats.virinco.com/schemas/WATS/Report/wsxf">
  <Report type="UUT" ID="{id}" Start="2026-01-30T22:01:41.4707353+01:00" Result="Failed" SN="XML-1" PN="PSU-24"
          Rev="A" MachineName="M" Location="L" Purpose="P">
    <UUT UserLoginName="op" ExecutionTime="1.5"/>
    <Process Code="10"/>
    <Step Id="1" Group="Main" Name="Main" StepType="SequenceCall" Status="Failed">
      <SequenceCall Name="psu.seq" Version="2"/>
    </Step>
  </Report>
</Reports>"""


def xml(*changes):
    text = REPORT.replace("{id}", str(uuid.uuid4()).upper())
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return text.encode()


def upload(client, body, headers=XML):
    return client.post("/api/Report/WSXF", content=body, headers=headers)


def test_an_xml_report_is_stored_and_found(client, wats):
    """Its words become the letters of the header query; as WSJF it gives its identity only."""
    answer = upload(client, xml())
    (header,) = client.get("/api/Report/Query/Header").json()
    found = client.get(f"/api/Report/Wsjf/{header['uuid']}").json()

    assert answer.json()[0]["uuid"] == header["uuid"] == header["uuid"].lower()
    assert (header["reportType"], header["result"], header["processName"]) == ("T", "F", "SW Debug")
    assert (header["executionTime"], header["swFilename"], header["swVersion"]) == (1.5, "psu.seq", "2")
    assert (found["sn"], found["startUTC"]) == ("XML-1", "2026-01-30T21:01:41.4707353Z")
    assert "root" not in found
    assert "<SequenceCall" in wats.body(header["uuid"])


def test_json_and_xml_share_ids_and_keys(client, wats):
    """The same test again, as XML under another id, is still the same test."""
    first = upload(client, xml()).json()[0]
    second = upload(client, xml()).json()[0]

    assert second["uuid"] == first["uuid"] != second["ID"]
    assert next(wats.reports())["receiveCount"] == 2


def test_a_process_may_be_named_instead(client):
    """By its exact name, alone or beside its code."""
    assert upload(client, xml(('Code="10"', 'Name="ICT test"'))).status_code == 200
    assert upload(client, xml(('Code="10"', 'Code="30" Name="ICT test"'))).status_code == 200


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ('type="UUT"', 'type="XYZ"', "Report.type"),
        ('Result="Failed"', 'Result="F"', "Report.Result"),
        ('SN="XML-1"', "", "Report.SN"),
        ('PN="PSU-24"', 'PN=""', "Report.PN"),
        ('MachineName="M"', "", "Report.MachineName"),
        ("2026-01-30T", "30.1.2026 ", "Report.Start"),
        ("UUT UserLoginName", "Unit UserLoginName", "Report.UUT"),
        ('Code="10"', 'Code="11"', "Report.Process"),
        ('Code="10"', "", "Report.Process"),
        ('Code="10"', 'Name="ict test"', "Report.Process"),
        ('Code="10"', 'Code="10" Name="ICT test"', "Report.Process"),
        ('Code="10"', 'Code="500"', "Report.Process"),
        ('<Process Code="10"/>', "", "Report.Process"),
    ],
)
def test_faults_in_the_header_name_their_places(client, old, new, place):
    """One fault, one entry."""
    answer = upload(client, xml((old, new)))

    assert answer.status_code == 400
    assert list(answer.json()["ModelState"]) == [place]


def test_an_id_has_to_be_a_guid(client):
    """Anything else is no identity."""
    answer = upload(client, re.sub(rb'ID="[^"]*"', b'ID="17"', xml()))

    assert list(answer.json()["ModelState"]) == ["Report.ID"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"<Reports>",
        b"<Reports><Report/></Reports>",
        xml(("</Reports>", "<Report/></Reports>")),
        xml(("wats.virinco.com", "example.com")),
    ],
)
def test_what_is_not_one_report_in_xml_is_a_400(client, body):
    """Not well-formed, another root, another namespace, two reports."""
    answer = upload(client, body)

    assert answer.status_code == 400
    assert set(answer.json()) == {"Message"}


def test_entities_of_a_body_are_not_fetched(client, wats, tmp_path):
    """A document type that points at a file of the server brings nothing of it into the store."""
    secret = tmp_path / "secret"
    secret.write_text("s3cret")
    doctype = f'<!DOCTYPE Reports [<!ENTITY x SYSTEM "file://{secret}">]><Reports'
    body = xml(
        ("<Reports", doctype),
        ('<UUT UserLoginName="op" ExecutionTime="1.5"/>', "<UUT><Comment>&x;</Comment></UUT>"),
    )
    upload(client, body)
    headers = client.get("/api/Report/Query/Header").json()

    assert "s3cret" not in str(headers)


@pytest.mark.parametrize(
    ("content_type", "status"),
    [("application/xml; charset=utf-8", 200), ("text/xml", 200), ("application/json", 415), ("", 415)],
)
def test_xml_is_uploaded_as_xml(client, content_type, status):
    """Any other content type is a 415."""
    assert upload(client, xml(), {"Content-Type": content_type}).status_code == status


def test_product_groups_hold_for_xml(simulators):
    """The part number stands in another place, the rule is the same."""
    wats = simulators(tokens=(Token("motors", part_numbers=("MOTOR-*",)),))
    with connected(wats) as client:
        assert upload(client, xml()).status_code == 403
        assert upload(client, xml(("PSU-24", "MOTOR-1"))).status_code == 200


def test_a_real_export_is_taken(client):
    """What a real server wrote."""
    body = shared("corpus/files/wats-wsjf-wsxf/uut-wsxf-export.xml").read_bytes()

    assert upload(client, body).status_code == 200
