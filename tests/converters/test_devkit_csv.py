"""The example CSV of the converter kit: what others copied has to be read, its slip included."""

import json
from typing import Any

import golden
import pytest
from logs import convert, probe
from support import shared

from wats_worker.converters.base import NotReady, Refused

NAME = "devkit-csv"
ICT = {"process_codes": {"ICT": 30}}
HEADING = (
    "SerialNumber,PartNumber,TestDate,OperationType,StepName,StepType,Value,LowLimit,HighLimit,Unit,Result"
)


def rows(*lines: str) -> bytes:
    return "\n".join([HEADING, *lines, ""]).encode()


def one(step: str) -> dict[str, Any]:
    [report] = convert(NAME, rows(f"SN-1,PN-1,2026-03-17 08:14:05,ICT,{step}"), **ICT).documents
    return dict(report["root"]["steps"][0])


def test_the_golden_facts_hold() -> None:
    """The sample of the kit itself."""
    name = "devkit-csv/sample-enhanced.csv"
    facts = json.loads(shared(f"corpus/golden/{name}.json").read_text())
    made = convert(NAME, shared(f"corpus/files/{name}").read_bytes(), **ICT)

    assert golden.check(facts, made.documents) == []


def test_a_comma_too_many_is_read_as_it_is_meant() -> None:
    """Only with nothing in between, and with a word."""
    made = convert(NAME, rows("SN-1,PN-1,2026-03-17 08:14:05,ICT,FW,StringValue,v2,,,,,PASS"), **ICT)

    assert made.documents[0]["root"]["steps"][0]["status"] == "P"
    assert any("comma too many" in warning for warning in made.warnings)
    for wrong in (
        "Rail,NumericLimit,5,02,4.9,5.1,V,PASS",
        "FW,StringValue,v2,,,,,maybe",
        "FW,StringValue,v2",
    ):
        with pytest.raises(Refused):
            one(wrong)


def test_rows_of_several_units() -> None:
    """Several units in a file, a file that isn't finished, a word nobody knows."""
    unit = "{},PN-1,2026-03-17 08:14:05,ICT,Rail,NumericLimit,5.02,4.90,,V,FAIL"
    made = convert(NAME, rows(unit.format("SN-1"), unit.format("SN-2")), **ICT).documents

    assert [(report["sn"], report["result"]) for report in made] == [("SN-1", "F"), ("SN-2", "F")]
    assert made[0]["root"]["steps"][0]["numericMeas"][0]["compOp"] == "GE"
    assert one("Rail,NumericLimit,,,,,FAIL")["booleanMeas"] == [{"status": "F"}]
    with pytest.raises(Refused, match="not a status"):
        one("Rail,NumericLimit,5,4,6,V,")
    with pytest.raises(NotReady):
        convert(NAME, rows(unit)[:-3], **ICT)
    with pytest.raises(Refused, match="process code"):
        convert(NAME, rows(unit.format("SN-1")))


def test_only_the_heading_claims_a_file() -> None:
    """All eleven names, in their order."""
    assert probe(NAME, rows()) == 0.95
    assert probe(NAME, rows().replace(b"StepType", b"Kind")) == 0.0
