"""Listen SoundCheck: each run of a file that is added to all day, its results and its curves."""

import json
from typing import Any

import golden
import pytest
from logs import convert, probe
from support import shared

from wats_worker.converters.arrival import GROWS
from wats_worker.converters.base import NotReady, Refused
from wats_worker.watch.cut import cut

NAME = "listen-soundcheck"
KNOWN = {"process_code": 10}
FOLDER = "corpus/files/listen-soundcheck"
FRONT = "Serial #:\tTime: \tLot #: "
HEADING = f"{FRONT}\tName\tMargin\tUnit\tResult\tTolerance\tLimits\n"
CURVE = f"{FRONT}\tTHD\t\tx data lin\ty data lin\tz data lin\t\tx axis log\ty axis lin\tz axis lin\t\tHz\t%\tdeg.\t\t\n"


def front(serial: str = "SN-1", time: str = "3/17/2026 8:14:05 AM", lot: str = "PN-1") -> str:
    return f"{serial}\t{time}\t{lot}"


def result(
    name: str = "Sensitivity",
    margin: str = "95.50",
    word: str = "PASS",
    tolerance: str = "Max/Min",
    limits: str = "100.0/90.0",
    **run: str,
) -> str:
    return f"{front(**run)}\t{name}\t{margin}\tdB\t{word}\t{tolerance}\t{limits}\n"


def curve(*values: float, **run: str) -> str:
    return front(**run) + "".join(f"\t{value:.2f}" for value in values) + "\t\t\n"


def made(*text: str, **options: Any) -> list[dict[str, Any]]:
    return convert(NAME, "".join(text).encode("cp1252"), **{**KNOWN, **options}).documents


def steps(*text: str, **options: Any) -> dict[str, dict[str, Any]]:
    return {step["name"]: dict(step) for one in made(*text, **options) for _, step in golden.steps(one)}


def row(*text: str, **options: Any) -> dict[str, Any]:
    return dict(steps(*text, **options)["Sensitivity"]["numericMeas"][0])


def test_the_golden_facts_hold() -> None:
    """Eight units with five results each; and curves only, of which nobody may say that they passed."""
    american, european = (
        json.loads(shared(f"corpus/golden/listen-soundcheck/{name}.txt.json").read_text())
        for name in ("US_Complete test 7-22-2020 (002)", "EU_Data logging example 12-01-2021")
    )
    files = [shared(f"corpus/{known['file']}").read_bytes() for known in (american, european)]
    reports = convert(NAME, files[0], **KNOWN).documents
    curves = convert(NAME, files[1], **KNOWN, without_verdict="passed").documents

    assert golden.check(american, reports) == []
    assert [report["sn"] for report in reports] == [str(number) for number in range(13, 21)]
    assert [len(report["root"]["steps"]) for report in reports] == [5] * 8
    assert [
        text for text in golden.check(european, curves) if "x[0]" not in text and "y[0]" not in text
    ] == []
    with pytest.raises(Refused, match="nothing says how the run ended"):
        convert(NAME, files[1], **KNOWN)


def test_curves_keep_their_axes_and_units() -> None:
    """As the golden file of the curves has them."""
    data = shared(f"{FOLDER}/EU_Data logging example 12-01-2021.txt").read_bytes()
    made = convert(NAME, data, **KNOWN, without_verdict="passed")
    upper, lower = (step["chart"] for step in made.documents[0]["root"]["steps"])

    assert (upper["label"], upper["chartType"]) == ("Fundamental Limit Upper Limit", "LineLogX")
    assert (upper["xUnit"], upper["yUnit"]) == ("Hz", "dB re 1 V/sqrt(Hz)")
    assert upper["series"][0]["xdata"] == "100.0;400.0;2000.0;6000.0;7000.0;10000.0"
    assert lower["series"][0]["ydata"] == "-4.0;-2.0;-5.0;-5.0"
    assert "line 7: a curve without a heading of its own" in made.warnings


def test_results_and_curves_take_turns() -> None:
    """The results of the next run come under the heading they had at the beginning of the file."""
    one, two = {"serial": "A"}, {"serial": "B", "time": "3/17/2026 8:14:07 AM"}
    reports = made(
        HEADING, result(**one), CURVE, curve(50, 63, **one), curve(1.5, 2.5, **one),
        result(word="FAIL", **two), CURVE, curve(50, 63, **two), curve(3.5, 4.5, **two),
    )  # fmt: skip

    assert [(report["sn"], report["result"]) for report in reports] == [("A", "P"), ("B", "F")]
    assert [step["name"] for step in reports[1]["root"]["steps"]] == ["Sensitivity", "THD"]
    assert reports[1]["root"]["steps"][1]["chart"]["series"][0]["ydata"] == "3.5;4.5"
    assert reports[1]["root"]["steps"][1]["status"] == "D"


def test_pieces_of_a_file_make_the_same_reports_as_all_of_it() -> None:
    """Cut as the watcher cuts it, with the headings in front."""
    runs = [{"serial": name, "time": f"3/17/2026 8:14:0{at} AM"} for at, name in enumerate("ABC")]
    text = HEADING + "".join(
        result(**run) + CURVE + curve(50, 63, **run) + curve(1.5, 2.5, **run) for run in runs
    )
    data, pieces, mark, taken, headings = text.encode(), [], 0, 0, ()
    for end in range(len(data) + 1):
        quiet = end == len(data)
        found = cut(data[mark:end], GROWS[NAME], headings=headings, taken=taken - mark, quiet=quiet)
        if found is not None:
            pieces.append(b"".join(found.headings) + data[mark:end][found.start : found.end])
            mark, taken, headings = mark + found.mark, mark + found.end, found.mark_headings

    assert len(pieces) == 3
    assert [one for piece in pieces for one in convert(NAME, piece, **KNOWN).documents] == made(text)


def test_a_retest_is_a_run_of_its_own() -> None:
    """The same serial number at another time."""
    later = {"time": "3/17/2026 12:14:05 PM"}
    first, second = made(HEADING, result(word="FAIL"), result("THD", **later), result(**later))

    assert [(one["sn"], one["start"][11:19], one["result"]) for one in (first, second)] == [
        ("SN-1", "08:14:05", "F"),
        ("SN-1", "12:14:05", "P"),
    ]
    with pytest.raises(Refused, match="stands in the file twice"):
        made(HEADING, result(), result(**later), result())


@pytest.mark.parametrize(
    ("tolerance", "limits", "expected"),
    [
        ("Max/Min", "100.0/90.0", {"compOp": "GELE", "lowLimit": 90.0, "highLimit": 100.0}),
        ("Max/Min", "/90.0", {"compOp": "GE", "lowLimit": 90.0}),
        ("Max/Min", "100.0/", {"compOp": "LE", "lowLimit": 100.0}),
        ("Max", "100.0", {"compOp": "LE", "lowLimit": 100.0}),
        ("Min", "90.0", {"compOp": "GE", "lowLimit": 90.0}),
        ("Tolerance curves", "Floating Limits", {"compOp": "LOG"}),
        ("", "", {"compOp": "LOG"}),
    ],
)
def test_limits_are_those_the_tolerance_names(tolerance: str, limits: str, expected: dict[str, Any]) -> None:
    """The upper one stands first; what one is missing stays one-sided."""
    found = row(HEADING, result(tolerance=tolerance, limits=limits))

    assert found == {"status": "P", "unit": "dB", "value": 95.5, **expected}


def test_the_verdict_is_the_testers() -> None:
    """Also where the value lies outside of the limits."""
    found = row(HEADING, result(margin="120.00"))

    assert (found["status"], found["value"]) == ("P", 120.0)


def test_columns_in_front_are_known_by_their_headings() -> None:
    """An operator, or something else that this site wants to see."""
    heading = HEADING.replace("Time: ", "Operator: \tTime: \tLine: ")
    line = result().replace("SN-1\t3/17/2026 8:14:05 AM", "S/N 0042\tRick\t3/17/2026 8:14:05 AM\tL7")
    [report] = made(heading, line.replace("PN-1", "P/N #77"), location="Hall 2")
    infos = {info["description"]: info["text"] for info in report["miscInfos"]}

    assert (report["sn"], report["pn"], report["uut"]["user"]) == ("0042", "77", "Rick")
    assert (infos["Line"], infos["Serial number as written"], infos["Part number as written"]) == (
        "L7",
        "S/N 0042",
        "P/N #77",
    )


def test_a_lot_may_be_a_batch() -> None:
    """Then the part number is configured, and the report says so."""
    [report] = made(HEADING, result(), lot="batch", part_number="SP-2")

    assert (report["pn"], report["uut"]["batchSN"]) == ("SP-2", "PN-1")
    with pytest.raises(Refused, match="part number"):
        made(HEADING, result(), lot="batch")


@pytest.mark.parametrize(
    ("time", "options", "expected"),
    [
        ("7/22/2020 10:22:14 AM", {}, "2020-07-22T10:22:14"),
        ("7/22/2020 12:22:14 AM", {}, "2020-07-22T00:22:14"),
        ("22-07-2020 22:22:14", {}, "2020-07-22T22:22:14"),
        ("22.7.2020 22:22:14", {}, "2020-07-22T22:22:14"),
        ("2020-07-02 22:22:14", {"date_order": "dmy"}, "2020-07-02T22:22:14"),
        ("7/8/2020 1:22:14 pm", {"date_order": "dmy"}, "2020-08-07T13:22:14"),
    ],
)
def test_dates_of_several_countries(time: str, options: dict[str, Any], expected: str) -> None:
    """What is certain stands above what is configured."""
    found = convert(NAME, (HEADING + result(time=time)).encode(), **KNOWN, **options)

    assert found.documents[0]["start"][:19] == expected
    assert found.warnings == []


def test_a_date_that_can_be_read_in_two_ways_is_told() -> None:
    """Slashes are American, dashes are not."""
    for time, month in (("7/8/2020 1:22:14 PM", "2020-07"), ("7-8-2020 13:22:14", "2020-08")):
        found = convert(NAME, (HEADING + result(time=time)).encode(), **KNOWN)

        assert found.documents[0]["start"].startswith(month)
        assert "say date_order for the source to be sure" in found.warnings[0]


def test_a_comma_is_a_decimal_one_in_all_numbers_or_in_none() -> None:
    """Which it is may be configured, and must be where it can't be told."""
    comma = {"margin": "95,50", "limits": "100,0/90,0"}

    assert row(HEADING, result(**comma)) == row(HEADING, result())
    assert row(HEADING, result(margin="1,234", limits="2,0/1,0"), decimal=",")["value"] == 1.234
    for wrong in ({"margin": "95,50"}, {"margin": "1,234"}, {**comma, "margin": "1.234,50"}):
        with pytest.raises(Refused):
            made(HEADING, result(**wrong))
    with pytest.raises(Refused, match="stands among numbers written with"):
        made(HEADING, result(**comma), decimal=".")


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ([result()], "a line before any heading"),
        ([HEADING, result(word="GOOD")], "'GOOD' is not a result"),
        ([HEADING, result(name="")], "a result without a name"),
        ([HEADING, result(margin="OVER")], "'OVER' is not a number"),
        ([HEADING, result(limits="90.0/100.0")], "the upper limit stands first"),
        ([HEADING, result(limits="100.0")], "is not an upper and a lower limit"),
        ([HEADING, result(time="yesterday")], "is not a date and a time"),
        ([HEADING, result(time="13/41/2020 1:00:00 AM")], "month must be"),
        ([HEADING, result(time="1/2/2020 13:00:00 PM")], "there is no hour 13"),
        ([HEADING, result(time="")], "the file has none"),
        ([HEADING, result(), result(lot="PN-2")], "the columns in front change within a run"),
        ([HEADING, result(), CURVE, curve(1, 2)], "without its y values"),
        ([HEADING, result(), CURVE, curve(1, 2), curve(1, 2, 3)], "2 x values and 3 y values"),
        ([HEADING, result(), CURVE, f"{front()}\t1.00\tNaN\n"], "some that are no numbers"),
        ([HEADING], "no run in the file"),
    ],
)
def test_what_does_not_add_up_is_refused(lines: list[str], said: str) -> None:
    """With the place where it stands."""
    with pytest.raises(Refused, match=said):
        made(*lines)


def test_a_word_of_this_site_may_be_explained() -> None:
    """And what was not measured is no number."""
    found = steps(HEADING, result(word="Marginal", margin=""), result("Skew", word="No Test"), result("THD"),
                  statuses={"marginal": "P", "No Test": "S"})  # fmt: skip

    assert (found["Sensitivity"]["status"], found["Skew"]["status"]) == ("P", "S")
    assert "numericMeas" not in found["Sensitivity"]


def test_a_line_without_its_end_is_waited_for() -> None:
    """The tester is in the middle of it."""
    with pytest.raises(NotReady):
        made(HEADING, result()[:-4])


def test_a_probe_knows_the_heading() -> None:
    """Whatever stands between the serial number and the time."""
    assert (
        probe(NAME, HEADING.encode())
        == probe(NAME, b"\xef\xbb\xbf" + HEADING.replace("Time", "Operator: \tTime").encode())
        == 0.95
    )
    assert probe(NAME, b"Serial #:\tResult\n4711\tPASS\n") == 0
