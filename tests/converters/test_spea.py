"""SPEA 3030: the real file against facts read by hand, and every kind of row on its own."""

import json
from typing import Any

import golden
import pytest
from logs import convert, probe
from support import shared

from wats_worker.converters.base import NotReady, Refused

NAME = "spea-3030"
REAL = "corpus/files/spea-3030-csv/testdata_SN9871234012.csv"
START = "START;Programme;4711-TS;1.0.2;4711-TS;op17;10/25/2026;16:15:03"
ROW = "ANL;1;R12;87;1;R12 10k 1%;;PASS;1.001e+04;9.9e+03;1.01e+04;ohm;12 30 ;187"


def run(*rows: str, result: str = "PASS", start: str = START, **facts: str | None) -> bytes:
    given = {"FORMAT": "mmdd", "LOT": "", "SN": "SN-1", "BOARDRESULT": result, **facts}
    lines = [f"FORMAT;{given['FORMAT']}"] if given["FORMAT"] else []
    lines += [start, f"LOT;{given['LOT']}", *rows]
    lines += [f"{name};{given[name]}" for name in ("SN", "BOARDRESULT") if given[name] is not None]
    return "\n".join([*lines, f"END;{result};10/25/2026;16:15:22", ""]).encode()


def only(data: bytes, **options: Any) -> dict[str, Any]:
    [document] = convert(NAME, data, **{"process_code": 10, **options}).documents
    return document


def step(row: str) -> dict[str, Any]:
    [made] = only(run(row))["root"]["steps"][0]["steps"]
    return dict(made)


def test_the_golden_facts_hold() -> None:
    """Ten runs of one board in one file, all of their rows, and the rows of functional tests."""
    for path in sorted(shared("corpus/golden/spea-3030-csv").iterdir()):
        facts = json.loads(path.read_text())
        documents = convert(NAME, shared(f"corpus/{facts['file']}").read_bytes(), process_code=10).documents
        rows = [sum("seqCall" not in made for _, made in golden.steps(document)) for document in documents]

        assert golden.check(facts, documents) == []
        assert sum(rows) == facts["counts"]["ANL_rows"] + facts["counts"]["FUNC_rows"]
        assert rows[0] == facts["counts"]["ANL_rows_run_1"]


def test_the_start_and_the_lot_fill_the_header() -> None:
    """The part number is that of the program, unless one is configured."""
    document, configured = only(run(ROW, LOT="L-9")), only(run(ROW), part_number="PN-9")

    assert (document["pn"], document["sn"], document["result"], configured["pn"]) == (
        "4711-TS",
        "SN-1",
        "P",
        "PN-9",
    )
    assert document["uut"] == {"user": "op17", "execTime": 19.0, "batchSN": "L-9"}
    assert document["root"]["seqCall"] == {"name": "4711-TS", "version": "1.0.2"}
    assert document["start"] == "2026-10-25T16:15:03+01:00"


def test_the_rows_of_a_task_are_steps_of_a_sequence() -> None:
    """Named by their text."""
    second = ROW.replace("87;1;R12 10k 1%", "87;2;R12 again")
    document = only(run(ROW, second, ROW.replace("R12;87", "R13;88")))

    found = [(task["name"], [made["name"] for made in task["steps"]]) for task in document["root"]["steps"]]
    assert found == [("R12", ["R12 10k 1%", "R12 again"]), ("R13", ["R12 10k 1%"])]


@pytest.mark.parametrize(
    ("values", "row"),
    [
        ("1.0;0.0;2.0;V", {"compOp": "GELE", "value": 1.0, "lowLimit": 0.0, "highLimit": 2.0, "unit": "V"}),
        ("1.0;-2.0;0.0;V", {"compOp": "GELE", "value": 1.0, "lowLimit": -2.0, "highLimit": 0.0, "unit": "V"}),
        ("5.0;0.0;0.0;A", {"compOp": "LOG", "value": 5.0, "unit": "A"}),
        ("1.0;1.0;0.0;", {"compOp": "LOG", "value": 1.0}),
        ("-NAN;8.5e-10;1.15e-09;F", {"compOp": "GELE", "value": "NaN", "lowLimit": 8.5e-10, "highLimit": 1.15e-09, "unit": "F"}),
        ("1.0;0.5;2.0;ohm", {"compOp": "GELE", "value": 1.0, "lowLimit": 0.5, "highLimit": 2.0, "unit": "Ohm"}),
    ],
)  # fmt: skip
def test_limits_are_limits_only_where_they_make_a_range(values: str, row: dict[str, Any]) -> None:
    """A zero is one; two zeros, or the wrong way round, are none."""
    made = step(f"ANL;1;X;1;1;X1;;PASS;{values};;1")

    assert made["numericMeas"] == [{"status": "P", **row}]


def test_three_zeros_are_no_measurement() -> None:
    """But the verdict is one."""
    zeros = "0.000000e+00;0.000000e+00;0.000000e+00"

    assert step(f"ANL;1;X;1;1;X1;;PASS;{zeros};;;1")["booleanMeas"] == [{"status": "P"}]
    assert step(f"ANL;1;X;1;1;X1;;FAIL(+/-);{zeros};;;1")["booleanMeas"] == [{"status": "F"}]


def test_a_word_in_place_of_a_value_is_told() -> None:
    """The tester switched something, and measured nothing."""
    made = step("ANL;1;RELAY;54;1;RELAY;;PASS;Automatic;;17;;;17")

    assert (made["booleanMeas"], made["reportText"]) == ([{"status": "P"}], "Automatic")


@pytest.mark.parametrize("verdict", ["FAIL", "FAIL(+)", "FAIL(-)", "FAIL(+/-)"])
def test_the_way_a_row_failed_is_told(verdict: str) -> None:
    """The verdict is the same."""
    made = step(ROW.replace("PASS", verdict))

    assert (made["status"], made["numericMeas"][0]["status"]) == ("F", "F")
    assert made.get("reportText", "").startswith(verdict if "(" in verdict else "Pins")


def test_functional_tests_are_steps_too() -> None:
    """Their rows have one column less."""
    made = step("FUNC;1;FKT;0;1000;SPI sensor;;PASS;1.7e+04;1.56e+04;1.8e+04;;")

    assert made["numericMeas"][0]["value"] == 17000.0


@pytest.mark.parametrize(
    ("order", "date", "start"),
    [
        ("mmdd", "10/12/2026", "2026-10-12"),
        ("ddmm", "10/12/2026", "2026-12-10"),
        ("yyyymmdd", "2026/10/12", "2026-10-12"),
    ],
)
def test_the_file_says_how_it_writes_dates(order: str, date: str, start: str) -> None:
    """So no date can be read in two ways."""
    data = run(start=START.replace("10/25/2026", date), FORMAT=order).replace(
        b"END;PASS;10/25/2026", f"END;PASS;{date}".encode()
    )
    made = convert(NAME, data, process_code=10)

    assert made.reports[0]["start"].startswith(start)
    assert made.warnings == []


def test_a_file_that_does_not_say_is_read_as_configured() -> None:
    """Or month first, with a warning."""
    data = run(start=START.replace("10/25/2026", "10/12/2026"), FORMAT=None).replace(
        b"END;PASS;10/25", b"END;PASS;10/12"
    )

    assert only(data, date_order="dmy")["start"].startswith("2026-12-10")
    assert any("date_order" in warning for warning in convert(NAME, data, process_code=10).warnings)


def test_a_run_is_not_ready_before_its_end() -> None:
    """The runs before it wait with it."""
    data = run(ROW) + run(ROW, start=START.replace("16:15", "17:15"))

    for end in (len(data) - 2, len(data) - 40, len(data) - 200):
        with pytest.raises((NotReady, Refused)):
            only(data[:end])
    with pytest.raises(NotReady):
        only(run(ROW).partition(b"END;")[0])


@pytest.mark.parametrize(
    ("data", "field"),
    [
        (run(ROW, SN=None), "serial number"),
        (run(ROW, SN=" "), "serial number"),
        (run(ROW, SN="SN-1\nSN;SN-2"), "serial number"),
        (run(ROW, ROW.replace("ANL;1", "ANL;2")), "serial number"),
        (run(start=START.replace("4711-TS", "")), "part number"),
        (run(start=START.replace("10/25/2026", "13/40/2026")), "start"),
        (run(start=START.replace("10/25/2026", "10/12/9999")), "start"),
        (run(start=START.replace("16:15:03", "25:61:61")), "start"),
        (run(start="START;Programme;4711-TS"), "start"),
        (run(FORMAT="mmyy"), "FORMAT"),
        (run(ROW, result="MAYBE"), "result"),
        (run(ROW, BOARDRESULT="FAIL"), "result"),
        (run(ROW.replace("PASS", "GOOD")), "R12 10k 1%"),
        (run(ROW.replace("1.001e+04", "1,001e+04")), "R12 10k 1%"),
        (run(ROW.replace("1.001e+04", "OVERLOAD")), "R12 10k 1%"),
        (run(ROW.replace("1.001e+04", "1e400")), "R12 10k 1%"),
        (run(f"{ROW};more"), None),
        (run("XYZ;1"), None),
        (run(START), None),
        (ROW.encode(), None),
        (b"", None),
        (run(ROW) * 2, None),
    ],
)
def test_what_can_not_be_right_is_refused(data: bytes, field: str | None) -> None:
    """The field is named where there is one."""
    with pytest.raises(Refused) as caught:
        only(data)

    assert caught.value.field == field


def test_it_is_known_by_its_first_rows() -> None:
    """Without the order of its dates it is less sure."""
    assert probe(NAME, run(ROW)) == 0.95
    assert probe(NAME, run(ROW, FORMAT=None)) == 0.7
    assert probe(NAME, b"FORMAT;mmdd\nSTOP;") == 0.0
    assert probe(NAME, shared(REAL).read_bytes()) == 0.95
