"""NI TestStand XML reports: real ones against facts read by hand, and every trap on its own."""

import json
from typing import Any

import golden
import psutil
import pytest
from logs import array, called, convert, probe, prop, result, ts_file, ts_report
from support import shared

from wats_worker.converters.base import NotReady, Refused, Source
from wats_worker.converters.registry import bundled

NAME = "teststand-xml"
WITH, WITHOUT = "corpus/files/teststand-xml/TSWithWats2.xml", "corpus/files/teststand-xml/TsWithoutWats.xml"

#: Read by hand from TsWithoutWats.xml: the same demo sequence on a station without WATS.
WITHOUT_WATS: dict[str, Any] = {
    "reports_expected": 1,
    "header": {
        "part_number": "MB-DEMO",
        "serial_number": "2342343",
        "revision": "-",
        "process_code": "60",
        "start": {"value": "2022-07-01T15:47:48.927", "has_zone": False},
        "result": "Passed",
        "station": "TS-2021-BETA",
        "operator": "administrator",
    },
    "counts": {
        "teresult_with_step_name": 18,
        "numeric_limit_steps": 2,
        "pass_fail_steps": 7,
        "nested_sequence_calls": 1,
        "report_step_count_attribute": 17,
    },
    "measurements": [
        {"name": "Powerup Test", "value": True, "status": "Passed"},
        {"name": "CPU Test/Cache Test", "value": True, "status": "Passed"},
        {"name": "Video Test", "value": 5, "unit": "microseconds", "low": 0, "high": 10, "comp": "GTLT", "status": "Passed"},
        {"name": "Keyboard Test", "value": 6, "low": 5, "comp": "GT", "status": "Passed"},
    ],
}  # fmt: skip


def only(data: bytes, **options: Any) -> dict[str, Any]:
    [document] = convert(NAME, data, **options).documents
    return document


def step_of(*results: str, **report: Any) -> dict[str, Any]:
    """The first step below the root of a report with these results."""
    return only(ts_file(ts_report(*results, **report)))["root"]["steps"][0]


def test_the_golden_facts_hold() -> None:
    """Everything that was read by hand from the report of a WATS station."""
    facts = json.loads(shared("corpus/golden/teststand-xml/TSWithWats2.xml.json").read_text())
    made = convert(NAME, shared(WITH).read_bytes())

    assert golden.check(facts, made.documents) == []
    assert made.warnings == []


def test_the_facts_of_the_report_without_wats_hold() -> None:
    """It has no part number and no process: both must be configured, and the report says so."""
    document = only(shared(WITHOUT).read_bytes(), part_number="MB-DEMO", process_code=60)

    assert golden.check(WITHOUT_WATS, [document]) == []
    assert {"description": "Part number", "text": "MB-DEMO (from configuration)"} in document["miscInfos"]
    assert {"description": "Process code", "text": "60 (from configuration)"} in document["miscInfos"]


def test_without_a_part_number_nothing_is_made() -> None:
    """The field is named, and what to do about it."""
    with pytest.raises(Refused) as caught:
        only(shared(WITHOUT).read_bytes())

    assert caught.value.field == "part number"
    assert "part_number" in (caught.value.fix or "")


def test_the_local_time_is_kept_and_the_assumed_zone_recorded() -> None:
    """The digits of the tester's clock stay; whose offset was added is said."""
    document = only(shared(WITH).read_bytes(), timezone="America/New_York")

    assert document["start"] == "2022-07-01T16:52:21.036-04:00"
    assert document["startUTC"] == "2022-07-01T20:52:21.036Z"
    assert {"description": "Assumed time zone", "text": "America/New_York"} in document["miscInfos"]


def test_bookkeeping_steps_are_kept_as_steps_or_dropped() -> None:
    """They are never measurements, and whether they are steps the site decides."""
    data = shared(WITH).read_bytes()
    kept, dropped = (only(data, bookkeeping=choice)["root"] for choice in ("keep", "drop"))

    steering = [step for step in kept["steps"] if step["stepType"].startswith("NI_Flow_")]
    assert [step["name"] for step in steering] == ["If", "If", "End", "End"]
    assert all("numericMeas" not in step and "booleanMeas" not in step for step in steering)
    assert len(dropped["steps"]) == len(kept["steps"]) - 4


def test_several_reports_in_one_file_are_several_reports() -> None:
    """Append to file, and the batch model, whose own summary is not a unit."""
    batch = "<Report Type='Batch' BatchSerialNumber='B1'></Report>"
    made = convert(NAME, ts_file(batch, *(ts_report(uut={"SerialNumber": f"SN-{i}"}) for i in range(3))))

    assert [report["sn"] for report in made.reports] == ["SN-0", "SN-1", "SN-2"]
    assert any("batch" in warning for warning in made.warnings)


def test_the_same_run_twice_in_a_file_is_refused() -> None:
    """Which of the two is right, nobody can tell."""
    with pytest.raises(Refused, match="twice"):
        convert(NAME, ts_file(ts_report(), ts_report()))


def test_a_dump_of_the_wats_client_brings_its_own_id_and_start() -> None:
    """Its start has an offset, so no zone is assumed."""
    infos = "".join(
        f"<ReportInfo key='{key}' value='{value}' type='x' />"
        for key, value in {
            "ID": "f4fb0a29-93b1-4f7f-ada7-672b382774ab",
            "Start": "2022-06-23T10:55:04.3712345+02:00",
            "SN": "12345",
            "PCode": "60",
        }.items()
    )
    main = result(
        "MainSequence Callback",
        "SequenceCall",
        "Failed",
        ts=[called(result("A", "ET_PFT", "Failed", prop("PassFail", False)))],
    )
    main = main.replace("<Prop Type='TEResult'", "<Prop Name='MainSequenceResults' Type='TEResult'", 1)
    uut = prop("UUT", None, prop("SerialNumber", "12345"), prop("PartNumber", "PN1"))
    data = f"<?xml version='1.0' encoding='utf-8'?><TSReport>{infos}{uut}{main}</TSReport>".encode()

    document = only(data)

    assert probe(NAME, data) == 0.95
    assert document["id"] == "f4fb0a29-93b1-4f7f-ada7-672b382774ab"
    assert document["start"] == "2022-06-23T10:55:04.3712345+02:00"
    assert document["startUTC"] == "2022-06-23T08:55:04.3712345Z"
    assert "miscInfos" not in document
    assert (document["result"], document["root"]["steps"][0]["booleanMeas"]) == ("F", [{"status": "F"}])


def limited(comp: str, value: str = "5", low: str | None = None, high: str | None = None, **more: str) -> str:
    limits = [prop(name, limit) for name, limit in (("Low", low), ("High", high)) if limit is not None]
    facts = [prop("Numeric", value), prop("Comp", comp), prop("Limits", None, *limits)]
    return result("N", "NumericLimitTest", "Passed", *facts, *(prop(key, text) for key, text in more.items()))


@pytest.mark.parametrize(
    ("comp", "low", "high", "row"),
    [
        ("GTLT", "0", "10", {"compOp": "GTLT", "lowLimit": 0.0, "highLimit": 10.0}),
        ("LEGE", "0", "10", {"compOp": "LEGE", "lowLimit": 0.0, "highLimit": 10.0}),
        ("GELE", "1", None, {"compOp": "GE", "lowLimit": 1.0}),
        ("GTLT", "1", None, {"compOp": "GT", "lowLimit": 1.0}),
        ("GTLT", None, "9", {"compOp": "LT", "lowLimit": 9.0}),
        ("GELE", None, "9", {"compOp": "LE", "lowLimit": 9.0}),
        ("LEGT", "1", None, {"compOp": "LE", "lowLimit": 1.0}),
        ("LEGT", None, "9", {"compOp": "GT", "lowLimit": 9.0}),
        ("LTGT", "1", None, {"compOp": "LT", "lowLimit": 1.0}),
        ("LTGE", None, "9", {"compOp": "GE", "lowLimit": 9.0}),
        ("GELE", "1", "Infinity", {"compOp": "GE", "lowLimit": 1.0}),
        ("LE", "9", None, {"compOp": "LE", "lowLimit": 9.0}),
        ("LE", None, "9", {"compOp": "LE", "lowLimit": 9.0}),
        ("LT", "9", "7", {"compOp": "LT", "lowLimit": 9.0}),
        ("LOG", "1", "9", {"compOp": "LOG"}),
        ("GELE", None, None, {"compOp": "LOG"}),
    ],
)
def test_limits_and_operators_keep_their_meaning(
    comp: str, low: str | None, high: str | None, row: dict[str, Any]
) -> None:
    """One-sided limits stay one-sided, exclusive operators exclusive, and none is made up."""
    [made] = step_of(limited(comp, low=low, high=high))["numericMeas"]

    assert made == {**row, "value": 5.0, "status": "P"}


@pytest.mark.parametrize(
    ("text", "value"),
    [("3.15e-005", 3.15e-05), ("0x1F", 31.0), ("0b101", 5.0), ("-.5", -0.5), ("NaN", "NaN"), ("IND", "NaN"), ("-INF", "-Infinity"), ("1.#INF", "Infinity")],
)  # fmt: skip
def test_numbers_are_read_as_testers_print_them(text: str, value: float | str) -> None:
    """Exponents of three digits, hexadecimal, and the words for what is no number."""
    assert step_of(limited("LOG", text))["numericMeas"][0]["value"] == value


@pytest.mark.parametrize("text", ["3,15", "1,234.5", "OVERLOAD", "1e400", "9" * 5_000, "5 V", "--1"])
def test_what_is_no_number_is_refused_with_its_line(text: str) -> None:
    """A number is never guessed."""
    with pytest.raises(Refused) as caught:
        step_of(limited("LOG", text))

    assert caught.value.field == "Numeric"
    assert "line" in str(caught.value)


def test_a_localised_report_has_decimal_commas() -> None:
    """Only where the report itself says that it was written so."""
    options = prop("ReportOptions", None, prop("UseLocalizedDecimalPoint", True))

    assert step_of(limited("GELE", "3,15", "3,1", "3,2"), before=options)["numericMeas"][0]["value"] == 3.15


def test_a_threshold_becomes_two_limits() -> None:
    """EQT is TestStand's: a nominal value, more or less a share of it."""
    limits = prop("Limits", None, prop("Nominal", "10"), prop("ThresholdType", "PERCENTAGE"))
    raw = prop("RawLimits", None, prop("Nominal", "-10"), prop("Low", "5"), prop("High", "10"))
    made = step_of(
        result("N", "NumericLimitTest", "Passed", prop("Numeric", "10"), prop("Comp", "EQT"), limits, raw)
    )

    assert made["numericMeas"][0] == {
        "compOp": "GELE",
        "value": 10.0,
        "lowLimit": -10.5,
        "highLimit": -9.0,
        "status": "P",
    }


def test_the_verdict_of_the_tester_stands() -> None:
    """A passed value outside its limits stays passed; recomputing makes false fails."""
    assert step_of(limited("GELE", "99", "0", "10"))["numericMeas"][0]["status"] == "P"


def test_a_multiple_test_has_a_row_per_measurement() -> None:
    """Each with its own name, unit, limits and status."""
    rows = [
        prop(name, None, prop("Data", value), prop("Comp", "GELE"), prop("Units", "V"), prop("Status", status),
             prop("Limits", None, prop("Low", "4.9"), prop("High", "5.1")), TypeName="NI_LimitMeasurement")
        for name, value, status in (("5V", "5.02", "Passed"), ("12V", "11.3", "Failed"))
    ]  # fmt: skip
    made = step_of(
        result("Rails", "NI_MultipleNumericLimitTest", "Failed", array("Measurement", *rows)), status="Failed"
    )

    assert made["stepType"] == "ET_MNLT"
    assert [(row["name"], row["value"], row["status"]) for row in made["numericMeas"]] == [
        ("5V", 5.02, "P"),
        ("12V", 11.3, "F"),
    ]
    assert made["causedUUTFailure"] is True


def test_string_tests_keep_value_limit_and_case() -> None:
    """TestStand's operators are the wire's under longer names."""
    single = result(
        "S",
        "StringValueTest",
        "Passed",
        prop("String", "2.4"),
        prop("Comp", "CaseSensitive"),
        prop("Limits", None, prop("String", "2.4")),
    )
    rows = [
        prop(
            "",
            None,
            prop("MeasName", "Model"),
            prop("StringData", "psu"),
            prop("StringLimit", "PSU"),
            prop("Comp", "IgnoreCase"),
            prop("Status", "Passed"),
        )
    ]
    made = only(ts_file(ts_report(single, result("M", "ET_MSVT", "Passed", array("Measurement", *rows)))))[
        "root"
    ]["steps"]

    assert made[0]["stringMeas"] == [{"compOp": "CASESENSIT", "status": "P", "value": "2.4", "limit": "2.4"}]
    assert made[1]["stringMeas"] == [
        {"compOp": "IGNORECASE", "status": "P", "name": "Model", "value": "psu", "limit": "PSU"}
    ]


def test_a_long_string_is_cut_and_told_in_full() -> None:
    """The wire takes 100 characters; the rest is not lost."""
    text = "x" * 250
    made = step_of(result("S", "StringValueTest", "Passed", prop("String", text), prop("Comp", "LOG")))

    assert made["stringMeas"][0]["value"] == "x" * 100
    assert text in made["reportText"]


def test_loops_have_a_summary_and_iterations() -> None:
    """The summary counts, an iteration has its index."""
    counts = [
        prop(name, value)
        for name, value in {"NumLoops": 2, "EndingLoopIndex": 2, "NumPassed": 1, "NumFailed": 1}.items()
    ]
    summary = result("L", "PassFailTest", "Passed", prop("PassFail", True), ts=counts)
    rows = [
        result("L", "PassFailTest", "Passed", prop("PassFail", True), ts=[prop("LoopIndex", i)])
        for i in range(2)
    ]
    made = only(ts_file(ts_report(summary, *rows)))["root"]["steps"]

    assert [step["loop"] for step in made] == [
        {"num": 2, "endingIndex": 2, "passed": 1, "failed": 1},
        {"idx": 0},
        {"idx": 1},
    ]


def test_sequences_nest_and_their_limits_may_come_last() -> None:
    """A step's own properties count, wherever they stand among those of what it called."""
    below = result(
        "Inner",
        "NumericLimitTest",
        "Failed",
        prop("Numeric", 7),
        prop("Comp", "LT"),
        prop("Limits", None, prop("Low", 5)),
    )
    outer = (
        result("Outer", "SequenceCall", "Failed", ts=[called(below, name="Sub")]).removesuffix("</Prop>")
        + prop("ReportText", "late")
        + "</Prop>"
    )
    made = step_of(outer, status="Failed")

    assert made["seqCall"] == {"path": "C:\\seq\\fct.seq", "name": "Sub", "version": "1.2.0.0"}
    assert made["reportText"] == "late"
    assert made["steps"][0]["numericMeas"][0]["lowLimit"] == 5.0


def test_a_post_action_is_a_step_beside_the_one_it_follows() -> None:
    """A step can't be a measurement and a sequence call at once."""
    after = prop(
        "PostAction",
        None,
        array("ResultList", result("Retry", "Action", "Done"), kind="TEResult"),
        prop("Sequence", "Handler"),
        prop("Status", "Passed"),
    )
    made = only(
        ts_file(
            ts_report(
                result("N", "PassFailTest", "Failed", prop("PassFail", False), ts=[after]), status="Failed"
            )
        )
    )["root"]["steps"]

    assert [step["name"] for step in made] == ["N", "N (post action)"]
    assert made[0]["booleanMeas"] == [{"status": "F"}]
    assert [step["name"] for step in made[1]["steps"]] == ["Retry"]


def beside(name: str, *results: str) -> str:
    """A call that the engine made around a step."""
    return prop(name, None, array("ResultList", *results, kind="TEResult"), prop("Sequence", name))


def test_callbacks_around_a_step_are_steps_beside_it() -> None:
    """What an engine callback measured is not lost; one that recorded nothing is no step."""
    test = result(
        "N",
        "PassFailTest",
        "Failed",
        prop("PassFail", False),
        ts=[
            beside("SequenceFilePreStep", result("Relay", "Action", "Done")),
            beside("ProcessModelPostStep"),
            beside("StationPostStepFailure", limited("GELE", low="1", high="9")),
        ],
    )
    made = only(ts_file(ts_report(test, status="Failed")))["root"]["steps"]

    assert [(step["name"], step["status"]) for step in made] == [
        ("N (PreStep)", "D"),
        ("N", "F"),
        ("N (PostStepFailure)", "P"),
    ]
    assert made[0]["seqCall"] == {"name": "SequenceFilePreStep"}
    assert made[2]["steps"][0]["numericMeas"][0]["value"] == 5.0


def test_the_calls_around_a_dropped_step_stay() -> None:
    """Only the step itself is bookkeeping."""
    data = ts_file(
        ts_report(
            result("If", "NI_Flow_If", "Done", ts=[beside("PostAction", result("A", "Action", "Done"))])
        )
    )

    assert [step["name"] for step in only(data, bookkeeping="drop")["root"]["steps"]] == ["If (post action)"]


def test_a_step_that_was_still_running_is_done_and_told() -> None:
    """A thread nobody waited for, a loop that was stopped; unless the site says what its word means."""
    data = ts_file(ts_report(result("Thread", "SequenceCall", "Running"), result("L", "Action", "Looping")))
    made = only(data)["root"]["steps"]

    assert [(step["status"], step["reportText"]) for step in made] == [
        ("D", "Status: Running"),
        ("D", "Status: Looping"),
    ]
    assert only(data, statuses={"Running": "E", "Looping": "P"})["root"]["steps"][0]["status"] == "E"


def test_a_unit_that_is_still_running_has_no_report_yet() -> None:
    """Reports that are written on the fly say so until the end."""
    data = ts_file(ts_report().replace("UUTResult='Passed'", "UUTResult='Running'"))

    with pytest.raises(NotReady):
        only(data)


def test_interactive_and_remote_runs_are_told() -> None:
    """The number of an interactive execution has a place on the wire, the server a line in the text."""
    made = step_of(
        result("A", "SequenceCall", "Passed", ts=[prop("InteractiveExeNum", 7), prop("Server", "RACK-2")])
    )

    assert (made["interactiveExeNum"], made["reportText"]) == (7, "Server: RACK-2")


def test_the_error_of_the_report_is_the_units_unless_it_has_one() -> None:
    """TestStand writes it beside the unit when the run broke off."""
    text = "<ErrorText>Report generation stopped</ErrorText>"
    broken = ts_report(status="Error").removesuffix("</Report>") + text + "</Report>"
    own = prop("Error", None, prop("Code", -1), prop("Msg", "Supply off"), prop("Occurred", True))
    at = broken.index(prop("Status", "Error"))

    assert only(ts_file(broken))["uut"]["errorMessage"] == "Report generation stopped"
    assert only(ts_file(broken[:at] + own + broken[at:]))["uut"]["errorMessage"] == "Supply off"


@pytest.mark.parametrize(
    ("batch", "lot", "batch_sn"), [("B-7", "", "B-7"), ("", "L-9", "L-9"), ("B-7", "L-9", "B-7")]
)
def test_a_lot_is_the_batch_unless_there_is_one(batch: str, lot: str, batch_sn: str) -> None:
    """Both have a property of their own; whichever doesn't fit on the wire is told."""
    made = only(ts_file(ts_report(uut={"BatchSerialNumber": batch, "LotNumber": lot})))

    assert made["uut"]["batchSN"] == batch_sn
    told = {"description": "Lot number", "text": "L-9"} in made.get("miscInfos", [])
    assert told == (batch == "B-7" and lot == "L-9")


def test_units_may_stand_inside_the_report_of_their_batch() -> None:
    """They are units all the same, with their sockets."""
    units = [ts_report(uut={"SerialNumber": f"SN-{i}", "TestSocketIndex": i}) for i in range(2)]
    table = prop("BatchTable", None, prop("UUThref", None, SocketIndex="0", UUTResult="Passed"))
    made = convert(NAME, ts_file(f"<Report Type='Batch' UUTResult='Passed'>{table}{''.join(units)}</Report>"))

    assert [(unit["sn"], unit["uut"]["testSocketIndex"]) for unit in made.documents] == [
        ("SN-0", 0),
        ("SN-1", 1),
    ]


def test_an_empty_socket_is_left_out_where_the_site_says_so() -> None:
    """Otherwise the file is refused; and a file of nothing else has no unit."""
    full, empty = ts_report(), ts_report(uut={"SerialNumber": "", "TestSocketIndex": 1})

    with pytest.raises(Refused, match="serial number"):
        convert(NAME, ts_file(full, empty))
    made = convert(NAME, ts_file(full, empty), without_serial_number="leave-out")
    assert [unit["sn"] for unit in made.documents] == ["SN-1"]
    assert any("left out" in warning for warning in made.warnings)
    with pytest.raises(Refused, match="no report of a unit"):
        convert(NAME, ts_file(empty), without_serial_number="leave-out")


def test_a_prototype_of_an_array_is_no_result() -> None:
    """It has the shape of one."""
    prototype = (
        f"<ArrayElementPrototype Type='TEResult'>{result('Ghost', 'Action', 'Done')}</ArrayElementPrototype>"
    )
    data = ts_file(
        ts_report(result("A", "Action", "Done")).replace(
            "<ArrayElementPrototype Type='TEResult' Flags='0x0'></ArrayElementPrototype>", prototype
        )
    )

    assert [step["name"] for step in only(data)["root"]["steps"]] == ["A"]


def test_a_step_that_steers_never_measures() -> None:
    """Even if its type was given a number to hold."""
    made = step_of(result("If", "NI_Flow_If", "Done", prop("Numeric", 5), prop("PassFail", True)))

    assert not {"numericMeas", "booleanMeas"} & made.keys()


def test_a_type_of_the_sites_own_is_what_it_holds() -> None:
    """Types are derived and renamed everywhere; the data tells what they are."""
    test, other = (
        result("N", "Acme_LimitWithOffset", "Passed", prop("Numeric", 5), prop("Comp", "LOG")),
        result("O", "Acme_Thing", "Done"),
    )
    made = only(ts_file(ts_report(test, other)))["root"]["steps"]

    assert (made[0]["stepType"], made[0]["numericMeas"][0]["value"]) == ("Acme_LimitWithOffset", 5.0)
    assert made[1].keys() == {"id", "group", "stepType", "name", "status", "totTime"}


@pytest.mark.parametrize("status", ["Skipped", "Terminated"])
def test_a_step_that_did_not_run_measured_nothing(status: str) -> None:
    """What it holds are the values of its type."""
    made = step_of(
        result("N", "NumericLimitTest", status, prop("Numeric", 0), prop("Comp", "GELE")), status="Terminated"
    )

    assert "numericMeas" not in made


def test_errors_are_told_where_they_happened() -> None:
    """Code and message of the step, and of the unit from its main sequence."""
    error = prop("Error", None, prop("Code", -17500), prop("Msg", "E" * 300), prop("Occurred", True))
    made = step_of(result("A", "Action", "Error", error), status="Error")

    assert (made["errorCode"], made["errorMessage"]) == (-17500, "E" * 200)
    assert "E" * 300 in made["reportText"]
    assert made["causedUUTFailure"] is True


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (prop("Error", None, prop("Code", -17500), prop("Msg", ""), prop("Occurred", False)), (-17500, None)),
        (prop("Error", None, prop("Code", 0), prop("Msg", "Supply off"), prop("Occurred", False)), (0, "Supply off")),
        (prop("Error", None, prop("Code", 0), prop("Msg", ""), prop("Occurred", True)), (0, None)),
        (prop("Error", None, prop("Code", 0), prop("Msg", ""), prop("Occurred", False)), (None, None)),
    ],
)  # fmt: skip
def test_an_error_is_a_code_a_text_or_the_word_of_the_engine(error: str, told: tuple[Any, Any]) -> None:
    """Any of the three, of a step as of the unit; a code of zero alone is none."""
    step = step_of(result("A", "Action", "Done", error))
    report = ts_report()
    at = report.index(prop("Status", "Passed"))
    unit = only(ts_file(report[:at] + error + report[at:]))["uut"]

    assert (step.get("errorCode"), step.get("errorMessage")) == told
    assert (unit.get("errorCode"), unit.get("errorMessage")) == told


def test_a_result_without_a_name_goes_by_its_type_or_not_at_all() -> None:
    """A result with neither is left out, and the reader is told."""
    name = prop("StepName", "A")
    typed = result("A", "Action", "Done").replace(name, "")
    bare = typed.replace(prop("StepType", "Action"), "")
    made = convert(NAME, ts_file(ts_report(typed, bare, result("B", "Action", "Done"))))

    assert [step["name"] for step in made.documents[0]["root"]["steps"]] == ["Action", "B"]
    assert any("without a step name" in warning for warning in made.warnings)


@pytest.mark.parametrize(("seconds", "told"), [("0", 0.0), ("-1", None), ("INF", None), ("NaN", None)])
def test_a_time_that_passed_is_a_number_of_seconds(seconds: str, told: float | None) -> None:
    """Neither negative nor endless, of the unit as of a step."""
    made = only(
        ts_file(ts_report(result("A", "Action", "Done")).replace("<Value>0.5<", f"<Value>{seconds}<"))
    )

    assert made["root"]["steps"][0].get("totTime") == told
    assert made["uut"].get("execTime") == told


@pytest.mark.parametrize("word", ["Done", "Skipped"])
def test_a_unit_that_had_nothing_to_test_failed_nobody(word: str) -> None:
    """The wire knows no such result of a unit."""
    assert only(ts_file(ts_report(status=word)))["result"] == "P"


def test_what_stands_twice_must_agree() -> None:
    """The serial number in the report and in a line of the dump; two lines; two main sequences."""
    good = ts_report()
    start, end = good.index("<Prop"), good.index("<Prop Type='TEResult'")
    main = good[end:].removesuffix("</Report>")
    line = "<ReportInfo key='SN' value='{}'/>"

    assert only(ts_file(good[:start] + line.format("SN-1") + good[start:]))["sn"] == "SN-1"
    for twice, reason in (
        (good[:start] + line.format("SN-2") + good[start:], "'SN-1' and 'SN-2'"),
        (good[:start] + line.format("SN-1") + line.format("SN-3") + good[start:], "two values"),
        (good[:end] + main + good[end:], "two main sequences"),
    ):
        with pytest.raises(Refused, match=reason):
            only(ts_file(twice))


def test_the_step_on_the_failure_stack_is_the_cause() -> None:
    """TestStand says which result made the unit fail; it need not be the first."""
    entry = prop("", None, prop("StepName", "B"), prop("ResultId", 12))
    tests = [
        result(name, "PassFailTest", "Failed", prop("PassFail", False), ts=[prop("Id", i)])
        for name, i in (("A", 11), ("B", 12))
    ]
    made = only(ts_file(ts_report(*tests, status="Failed", more_uut=array("CriticalFailureStack", entry))))[
        "root"
    ]["steps"]

    assert [step.get("causedUUTFailure") for step in made] == [None, True]


def test_charts_dialogs_programs_and_texts_are_kept() -> None:
    """What else a result may hold."""
    data = "".join(
        f"<Value ID='[{row}][{i}]'>{v}</Value>"
        for row, line in enumerate(((0, 1), (2.5, 3)))
        for i, v in enumerate(line)
    )
    plot = prop(
        "",
        None,
        prop("PlotName", "CH1"),
        f"<Prop Name='PlotData' Type='Array' LBound='[0][0]' HBound='[1][1]' ElementType='Number'>{data}</Prop>",
    )
    chart = prop(
        "Chart",
        None,
        prop("ChartLabel", "Ripple"),
        prop("Xlabel", "Time"),
        prop("Xunit", "us"),
        prop("Ylabel", "U"),
        prop("ChartType", "Line"),
        array("Plots", plot),
    )
    results = [
        result("C", "WATS_XYGMNLT", "Passed", chart),
        result("D", "MessagePopup", "Done", prop("ButtonHit", 1), prop("Response", "ok")),
        result("E", "CallExecutable", "Passed", prop("ExitCode", 0)),
        result("F", "WATS_AttachFile", "Done", prop("AttachedFileData", None, prop("FileName", "a.png"))),
        result("G", "Action", "Done", prop("XMLString", "<a/>")),
    ]
    made = only(ts_file(ts_report(*results)))["root"]["steps"]

    assert made[0]["chart"]["series"] == [
        {"dataType": "XYG", "name": "CH1", "xdata": "0.0;1.0", "ydata": "2.5;3.0"}
    ]
    assert made[1]["messagePopup"] == {"button": 1, "response": "ok"}
    assert made[2]["callExe"] == {"exitCode": 0.0}
    assert made[3]["reportText"] == "Attached file: a.png"
    assert made[4]["attachment"]["name"] == "stepdata.xml"


def test_additional_results_and_data_are_carried_along() -> None:
    """Trees nobody looks into survive the trip."""
    more = array("AdditionalResults", prop("Parameters", None, prop("Gain", 2.5), Flags="0x200000"))
    info = prop("MiscUUTResult", None,
                array("Misc_UUT_Info", prop("", None, prop("Description", "Work order"), prop("Data_String", "WO-1"))),
                array("UUT_Part_Info", prop("", None, prop("Part_Type", "PCBA"), prop("Part_Number", "P"), prop("Part_Serial_Number", "S"))),
                array("Asset_Info", prop("", None, prop("AssetSerialNumber", "A-1"), prop("UsageCount", 3))))  # fmt: skip
    free = prop("AdditionalData", None, prop("Humidity", 41))
    document = only(ts_file(ts_report(result("A", "Action", "Done", more), more_uut=info + free)))

    [tree] = document["root"]["steps"][0]["additionalResults"][0]["props"]
    assert (tree["name"], tree["props"][0]["value"]) == ("Parameters", "2.5")
    assert {"description": "Work order", "text": "WO-1"} in document["miscInfos"]
    assert document["subUnits"] == [{"partType": "PCBA", "pn": "P", "sn": "S"}]
    assert document["assets"] == [{"assetSN": "A-1", "usageCount": 3}]
    assert document["additionalData"][0]["props"][0]["value"] == "41"


@pytest.mark.parametrize(
    ("clock", "day", "options", "start"),
    [
        ({"Hours": None, "Text": "4:52:21 PM"}, {}, {}, "2022-07-01T16:52:21.036"),
        ({"Hours": None, "Text": "12:05:00 a.m."}, {}, {}, "2022-07-01T00:05:00.036"),
        ({"Hours": None, "Text": "15:47:48 PM"}, {}, {}, "2022-07-01T15:47:48.036"),
        (
            {"Text": "nonsense"},
            {"Text": "fredag 1. juli 2022", "ShortText": "7/13/1999"},
            {},
            "2022-07-01T16:52:21.036",
        ),
        ({}, {"Year": None, "ShortText": "13.06.2022", "WeekDay": 2}, {}, "2022-06-13T16:52:21.036"),
        ({}, {"Year": None, "ShortText": "2022-07-01"}, {}, "2022-07-01T16:52:21.036"),
        ({}, {"Year": None, "ShortText": "01.07.2022"}, {"date_order": "dmy"}, "2022-07-01T16:52:21.036"),
        ({}, {"Year": None, "ShortText": "07/01/22"}, {"date_order": "mdy"}, "2022-07-01T16:52:21.036"),
        ({}, {"Month": None, "ShortText": "1.7.2022"}, {"date_order": "dmy"}, "2022-07-01T16:52:21.036"),
        ({"Seconds": None, "Text": "下午 04:52:21"}, {}, {}, "2022-07-01T16:52:21.036"),
        ({"Seconds": None, "Text": "4:52:21 μ.μ."}, {}, {}, "2022-07-01T16:52:21.036"),
        ({"Seconds": None, "Text": "16.52.21"}, {}, {}, "2022-07-01T16:52:21.036"),
    ],
)
def test_texts_of_a_clock_count_only_where_numbers_are_missing(
    clock: dict[str, Any], day: dict[str, Any], options: dict[str, Any], start: str
) -> None:
    """Localised texts are read as far as they can be read in one way only."""
    document = only(ts_file(ts_report(clock=clock, day=day)), **options)

    assert document["start"].startswith(start)


def test_a_wrong_day_of_the_week_beside_a_clear_date_is_told() -> None:
    """Year, month and day have names of their own; nothing was mixed up."""
    made = convert(NAME, ts_file(ts_report(day={"WeekDay": 2})))

    assert made.documents[0]["start"].startswith("2022-07-01T")
    assert any("day 2 of the week" in warning for warning in made.warnings)


@pytest.mark.parametrize(
    ("clock", "day"),
    [
        ({}, {"Year": 9999}),
        ({}, {"Year": 9999, "WeekDay": None}),
        ({}, {"Year": -1}),
        ({}, {"Month": 13}),
        ({}, {"Month": 2, "MonthDay": 30}),
        ({}, {"Year": None, "ShortText": "2022-06-30"}),  # another day of the week than the report says
        ({}, {"WeekDay": "0x1F"}),
        ({}, {"WeekDay": "OVERLOAD"}),
        ({"Hours": 25}, {}),
        ({"Milliseconds": 1000}, {}),
        ({"Hours": None, "Text": "25 o'clock"}, {}),
        ({"Hours": None, "Text": "9:00:00 XM"}, {}),
        ({"Hours": None}, {}),
        ({}, {"Year": None, "ShortText": "01.07.2022"}),  # the 1st of July or the 7th of January
        ({}, {"Year": None, "WeekDay": None}),
    ],
)
def test_a_start_that_can_not_be_certain_is_refused(clock: dict[str, Any], day: dict[str, Any]) -> None:
    """Neither now nor the time of the file stands in for it."""
    with pytest.raises(Refused) as caught:
        only(ts_file(ts_report(clock=clock, day=day)))

    assert caught.value.field == "start"


@pytest.mark.parametrize(
    ("uut", "field"),
    [
        ({"SerialNumber": None}, "serial number"),
        ({"SerialNumber": "  "}, "serial number"),
        ({"SerialNumber": "S" * 101}, "serial number"),
        ({"SerialNumber": "AB\u202e321"}, "serial number"),
        ({"UUTPartNumber": ""}, "part number"),
        ({"UUTOperationType": None}, "process code"),
        ({"UUTOperationType": -1}, "process code"),
    ],
)
def test_an_identity_is_never_made_up(uut: dict[str, Any], field: str) -> None:
    """The missing field is named."""
    with pytest.raises(Refused) as caught:
        only(ts_file(ts_report(uut=uut)))

    assert caught.value.field == field


def test_two_serial_numbers_are_none() -> None:
    """Whether as two properties or as two values of one."""
    good = ts_file(ts_report())
    for twice in (
        good.replace(b"<Value>SN-1</Value>", b"<Value>SN-1</Value><Value>SN-2</Value>"),
        good.replace(
            b'<Prop Name="UUTPartNumber"',
            prop("SerialNumber", "SN-2").encode() + b'<Prop Name="UUTPartNumber"',
        ),
    ):
        with pytest.raises(Refused, match="SerialNumber"):
            only(twice)


def test_a_process_may_be_known_by_its_name() -> None:
    """The source's list says which code it has; without it the report is refused."""
    data = ts_file(ts_report(uut={"UUTOperationType": "Functional test"}))

    assert only(data, process_codes={"Functional test": 60})["processCode"] == 60
    with pytest.raises(Refused):
        only(data)


@pytest.mark.parametrize(("socket", "index"), [(-1, None), (0, 0), (3, 3)])
def test_a_socket_is_one_of_a_fixture(socket: int, index: int | None) -> None:
    """The sequential model has none, and writes -1."""
    assert only(ts_file(ts_report(uut={"TestSocketIndex": socket})))["uut"].get("testSocketIndex") == index


def test_a_status_nobody_knows_is_refused_until_it_is_explained() -> None:
    """A site's own word gets a meaning from the site, not from us."""
    data = ts_file(ts_report(result("A", "Action", "Warning")))

    with pytest.raises(Refused) as caught:
        only(data)
    assert "statuses" in (caught.value.fix or "")
    assert only(data, statuses={"Warning": "P"})["root"]["steps"][0]["status"] == "P"


def test_the_unit_may_have_passed_although_its_sequence_failed() -> None:
    """The report's own word counts, and the reader is told."""
    data = ts_file(ts_report(status="Failed").replace("UUTResult='Failed'", "UUTResult='Passed'"))
    made = convert(NAME, data)

    assert (made.reports[0]["result"], made.reports[0]["root"]["status"]) == ("P", "P")
    assert any("main sequence" in warning for warning in made.warnings)


def test_a_report_is_not_ready_before_its_end_tag() -> None:
    """Wherever it is cut; and a file that ends in zeros will never be."""
    data = ts_file(ts_report(result("A", "Action", "Done")))

    for end in range(len(data) // 4, len(data) - 1, 97):
        with pytest.raises(NotReady):
            only(data[:end])
    with pytest.raises(Refused):
        only(data[:-50] + bytes(50))
    with pytest.raises(Refused):
        only(data.replace(b"<Value>", b"<Value", 1))


@pytest.mark.parametrize(
    "doctype",
    ["<!DOCTYPE z [<!ENTITY a 'x'>]>", "<!DOCTYPE z SYSTEM 'http://127.0.0.1:9/x.dtd'>", "<!-- " + "x" * 70_000 + " --><!DOCTYPE z [<!ENTITY a 'x'>]>"],
    ids=["inside", "outside", "far behind"],
)  # fmt: skip
def test_a_doctype_is_refused(doctype: str) -> None:
    """No TestStand report has one, and nothing good comes of it."""
    with pytest.raises(Refused, match="DOCTYPE"):
        only(ts_file(ts_report(), prolog=f"<?xml version='1.0'?>{doctype}"))


def test_every_encoding_a_report_declares_is_read() -> None:
    """UTF-8 with and without its mark, ISO 8859-1, UTF-16; and the stylesheet old versions misspell."""
    text = ts_file(ts_report(uut={"SerialNumber": "SN-Ø"}), prolog="").decode()
    files = [
        b"\xef\xbb\xbf" + text.encode(),
        f"<?xml version='1.0' encoding='iso-8859-1'?>{text}".encode("latin-1"),
        f"<?xml version='1.0' encoding='utf-16'?>{text}".encode("utf-16"),
        f"<?xml version='1.0'?><?xml:stylesheet type='text/xsl' href='C:\\report.xsl'?>{text}".encode(),
    ]

    assert [only(data)["sn"] for data in files] == ["SN-Ø"] * 4
    assert [probe(NAME, data) for data in files] == [0.95] * 4


def test_memory_is_bounded_by_one_report() -> None:
    """A file of many reports is read as it comes; their element trees would be many times its size."""
    one = ts_report(*(result(f"s{i}", "Action", "Done") for i in range(20)))
    data = ts_file(*(one.replace("SN-1", f"SN-{i}") for i in range(300)))
    chosen, process = bundled()[NAME], psutil.Process()
    reports = iter(chosen.convert(Source.of_bytes(data, "log"), chosen.options()))
    next(reports)

    before = process.memory_info().rss
    count = sum(1 for _ in reports)
    grown = process.memory_info().rss - before

    assert count == 299
    assert grown < 2 * len(data)
