"""WATS standard text format: what each line means, and what is said of a line that means nothing."""

from typing import Any

import pytest
from logs import convert, probe, wstf

from wats_worker.converters.base import NotReady, Refused

NAME = "wats-text"


def only(text: str, **options: Any) -> dict[str, Any]:
    [document] = convert(NAME, text.encode(), **options).documents
    return document


def steps(*rows: tuple[str, ...], **header: str | None) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = only(wstf(*rows, **header))["root"]["steps"]
    return found


def test_the_header_fills_the_report() -> None:
    """Known keys have their places, all others are misc infos, sub units are listed."""
    text = wstf(
        ("ActionStep", "Go"),
        UUTStatus="Failed",
        ErrorCode="-7",
        ErrorMessage="no power",
        ExecutionTime="12.5",
        TestSocketIndex="2",
        FixtureId="FX-1",
        BatchSerialNumber="LOT-1",
        Comment="second try",
        SoftwareName="fct.seq",
        SoftwareVersion="3.1",
        Subunit="PCBA\tPCB-1\tS-77\tC",
        Colour="green",
    )
    document = only(text)

    assert (document["sn"], document["pn"], document["rev"], document["processCode"]) == (
        "SN-1",
        "PN-1",
        "A",
        60,
    )
    assert (document["machineName"], document["result"]) == ("FCT-1", "F")
    assert document["uut"] == {
        "user": "op17",
        "execTime": 12.5,
        "testSocketIndex": 2,
        "batchSN": "LOT-1",
        "comment": "second try",
        "errorCode": -7,
        "errorMessage": "no power",
        "fixtureId": "FX-1",
    }
    assert document["root"]["seqCall"] == {"name": "fct.seq", "version": "3.1"}
    assert document["subUnits"] == [{"partType": "PCBA", "pn": "PCB-1", "sn": "S-77", "rev": "C"}]
    assert {"description": "Colour", "text": "green"} in document["miscInfos"]


def test_several_units_in_one_file() -> None:
    """Each between its own marks, one of them in the spelling seen in the field."""
    text = (
        wstf(("ActionStep", "a"), SerialNumber="SN-1", end="-- UUT-End--")
        + "\r\n"
        + wstf(("ActionStep", "a"), SerialNumber="SN-2")
    )

    assert [report["sn"] for report in convert(NAME, text.encode()).reports] == ["SN-1", "SN-2"]


def test_the_footer_counts_more_than_the_header() -> None:
    """What is known only at the end is written there."""
    document = only(
        wstf(("ActionStep", "a"), footer={"UUTStatus": "Error", "ExecutionTime": "9"}, UUTStatus="Passed")
    )

    assert (document["result"], document["uut"]["execTime"]) == ("E", 9.0)


def test_rows_become_steps() -> None:
    """Every row type, the sequences around them, and the facts any step may have."""
    made = steps(
        ("SequenceCall", "Power"),
        (
            "NumericLimitTest",
            "Rail",
            "",
            "5.01",
            "4.9",
            "5.1",
            "GELE",
            "V",
            "Passed",
            "0.2",
            "warm",
            "3",
            "late",
            "True",
        ),
        ("StringValueTest", "Version", "", "2.4", "2.4", "", "CASESENSIT", "", "Passed"),
        ("PassFailTest", "LED", "", "False", "", "", "", "", "Failed"),
        ("EndSequenceCall", "Power"),
        ("ActionStep", "Discharge"),
    )

    [power, action] = made
    assert (power["stepType"], power["status"], power["seqCall"]) == ("SequenceCall", "F", {"name": "Power"})
    rail, version, led = power["steps"]
    assert rail["numericMeas"] == [
        {"compOp": "GELE", "status": "P", "unit": "V", "value": 5.01, "lowLimit": 4.9, "highLimit": 5.1}
    ]
    assert (rail["stepType"], rail["totTime"], rail["reportText"]) == ("ET_NLT", 0.2, "warm")
    assert (rail["errorCode"], rail["errorMessage"], rail["causedSeqFailure"]) == (3, "late", True)
    assert version["stringMeas"] == [{"compOp": "CASESENSIT", "status": "P", "value": "2.4", "limit": "2.4"}]
    assert (led["booleanMeas"], led["stepType"]) == ([{"status": "F"}], "ET_PFT")
    assert (action["stepType"], action["status"]) == ("Action", "D")


def test_further_measurements_belong_to_the_step_above() -> None:
    """A blank step name, or the same one, with a measure name."""
    made = steps(
        ("NumericLimitTest", "Rails", "5V", "5.0", "4.9", "5.1", "GELE", "V"),
        ("NumericLimitTest", "", "12V", "11.3", "11.6", "12.4", "GELE", "V"),
        ("NumericLimitTest", "Rails", "3V3", "3.3", "", "", "LOG", "V"),
        ("NumericLimitTest", "Other", "", "1", "", "", "LOG"),
        ("NumericLimitTest", "Other", "", "2", "", "", "LOG"),
    )

    assert [(step["name"], len(step["numericMeas"]), step["stepType"]) for step in made] == [
        ("Rails", 3, "ET_MNLT"),
        ("Other", 1, "ET_NLT"),
        ("Other", 1, "ET_NLT"),
    ]
    assert [row["status"] for row in made[0]["numericMeas"]] == ["P", "F", "P"]
    assert made[0]["status"] == "F"


@pytest.mark.parametrize(
    ("kind", "value", "member"),
    [("NumericLimitTest", "1", "numericMeas"), ("StringValueTest", "a", "stringMeas"), ("PassFailTest", "True", "booleanMeas")],
)  # fmt: skip
def test_a_multiple_test_stands_between_its_own_marks(kind: str, value: str, member: str) -> None:
    """The status may stand in the row that begins or ends it."""
    [made] = steps(
        (f"Multiple{kind}", "M", "", "", "", "", "", "", "Failed"),
        (kind, "", "a", value),
        (kind, "M", "b", value),
        (f"EndMultiple{kind}", "M"),
    )

    assert ([row["name"] for row in made[member]], made["status"]) == (["a", "b"], "F")


def test_a_chart_belongs_to_the_step_above_it() -> None:
    """A comma in its points is a decimal one, since semicolons part them."""
    [made] = steps(
        ("NumericLimitTest", "Ripple", "", "38.5", "50", "", "LE", "mV"),
        ("Chart", "LineLogX", "Ripple", "mV", "Voltage", "us", "Time"),
        ("Series", "CH1", "XYG", "-12,5;38.5", "0;1"),
        ("Series", "CH2", "XYG", "1;2;3"),
    )

    assert made["chart"] == {
        "chartType": "LineLogX", "label": "Ripple", "xLabel": "Time", "xUnit": "us", "yLabel": "Voltage", "yUnit": "mV",
        "series": [
            {"dataType": "XYG", "name": "CH1", "xdata": "0.0;1.0", "ydata": "-12.5;38.5"},
            {"dataType": "XYG", "name": "CH2", "ydata": "1.0;2.0;3.0"},
        ],
    }  # fmt: skip


def test_a_single_limit_is_in_the_low_one_wherever_it_was_written() -> None:
    """Some writers put the limit of LE and LT where people would look for it."""
    made = steps(
        ("NumericLimitTest", "A", "", "5", "", "9", "LE"), ("NumericLimitTest", "B", "", "5", "1", "9", "GE")
    )

    assert [step["numericMeas"][0] for step in made] == [
        {"compOp": "LE", "status": "P", "value": 5.0, "lowLimit": 9.0},
        {"compOp": "GE", "status": "P", "value": 5.0, "lowLimit": 1.0},
    ]


def test_active_mode_judges_what_the_file_does_not() -> None:
    """From the limits to the step, from the steps to the sequence, from there to the unit."""
    document = only(
        wstf(("SequenceCall", "S"), ("NumericLimitTest", "N", "", "7", "5", "", "LT"), ("EndSequenceCall",))
    )

    sequence = document["root"]["steps"][0]
    assert [
        sequence["steps"][0]["status"],
        sequence["status"],
        document["root"]["status"],
        document["result"],
    ] == ["F"] * 4
    assert sequence["steps"][0]["causedUUTFailure"] is True


def test_a_given_status_counts_more_than_the_limits() -> None:
    """In both modes: the tester knows."""
    for mode in ("Active", "Import"):
        document = only(
            wstf(
                ("NumericLimitTest", "N", "", "7", "5", "", "LT", "", "Passed"),
                ConverterMode=mode,
                UUTStatus="Passed",
            )
        )

        assert (document["root"]["steps"][0]["status"], document["result"]) == ("P", "P")


def test_import_mode_makes_up_no_status() -> None:
    """Neither a measurement's nor the unit's."""
    for text, field in (
        (
            wstf(
                ("NumericLimitTest", "N", "", "7", "5", "", "GT"), ConverterMode="Import", UUTStatus="Passed"
            ),
            "StepStatus",
        ),
        (
            wstf(("NumericLimitTest", "N", "", "7", "5", "", "GT", "", "Passed"), ConverterMode="Import"),
            "result",
        ),
    ):
        with pytest.raises(Refused) as caught:
            only(text)
        assert caught.value.field == field


def test_the_columns_may_stand_in_another_order() -> None:
    """The line of column names says which."""
    text = wstf().replace(
        "\n--Step-Data-End--",
        "\nStepType\tStepName\tStepStatus\tUnit\tValue\nNumericLimitTest\tN\tPassed\tV\t5\n--Step-Data-End--",
    )

    assert only(text)["root"]["steps"][0]["numericMeas"] == [
        {"compOp": "LOG", "status": "P", "unit": "V", "value": 5.0}
    ]


def test_the_offset_follows_from_the_two_clock_times() -> None:
    """With a UTC start beside the local one no zone is assumed."""
    document = only(wstf(("ActionStep", "a"), UTCStartDateTime="2026-03-17T12:14:05"))

    assert document["start"] == "2026-03-17T08:14:05-04:00"
    assert document["startUTC"] == "2026-03-17T12:14:05Z"
    assert "miscInfos" not in document


def test_a_start_in_utc_alone_is_enough() -> None:
    """The moment is certain, only the tester's own clock isn't known."""
    document = only(wstf(("ActionStep", "a"), StartDateTime=None, UTCStartDateTime="2026-03-17T12:14:05"))

    assert document["start"] == "2026-03-17T12:14:05+00:00"


def test_an_hour_that_a_clock_passes_twice_is_told() -> None:
    """When summer time ends, half past two comes twice."""
    made = convert(NAME, wstf(("ActionStep", "a"), StartDateTime="2026-10-25T02:30:00").encode())

    assert made.reports[0]["start"] == "2026-10-25T02:30:00+02:00"
    assert any("hour off" in warning for warning in made.warnings)


def test_code_page_1252_and_utf_8_are_both_read() -> None:
    """UTF-8 only where it decodes strictly; a file that holds both is refused."""
    text = wstf(("ActionStep", "Prüfung"), OperatorName="Åse")

    for encoding in ("utf-8", "cp1252", "utf-8-sig"):
        [document] = convert(NAME, text.encode(encoding)).documents
        assert (document["uut"]["user"], document["root"]["steps"][0]["name"]) == ("Åse", "Prüfung")
    with pytest.raises(Refused, match="one file"):
        convert(NAME, wstf().encode() + "Å".encode() + "Å".encode("cp1252"))


def test_lines_may_end_as_windows_ends_them() -> None:
    """Nothing changes."""
    text = wstf(("ActionStep", "a"))

    assert only(text.replace("\n", "\r\n")) == only(text)


def test_a_long_misc_info_goes_on_in_the_next() -> None:
    """The wire takes 100 characters in each; none is lost."""
    infos = only(wstf(("ActionStep", "a"), Path="x" * 250, UTCStartDateTime="2026-03-17T07:14:05"))[
        "miscInfos"
    ]

    assert [(info["description"], len(info["text"])) for info in infos] == [
        ("Path", 100),
        ("Path (2)", 100),
        ("Path (3)", 50),
    ]


@pytest.mark.parametrize("end", ["", "--Step-Data-End--"])
def test_a_unit_without_its_end_is_not_ready(end: str) -> None:
    """The run may still be going on."""
    text = wstf(("ActionStep", "a"))

    with pytest.raises(NotReady):
        convert(NAME, text.partition("--UUT-End--" if end else "--Step-Data-End--")[0].encode())
    with pytest.raises(NotReady):
        convert(NAME, (text + text.partition("--UUT-End--")[0].replace("SN-1", "SN-2")).encode())


@pytest.mark.parametrize(
    ("header", "field"),
    [
        ({"SerialNumber": None}, "serial number"),
        ({"SerialNumber": "   "}, "serial number"),
        ({"SerialNumber": "S" * 101}, "serial number"),
        ({"PartNumber": None}, "part number"),
        ({"StartDateTime": None}, "start"),
        ({"StartDateTime": "17.03.2026"}, "start"),
        ({"StartDateTime": "2026-02-30T00:00:00"}, "start"),
        ({"StartDateTime": "9999-12-31T00:00:00"}, "start"),
        ({"UTCStartDateTime": "2026-03-17T07:10:05"}, "start"),
        ({"OperationTypeCode": None}, "process code"),
        ({"OperationTypeCode": "sixty"}, "OperationTypeCode"),
        ({"UUTStatus": "Great"}, "result"),
        ({"ConverterMode": "Passive"}, "ConverterMode"),
        ({"ErrorCode": "1.5"}, "ErrorCode"),
        ({"Subunit": "PCBA\tPCB-1"}, "serial number"),
    ],
)
def test_a_header_that_can_not_be_right_is_refused(header: dict[str, str | None], field: str) -> None:
    """The field is named; nothing is produced, and nothing stands in for it."""
    with pytest.raises(Refused) as caught:
        only(wstf(("ActionStep", "a"), **header))

    assert caught.value.field == field


def test_two_serial_numbers_are_none() -> None:
    """Neither is right."""
    with pytest.raises(Refused) as caught:
        only(wstf(("ActionStep", "a"), SerialNumber="SN-1\nSerialNumber\tSN-2"))

    assert (caught.value.field, caught.value.place) == ("SerialNumber", "line 3")


def test_the_same_run_twice_in_a_file_is_refused() -> None:
    """As a file that was joined with its own copy."""
    with pytest.raises(Refused, match="twice"):
        convert(NAME, (wstf(("ActionStep", "a")) * 2).encode())


def test_a_process_may_be_known_by_its_name() -> None:
    """The source's list says which code it has."""
    text = wstf(("ActionStep", "a"), OperationTypeCode=None, OperationTypeName="Functional test")
    document = only(text, process_codes={"Functional test": 60})

    assert (document["processCode"], document["processName"]) == (60, "Functional test")


@pytest.mark.parametrize(
    ("row", "field"),
    [
        (("NumericLimitTest", "N", "", "5,01", "4.9", "5.1", "GELE"), "Value"),
        (("NumericLimitTest", "N", "", "", "4.9", "5.1", "GELE"), "Value"),
        (("NumericLimitTest", "N", "", "1e400", "", "", "LOG"), "Value"),
        (("NumericLimitTest", "N", "", "5", "4.9", "", "GELE"), "HighLimit"),
        (("NumericLimitTest", "N", "", "5", "NaN", "6", "GELE"), "LowLimit"),
        (("NumericLimitTest", "N", "", "5", "4", "6", "ABOUT"), "CompOperator"),
        (("NumericLimitTest", "N", "", "5", "4", "6", ""), "CompOperator"),
        (("NumericLimitTest", "", "", "5"), "StepName"),
        (("PassFailTest", "N", "", "maybe"), "Value"),
        (("PassFailTest", "N", "", ""), "Value"),
        (("StringValueTest", "N", "", "a", "b"), "CompOperator"),
        (("ActionStep", "N", "", "", "", "", "", "", "Great"), "StepStatus"),
        (("ActionStep", "N", "", "", "", "", "", "", "", "soon"), "StepExecutionTime"),
        (("EndSequenceCall", "S"), "StepName"),
        (("EndMultipleNumericLimitTest",), "StepType"),
        (("MultipleNumericLimitTest", "M"), "StepType"),
        (
            ("NumericLimitTest", "N", "", "5", "", "", "LOG", "", "", "", "", "", "", "perhaps"),
            "CausedSequenceFailure",
        ),
        (("Chart", "Line", "l"), "Chart"),
        (("Series", "s", "XYG", "1"), "Series"),
        (("Mystery", "N"), "StepType"),
        (("ActionStep", "N", *[""] * 12, "too much"), None),
        (("UUTStatus", "Passed"), "StepType"),
    ],
)
def test_a_row_that_can_not_be_right_is_refused(row: tuple[str, ...], field: str | None) -> None:
    """Its line and its column are named."""
    with pytest.raises(Refused) as caught:
        only(wstf(row))

    assert caught.value.field == field
    assert "line 11" in str(caught.value) or field == "StepType"


def test_every_one_of_several_rows_needs_a_name() -> None:
    """The wire asks for it, and an invented one would be a new one in the next version."""
    with pytest.raises(Refused) as caught:
        steps(
            ("NumericLimitTest", "N", "", "1", "", "", "LOG"),
            ("NumericLimitTest", "N", "b", "1", "", "", "LOG"),
        )

    assert (caught.value.field, caught.value.place) == ("MeasureName", "line 11")


def test_marks_in_the_wrong_place_are_refused() -> None:
    """A unit in a unit, a line outside of any, steps that never ended."""
    good = wstf(("ActionStep", "a"))

    for text in (
        good.replace("--Step-Data-End--\n", ""),
        good.replace("--Step-Data-Start--", "--Step-Data-End--"),
        good.replace("--UUT-End--", "--Header-Start--"),
        good + "garbage\n",
        good.replace("\n", "\r"),
        "\n",
        "",
    ):
        with pytest.raises(Refused):
            only(text)


def test_sequences_nested_beyond_reason_are_refused() -> None:
    """Before the stack is."""
    with pytest.raises(Refused, match="nested"):
        only(wstf(*[("SequenceCall", "s")] * 5_000))


def test_it_begins_with_its_own_mark() -> None:
    """No other format does; the name of the file says nothing."""
    assert probe(NAME, wstf().encode()) == 0.95
    assert probe(NAME, b"\xef\xbb\xbf\r\n" + wstf().encode(), "x.bin") == 0.95
    assert probe(NAME, b"SerialNumber\tSN-1\n", "a.txt") == 0.0
