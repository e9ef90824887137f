"""The example XML of the converter kit: it has no verdicts, so the limits decide."""

import json

import golden
import pytest
from logs import convert, probe
from support import shared

from wats_worker.converters.base import Refused

NAME = "wats-example-xml"


def example(*tests: str, header: str = "") -> bytes:
    head = header or (
        "<SerialNumber>SN-1</SerialNumber><PartNumber>PN-1</PartNumber><StartDate>2026-03-17 08:14:05</StartDate>"
        "<OperationTypeCode>50</OperationTypeCode>"
    )
    return f'<TestReport><Header>{head}</Header><Sequence Name="Main">{"".join(tests)}</Sequence></TestReport>'.encode()


def test_the_golden_facts_hold() -> None:
    """The sample of the kit itself."""
    name = "wats-example-xml/XMLReport.xml"
    facts = json.loads(shared(f"corpus/golden/{name}.json").read_text())
    made = convert(NAME, shared(f"corpus/files/{name}").read_bytes())

    assert golden.check(facts, made.documents) == []
    assert sum("numericMeas" in step for _, step in golden.steps(made.documents[0])) == 4


def test_where_no_verdict_is_written_the_limits_decide() -> None:
    """One-sided limits stay so, and without limits a value is logged."""
    [report] = convert(
        NAME,
        example(
            '<NumericTest Name="A" Measure="5" LowLim="4" HighLim="4.5"/>',
            '<NumericTest Name="B" Measure="5" HighLim="6" Unit="V"/>',
            '<NumericTest Name="C" Measure="5"/>',
            '<StringTest Name="D" Measure="a" Limit="b"/>',
            '<StringTest Name="E" Measure="a"/>',
            '<Sequence Name="F"><PassFailTest Name="G" Measure="False"/></Sequence>',
        ),
    ).documents
    steps = report["root"]["steps"][0]["steps"]

    assert [step["status"] for step in steps] == ["F", "P", "P", "F", "P", "F"]
    assert [step["numericMeas"][0]["compOp"] for step in steps[:3]] == ["GELE", "LE", "LOG"]
    assert [step["stringMeas"][0]["compOp"] for step in steps[3:5]] == ["EQ", "LOG"]
    assert report["result"] == "F"


@pytest.mark.parametrize(
    "test",
    [
        '<NumericTest Name="A" Measure="NaN" LowLim="4"/>',
        '<NumericTest Name="A" Measure=""/>',
        '<NumericTest Name="A" Measure="5" LowLim="low"/>',
        '<NumericTest Measure="5"/>',
        '<PassFailTest Name="A" Measure="maybe"/>',
        '<Oscillogram Name="A"/>',
    ],
)
def test_what_cannot_be_judged_is_refused(test: str) -> None:
    """A verdict out of nothing would be invented."""
    with pytest.raises(Refused):
        convert(NAME, example(test))


@pytest.mark.parametrize("field", ["SerialNumber", "PartNumber", "StartDate", "OperationTypeCode"])
def test_an_identity_is_never_made_up(field: str) -> None:
    """The missing field is named."""
    header = "".join(
        f"<{name}>{text}</{name}>"
        for name, text in (("SerialNumber", "S"), ("PartNumber", "P"), ("StartDate", "2026-03-17 08:14:05"), ("OperationTypeCode", "5"))
        if name != field
    )  # fmt: skip

    with pytest.raises(Refused) as caught:
        convert(NAME, example(header=header))
    assert caught.value.field in {"serial number", "part number", "start", "process code"}


def test_only_these_files_are_claimed() -> None:
    """By what the first lines say, and not by the names of the files."""
    assert probe(NAME, example('<NumericTest Name="A" Measure="5"/>')) == 0.9
    assert probe(NAME, b"<TestReport><Header/></TestReport>") == 0.0
    assert probe(NAME, b"<Other><SerialNumber>1</SerialNumber></Other>") == 0.0
