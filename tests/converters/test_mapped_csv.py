"""Tables by a mapping: three layouts, numbers and dates as they are written, nothing guessed."""

from typing import Any

import pytest
from logs import convert, probe
from pydantic import ValidationError

from wats_worker.converters.base import NotReady, Refused
from wats_worker.converters.registry import bundled

NAME = "mapped-csv"
KNOWN = {"part_number": "PN-1", "process_code": 10}
STEPS: dict[str, Any] = {
    "layout": "unit-per-group",
    "fields": {"serial_number": "Serial", "start": "Start"},
    "step": {
        "name": "Step",
        "value": "Value",
        "unit": "Unit",
        "low": "Low",
        "high": "High",
        "status": "Result",
    },
}
ROWS: dict[str, Any] = {
    "layout": "unit-per-row",
    "fields": {"serial_number": "Serial", "start": "Start", "result": "Result"},
    "measures": [{"column": "Rail", "unit": "V", "low": "4.9", "high": "5.1"}, {"column": "Load"}],
}
HEADING = "Serial,Start,Step,Value,Unit,Low,High,Result"
AT = "2026-03-17 08:14:05"


def made(text: str, mapping: dict[str, Any], **more: Any) -> list[dict[str, Any]]:
    return convert(NAME, text.encode(), **KNOWN, **{**mapping, **more}).documents


def steps_of(*rows: str, **more: Any) -> list[dict[str, Any]]:
    """The steps of one unit."""
    lines = [HEADING, *(f"SN-1,{AT},{row}" for row in rows)]
    [report] = made("\n".join(lines) + "\n", STEPS, **more)
    return list(report["root"]["steps"])


def test_rows_with_one_serial_number_and_start_are_a_unit() -> None:
    """Each row a step, each change a new unit, and the worst step tells the result."""
    reports = made(
        f"{HEADING}\n"
        f"SN-1,{AT},Rail,5.01,V,4.9,5.1,PASS\nSN-1,{AT},LED,,,,,PASS\nSN-1,{AT},Firmware,v2.1,,v2.1,,OK\n"
        f"SN-2,{AT},Rail,5.21,V,4.9,5.1,FAIL\n",
        STEPS,
    )
    rail, led, firmware = reports[0]["root"]["steps"]

    assert [(report["sn"], report["result"]) for report in reports] == [("SN-1", "P"), ("SN-2", "F")]
    assert rail["numericMeas"] == [
        {"compOp": "GELE", "status": "P", "value": 5.01, "unit": "V", "lowLimit": 4.9, "highLimit": 5.1}
    ]
    assert led["booleanMeas"] == [{"status": "P"}]
    assert firmware["stringMeas"] == [{"compOp": "EQ", "status": "P", "value": "v2.1", "limit": "v2.1"}]


def test_a_row_may_be_a_unit_with_a_column_for_each_step() -> None:
    """A cell without a text was not executed; the file's result counts, not that of the limits."""
    reports = made(f"Serial,Start,Result,Rail,Load\nSN-1,{AT},PASS,5.21,0.5\nSN-2,{AT},FAIL,5.0,\n", ROWS)

    assert [report["result"] for report in reports] == ["P", "F"]
    assert [step["name"] for step in reports[1]["root"]["steps"]] == ["Rail"]
    assert reports[0]["root"]["steps"][0]["status"] == "F"
    assert reports[0]["root"]["steps"][1]["numericMeas"] == [{"compOp": "LOG", "status": "P", "value": 0.5}]


def test_units_and_limits_may_stand_in_rows_of_their_own() -> None:
    """Below the headings, marked by their first cell."""
    mapping = {
        **ROWS,
        "measures": [{"column": "Rail"}, {"column": "Load"}],
        "unit_row": "Unit",
        "low_row": "Lower",
        "high_row": "Upper",
    }
    text = (
        f"Serial,Start,Result,Rail,Load\nUnit,,,V,A\nLower,,,4.9,\nUpper,,,5.1,0.6\nSN-1,{AT},PASS,5.0,0.5\n"
    )
    rail, load = made(text, mapping)[0]["root"]["steps"]

    assert (
        rail["numericMeas"][0] | {"compOp": "GELE", "unit": "V", "lowLimit": 4.9, "highLimit": 5.1}
        == rail["numericMeas"][0]
    )
    assert load["numericMeas"][0] | {"compOp": "LE", "unit": "A", "lowLimit": 0.6} == load["numericMeas"][0]


def test_headings_may_say_what_is_measured() -> None:
    """By a pattern over all columns that mean nothing else."""
    mapping = {
        key: value for key, value in ROWS.items() if key != "measures"
    } | {"measure_headings": r"^(?P<name>[^(]+)\((?P<unit>[^)]*)\) *(?P<low>\S+)\.\.(?P<high>\S+)$"}  # fmt: skip
    [report] = made(f"Serial,Start,Result,Rail (V) 4.9..5.1,Remark\nSN-1,{AT},PASS,5.0,fine\n", mapping)

    [step] = report["root"]["steps"]
    assert step["name"] == "Rail"
    assert (step["numericMeas"][0]["unit"], step["numericMeas"][0]["highLimit"]) == ("V", 5.1)


def test_the_file_may_be_a_unit_with_keys_above_and_below_its_steps() -> None:
    """Keys with a colon or a cell of their own; what is not the table is not a step."""
    mapping = {
        **STEPS,
        "layout": "unit-per-file",
        "fields": {
            "serial_number": {"key": "Serial Number"},
            "start": {"key": "Date"},
            "result": {"key": "Overall"},
            "operator": {"key": "Operator"},
        },
        "infos": {"Humidity": {"key": "Humidity"}},
        "table_ends": "^Summary",
    }
    text = (
        f"Acme Tester 9\nSerial Number:,SN-1\nDate: {AT}\nOperator=op17\n\nStep,Value,Unit,Low,High,Result\n"
        "Rail,5.0,V,4.9,5.1,PASS\nSummary\nsteps,1\nHumidity,41 %\nOverall,PASSED\n"
    )
    [report] = made(text, mapping)

    assert (report["sn"], report["result"], report["uut"]["user"]) == ("SN-1", "P", "op17")
    assert [step["name"] for step in report["root"]["steps"]] == ["Rail"]
    assert {"description": "Humidity", "text": "41 %"} in report["miscInfos"]


def test_a_file_may_have_several_units_each_with_its_own_table() -> None:
    """A line begins each of them."""
    mapping = {
        **STEPS,
        "layout": "unit-per-file",
        "begins": "^=== ",
        "fields": {"serial_number": {"key": "SN"}, "start": {"key": "Date"}},
    }
    one = f"=== unit\nSN,{{}}\nDate,{AT}\nStep,Value,Unit,Low,High,Result\nRail,5.0,V,4.9,5.1,PASS\n"
    reports = made(one.format("SN-1") + one.format("SN-2"), mapping)

    assert [(report["sn"], len(report["root"]["steps"])) for report in reports] == [("SN-1", 1), ("SN-2", 1)]


def test_groups_may_be_mixed_if_the_mapping_says_so() -> None:
    """A fixture with two sockets writes their rows as they come."""
    rows = [f"SN-{1 + i % 2},{AT},Step {i},1,,,,PASS" for i in range(4)]
    text = "\n".join([HEADING, *rows]) + "\n"

    assert [len(report["root"]["steps"]) for report in made(text, STEPS, interleaved=True)] == [2, 2]
    with pytest.raises(Refused, match="twice"):
        made(text, STEPS)


def test_a_group_may_be_made_by_other_columns() -> None:
    """Where each row has the time of its step, the first is the start."""
    mapping = {
        **STEPS,
        "group_by": ["Run"],
        "fields": {"serial_number": "Serial", "start": {"column": "Start", "take": "first"}},
    }
    text = f"Run,{HEADING}\n1,SN-1,{AT},A,1,,,,PASS\n1,SN-1,2026-03-17 08:15:00,B,1,,,,PASS\n2,SN-1,2026-03-17 08:16:00,A,1,,,,PASS\n"
    reports = made(text, mapping)

    assert [report["start"][11:19] for report in reports] == ["08:14:05", "08:16:00"]
    assert [len(report["root"]["steps"]) for report in reports] == [2, 1]


@pytest.mark.parametrize(
    ("decimal", "thousands", "text", "value"),
    [
        (".", "", "3.3012", 3.3012),
        (",", "", "3,3012", 3.3012),
        (",", ".", "1.234,5", 1234.5),
        (".", ",", "1,234.5", 1234.5),
        (".", "'", "12'345'678", 12_345_678.0),
        (".", "", "3.15e-005", 3.15e-5),
        (".", "", "NaN", "NaN"),
    ],
)
def test_numbers_are_read_as_the_mapping_says(
    decimal: str, thousands: str, text: str, value: float | str
) -> None:
    """Comma or point, with or without a sign between thousands."""
    mapping = {**STEPS, "delimiter": ";"}
    data = f"{HEADING}\nSN-1,{AT},Rail,@,V,,,PASS\n".replace(",", ";").replace("@", text)
    [report] = made(data, mapping, decimal=decimal, thousands=thousands)

    assert report["root"]["steps"][0]["numericMeas"][0]["value"] == value


@pytest.mark.parametrize(
    "text", ["3,3012", "1,234.5", "0x1F", "OVERLOAD", "1e400", "9" * 5000, "1.2.3", "--"]
)
def test_a_number_in_another_way_is_refused(text: str) -> None:
    """It might be a thousand times another one."""
    data = f"{HEADING}\nSN-1,{AT},Rail,@,V,4.9,5.1,PASS\n".replace(",", ";").replace("@", text)

    with pytest.raises(Refused) as caught:
        made(data, STEPS, delimiter=";")
    assert caught.value.field == "value"


def test_a_word_for_no_value_keeps_the_step_and_its_status() -> None:
    """If the mapping knows the word; and a word for no limit is no limit."""
    [over, one_sided] = steps_of(
        "Rail,OVERLOAD,V,4.9,5.1,FAIL",
        "Load,0.5,A,-999,0.6,PASS",
        no_value=["OVERLOAD"],
        no_limit=["-9.99e2"],
    )

    assert (over["status"], over["booleanMeas"]) == ("F", [{"status": "F"}])
    assert over["reportText"].splitlines() == ["Low limit: 4.9", "High limit: 5.1"]
    assert one_sided["numericMeas"][0]["compOp"] == "LE"


def test_prefixes_are_taken_off_once_and_what_was_written_stays() -> None:
    """If the mapping says which letters they are."""
    [step] = steps_of("R7,4.7k,Ohm,4.5k,5k,PASS", prefixes="si")
    [spice] = steps_of("C1,100M,F,,,PASS", prefixes="spice")

    row = step["numericMeas"][0]
    assert (row["value"], row["lowLimit"], row["highLimit"], row["unit"]) == (4700.0, 4500.0, 5000.0, "Ohm")
    assert step["reportText"] == "Written: 4.7k 4.5k 5k"
    assert spice["numericMeas"][0]["value"] == 0.1
    with pytest.raises(Refused):
        steps_of("R7,4.7k,Ohm,4.5k,5k,PASS")


@pytest.mark.parametrize(
    ("date_format", "text", "start"),
    [
        ("iso", "2026-03-17T08:14:05.250+01:00", "2026-03-17T08:14:05.25+01:00"),
        ("%d.%m.%Y %H:%M:%S", "04.03.2026 08:14:05", "2026-03-04T08:14:05+01:00"),
        ("%m/%d/%Y %I:%M:%S %p", "4/3/2026 8:14:05 PM", "2026-04-03T20:14:05+02:00"),
        ("%d %b %y %H:%M", "04 Mar 26 08:14", "2026-03-04T08:14:00+01:00"),
        ("unix", "1773731645", "2026-03-17T07:14:05+00:00"),
        ("unix-ms", "1773731645250", "2026-03-17T07:14:05.25+00:00"),
    ],
)
def test_dates_are_read_as_the_mapping_says(date_format: str, text: str, start: str) -> None:
    """Day and month are never guessed."""
    [report] = made(f"{HEADING}\nSN-1,{text},Rail,1,,,,PASS\n", STEPS, date_format=date_format)

    assert report["start"] == start


@pytest.mark.parametrize(
    ("date_format", "text"),
    [("iso", "17.03.2026 08:14"), ("iso", ""), ("%d.%m.%Y %H:%M", "31.02.2026 08:14"), ("unix", "-5"), ("iso", "9999-12-31T00:00:00")],
)  # fmt: skip
def test_a_start_that_is_none_is_refused(date_format: str, text: str) -> None:
    """Whatever the mapping says."""
    with pytest.raises(Refused) as caught:
        made(f"{HEADING}\nSN-1,{text},Rail,1,,,,PASS\n", STEPS, date_format=date_format)

    assert caught.value.field == "start"


def test_date_and_time_may_be_two_columns() -> None:
    """They are joined by a blank."""
    mapping = {
        **STEPS,
        "fields": {"serial_number": "Serial", "start": ["Day", "Time"]},
        "date_format": "%d/%m/%Y %H:%M:%S",
    }
    [report] = made(f"Serial,Day,Time,{HEADING[13:]}\nSN-1,17/03/2026,08:14:05,Rail,1,,,,PASS\n", mapping)

    assert report["start"] == "2026-03-17T08:14:05+01:00"


def test_a_word_nobody_knows_is_refused_until_it_is_explained() -> None:
    """0 and 1 above all: they mean pass to one tester and fail to the next."""
    with pytest.raises(Refused) as caught:
        steps_of("Rail,1,,,,0")
    assert "statuses" in (caught.value.fix or "")
    assert steps_of("Rail,1,,,,0", statuses={"0": "P"})[0]["status"] == "P"
    with pytest.raises(Refused, match="''"):
        steps_of("Rail,1,,,,")
    assert steps_of("Rail,1,,,,", statuses={"": "S"})[0]["status"] == "S"


def test_only_without_a_status_the_limits_decide() -> None:
    """As there is no verdict in the file."""
    step = {key: value for key, value in STEPS["step"].items() if key != "status"}
    inside, outside, logged = steps_of("A,5.0,V,4.9,5.1,", "B,6.0,V,4.9,5.1,", "C,1,,,,", step=step)

    assert (inside["status"], outside["status"], logged["status"]) == ("P", "F", "P")
    assert steps_of("A,5.1,V,4.9,5.1,", step=step, comparison="GTLT")[0]["status"] == "F"


def test_kinds_comparisons_sequences_and_several_measurements() -> None:
    """Where the table has columns for them."""
    heading = "Serial,Start,Group,Step,Part,Kind,Value,Low,High,Comp,Result"
    cells = {name: name for name in ("Value", "Low", "High", "Result")}
    mapping = {
        **STEPS,
        "step": {
            "sequence": "Group", "name": "Step", "measurement": "Part", "kind": "Kind", "comparison": "Comp",
            "value": cells["Value"], "low": cells["Low"], "high": cells["High"], "status": cells["Result"],
        },
        "kinds": {"ANALOG": "number"},
    }  # fmt: skip
    rows = [
        "Power,Rails,5V,ANALOG,5.0,4.9,5.1,GELE,PASS",
        "Power,Rails,12V,ANALOG,11.0,11.6,12.4,GELE,FAIL",
        "Power,Idle,,ANALOG,0.2,,0.3,<,PASS",
        "Label,Text,,string,0815,0815,,=,PASS",
        ",Discharge,,action,,,,,DONE",
    ]
    [report] = made("\n".join([heading, *(f"SN-1,{AT},{row}" for row in rows)]) + "\n", mapping)
    power, label, discharge = report["root"]["steps"]

    assert [(row["name"], row["status"]) for row in power["steps"][0]["numericMeas"]] == [
        ("5V", "P"),
        ("12V", "F"),
    ]
    assert (power["status"], power["steps"][0]["status"], report["result"]) == ("F", "F", "F")
    assert power["steps"][1]["numericMeas"][0] == {
        "compOp": "LT",
        "status": "P",
        "value": 0.2,
        "lowLimit": 0.3,
    }
    assert label["steps"][0]["stringMeas"][0]["value"] == "0815"
    assert (discharge["stepType"], discharge["status"]) == ("Action", "D")
    with pytest.raises(Refused, match="kind"):
        made("\n".join([heading, f"SN-1,{AT},Power,A,,magic,1,,,,PASS"]) + "\n", mapping)


def test_a_cell_may_hold_more_than_its_fact() -> None:
    """A pattern takes it out; named groups are facts of those names."""
    mapping = {
        **STEPS,
        "fields": {"serial_number": {"column": "Serial", "pattern": r"^S/N (\S+)"}, "start": "Start"},
        "step": {
            "name": "Step",
            "value": {
                "column": "Reading",
                "pattern": r"^(?P<value>\S+) (?P<unit>\S+) \((?P<low>\S+)\.\.(?P<high>\S+)\)",
            },
            "status": "Result",
        },
    }
    [report] = made(f"Serial,Start,Step,Reading,Result\nS/N 4711,{AT},Rail,5.0 V (4.9..5.1),PASS\n", mapping)

    assert report["sn"] == "4711"
    assert report["root"]["steps"][0]["numericMeas"][0]["highLimit"] == 5.1


def test_a_serial_number_may_stand_in_the_files_name() -> None:
    """If the mapping says so; a name without one is refused."""
    mapping = {**STEPS, "fields": {"serial_number": {"file_name": r"^(l\w+)$"}, "start": "Start"}}
    text = f"Start,{HEADING[13:]}\n{AT},Rail,1,,,,PASS\n"

    assert made(text, mapping)[0]["sn"] == "log"
    with pytest.raises(Refused) as caught:
        made(text, {**mapping, "fields": {"serial_number": {"file_name": "^SN-(.+)"}, "start": "Start"}})
    assert caught.value.field == "serial number"


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (f"Serial,Start,Step,Value,Unit,Low,High\nSN-1,{AT},Rail,1,,,\n", "'Result'"),
        (f"{HEADING}\n,{AT},Rail,1,,,,PASS\n", "serial number"),
        (f"{HEADING}\nSN-1,{AT},Rail,1,,,,PASS,x\n", "9 cells under 8 headings"),
        (f"{HEADING}\nSN-1,{AT},,1,,,,PASS\n", "without a name"),
        (f'{HEADING}\nSN-1,{AT},"Rail,1,,,,PASS\n', "not a table"),
        (f"{HEADING},Serial\nSN-1,{AT},Rail,1,,,,PASS,SN-2\n", "two columns"),
        (f"{HEADING}\n", "no unit"),
        ("\n\n", "empty"),
        (f"{HEADING}\rSN-1,{AT},Rail,1,,,,PASS\r", "carriage return"),
        (f"{HEADING}\nSN-1,{AT},R\0ail,1,,,,PASS\n", "NUL"),
    ],
)
def test_a_table_that_does_not_fit_is_refused(text: str, what: str) -> None:
    """With what is missing, and where."""
    with pytest.raises(Refused, match=what):
        made(text, STEPS)


def test_two_facts_for_one_unit_must_agree() -> None:
    """Or the mapping says which one counts."""
    text = f"Operator,{HEADING}\na,SN-1,{AT},A,1,,,,PASS\nb,SN-1,{AT},B,1,,,,PASS\n"
    mapping = {**STEPS, "fields": {**STEPS["fields"], "operator": "Operator"}}

    with pytest.raises(Refused, match="'b' stands here, and 'a' in line 2"):
        made(text, mapping)
    last = {**mapping["fields"], "operator": {"column": "Operator", "take": "last"}}
    assert made(text, {**mapping, "fields": last})[0]["uut"]["user"] == "b"


def test_a_file_is_not_ready_before_its_end() -> None:
    """The end of its last line, and the line the mapping waits for."""
    text = f"{HEADING}\nSN-1,{AT},Rail,1,,,,PASS\n"

    with pytest.raises(NotReady, match="last line"):
        made(text[:-2], STEPS)
    assert made(text[:-1], STEPS, last_line_ends=False)[0]["sn"] == "SN-1"
    with pytest.raises(NotReady, match="not there yet"):
        made(text, STEPS, ends="^END")
    assert made(f"{text}END\n\n", {**STEPS, "layout": "unit-per-file", "table_ends": "^END"}, ends="^END")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_code_pages(encoding: str) -> None:
    """UTF-8 where it is, else the configured one; UTF-16 only if it is expected."""
    data = f"{HEADING}\nSN-Ø1,{AT},Größe,1,,,,PASS\n".encode(encoding)
    wide = {"encoding": "utf-16"} if encoding == "utf-16" else {}

    [report] = convert(NAME, data, **KNOWN, **STEPS, **wide).documents
    assert (report["sn"], report["root"]["steps"][0]["name"]) == ("SN-Ø1", "Größe")
    if wide:
        with pytest.raises(Refused, match="UTF-16"):
            convert(NAME, data, **KNOWN, **STEPS)


def test_comments_other_headings_and_no_heading() -> None:
    """Lines that begin with a sign are left out; without a heading columns are numbers."""
    mapping = {
        "layout": "unit-per-group",
        "delimiter": "\t",
        "heading": False,
        "first_line": 2,
        "comment": "#",
        "fields": {"serial_number": 1, "start": 2},
        "step": {"name": 3, "value": 4, "status": 5},
    }
    text = f"written by hand\n# nothing\nSN-1\t{AT}\tRail\t5.0\tPASS\n"

    assert made(text, mapping)[0]["root"]["steps"][0]["numericMeas"][0]["value"] == 5.0


def test_what_the_header_can_hold() -> None:
    """Codes by the names of processes, durations, sockets, infos."""
    columns = [
        "process",
        "station",
        "operator",
        "batch",
        "socket",
        "program",
        "program_version",
        "execution_time",
    ]
    mapping = {
        **STEPS,
        "fields": {**STEPS["fields"], **{name: name for name in columns}},
        "process_codes": {"ICT": 30},
        "infos": {"Colour": "colour"},
    }
    text = f"{HEADING},{','.join(columns)},colour\nSN-1,{AT},A,1,,,,PASS,ICT,FCT-1,op17,L-1,3,fct,1.2,0:01:05,green\n"
    [report] = convert(NAME, text.encode(), part_number="PN-1", **mapping).documents

    assert (report["processCode"], report["processName"], report["machineName"]) == (30, "ICT", "FCT-1")
    assert report["uut"] == {"user": "op17", "batchSN": "L-1", "testSocketIndex": 3, "execTime": 65.0}
    assert report["root"]["seqCall"] == {"name": "fct", "version": "1.2"}
    assert {"description": "Colour", "text": "green"} in report["miscInfos"]


@pytest.mark.parametrize(
    ("wrong", "what"),
    [
        ({"layout": "unit-per-row"}, "needs measures"),
        ({"step": None}, "needs step"),
        ({"fields": {"serial_number": "Serial"}}, "start"),
        ({"fields": {**STEPS["fields"], "serial": "x"}}, "serial"),
        ({"fields": {**STEPS["fields"], "operator": {"column": "a", "key": "b"}}}, "a column or a key"),
        ({"fields": {**STEPS["fields"], "operator": {"column": "a", "pattern": "(x+)+y"}}}, "repeat"),
        ({"fields": {**STEPS["fields"], "operator": {"column": "a", "pattern": "x"}}}, "no group"),
        ({"date_format": "%d.%m.%Y"}, "%H"),
        ({"date_format": "%d.%m.%Y %I:%M"}, "%p"),
        ({"date_format": "dd.mm.yyyy"}, "no %Y"),
        ({"decimal": ",", "thousands": ","}, "can't both be"),
        ({"heading": False}, "numbers"),
        ({"begins": "^x"}, "unit-per-file"),
        ({"statuses": {"1": "Passed"}}, "statuses"),
        ({"serial_number": "SN"}, "serial_number"),
    ],
)
def test_a_mapping_that_means_nothing_is_refused_before_any_file(wrong: dict[str, Any], what: str) -> None:
    """When the configuration is read."""
    with pytest.raises(ValidationError, match=what):
        bundled()[NAME].options(**{**STEPS, **wrong})


def test_a_table_is_never_recognised() -> None:
    """It could be anybody's: a source has to name this converter."""
    assert probe(NAME, f"{HEADING}\nSN-1,{AT},Rail,1,,,,PASS\n".encode(), "x.csv") == 0.0
