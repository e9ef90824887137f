"""Klippel QC: the verdicts of the text, the curves and values of the folder, both or nothing."""

import io
import json
import zipfile
from typing import Any

import bad
import golden
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from logs import convert, probe
from support import shared

from wats_worker.converters.base import NotReady, Refused

NAME = "klippel"
KNOWN = {"part_number": "SP-2", "process_code": 10}
STEM = "DUT 7 2026-03-17 08-14-05-0 UTC-0500"
LISTS = ("Pass", "Fail", "Warning", "Void", "Noise", "Invalid")
CURVE = "frq\timp\tmax\tmin\n10\t1.5\t3\t1\n20\t-\t3\t1\n40\t2.5\t-\t-\n"
VALUES = "name\tvalue\tmax\tmin\nlevel\t95.2\t97.3\t91.3\n"


def facts(verdict: str = "1", results: dict[str, str] | None = None, **values: str) -> str:
    known = {
        "Cfg_DatabasePath": r"D:\qc\woofer.kdbx",
        "Cfg_DutStartTime": "2026-3-12-76-3-17-8-14-5-36--300-1.77E+09",
        "Cfg_PCName": "QC-1",
        "Cfg_SerialNumber": "7",
        "Cfg_Speaker": "sp2",
        "Cfg_UserName": "op17",
        "Ctrl_OverallVerdict": verdict,
        **values,
    }
    told = [f"//about {key}\n{key}={value}\n" for key, value in known.items()]
    given = {"Pass": "imp\tlevel"} if results is None else results
    return "\n".join(told + [f"Results_{word}={given.get(word, '')}\n" for word in LISTS]) + "\n"


def unit(text: str, **tables: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as made:
        made.writestr(f"{STEM}.txt", text)
        for name, table in (tables or {"Impedance-imp": CURVE, "Sound-values": VALUES}).items():
            made.writestr(f"{STEM}/{name}.txt", table)
    return packed.getvalue()


def report(data: bytes, **options: Any) -> dict[str, Any]:
    [made] = convert(NAME, data, **{**KNOWN, **options}).documents
    return made


def steps(data: bytes, **options: Any) -> dict[str, dict[str, Any]]:
    return {step["name"]: dict(step) for _, step in golden.steps(report(data, **options))}


def test_the_golden_facts_hold() -> None:
    """Those of the text, and those of the tables behind it."""
    path = shared("corpus/files/klippel/DUT xyz115 2020-05-14 10-01-37-5 UTC+0200.txt")
    known = json.loads(shared(f"corpus/golden/klippel/{path.name}.json").read_text())
    made = report(bad.with_its_folder(path))
    found = {step["name"]: step for _, step in golden.steps(made)}
    imp = {one["name"]: one for one in found["imp"]["chart"]["series"]}
    [level], [re] = found["level"]["numericMeas"], found["re"]["numericMeas"]

    assert golden.check(known, [made]) == []
    assert [
        sum(step["status"] == letter for step in found.values() if "seqCall" not in step) for letter in "PF"
    ] == [5, 3]
    assert (level["value"], level["lowLimit"], level["highLimit"]) == (95.203, 91.337, 97.337)
    assert (re["value"], re["lowLimit"], re["highLimit"], re["status"]) == ("NaN", 2.8764, 3.5156, "F")
    assert [imp[name]["ydata"].split(";")[0] for name in ("imp", "max", "min")] == [
        "1.7263",
        "3.403",
        "3.0445",
    ]
    assert imp["imp"]["xdata"].startswith("18.75;23.438;")


def test_the_text_is_the_header() -> None:
    """The zone is the tester's own, also west of Greenwich."""
    made = report(unit(facts()))

    assert (made["sn"], made["start"], made["result"]) == ("7", "2026-03-17T08:14:05.036-05:00", "P")
    assert (made["machineName"], made["uut"]["user"]) == ("QC-1", "op17")
    assert made["root"]["seqCall"] == {"name": "woofer.kdbx", "path": r"D:\qc\woofer.kdbx"}
    assert {"description": "Speaker channel", "text": "sp2"} in made["miscInfos"]


def test_a_curve_is_a_chart_with_its_limits() -> None:
    """A point without a value is none, and so is a limit."""
    chart = steps(unit(facts()))["imp"]["chart"]

    assert (chart["chartType"], chart["xLabel"], chart["xUnit"]) == ("LineLogX", "Frequency", "Hz")
    assert {one["name"]: (one["xdata"], one["ydata"]) for one in chart["series"]} == {
        "imp": ("10.0;40.0", "1.5;2.5"),
        "max": ("10.0;20.0", "3.0;3.0"),
        "min": ("10.0;20.0", "1.0;1.0"),
    }


def test_one_limit_stays_one() -> None:
    """And a value that nothing was compared with is only logged."""
    table = "name\tvalue\tmax\tmin\nlevel\t95.2\t97.3\t-\nqts\t1.1\t\t\nre\t-\t\t\n"
    found = steps(unit(facts(), **{"Sound-values": table}))

    assert found["level"]["numericMeas"] == [{"compOp": "LE", "status": "P", "value": 95.2, "lowLimit": 97.3}]
    assert (found["qts"]["status"], found["qts"]["numericMeas"][0]["compOp"]) == ("D", "LOG")
    assert found["re"]["status"] == "S"


def test_what_has_a_verdict_and_no_table_is_a_step() -> None:
    """A polarity is nothing but a verdict."""
    found = steps(unit(facts("0", {"Pass": "imp\tlevel", "Fail": "pol", "Void": "fs"})))

    assert (found["pol"]["status"], found["fs"]["status"]) == ("F", "S")


def test_verdicts_that_wats_has_no_word_for() -> None:
    """Noise and a measurement that went wrong are no failures of the unit; a warning has to be explained."""
    noisy = report(unit(facts("3", {"Noise": "imp", "Invalid": "level"})))
    data = unit(facts("2", {"Pass": "level", "Warning": "imp"}))
    with pytest.raises(Refused) as refused:
        report(data)
    explained = steps(data, verdicts={"Warning": "P"})

    assert noisy["result"] == "E"
    assert refused.value.field == "result"
    assert 'verdicts = {"Warning" = "P"}' in (refused.value.fix or "")
    assert (explained["imp"]["status"], explained["imp"]["reportText"]) == ("P", "Verdict: Warning")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (facts("-1"), "the test gave no result"),
        (facts("7"), "'7' is not a verdict"),
        (facts(results={"Pass": "imp", "Fail": "imp"}), "Pass and Fail at once"),
        (facts(Cfg_DutStartTime="2026-3-12-77-3-17-8-14-5-36-60-0"), "is not day 77 of the year"),
        (facts(Cfg_DutStartTime="2026-3-12-76-3-17-8-14-5-36-1500-0"), "offset must be"),
        (facts().replace("Cfg_Speaker", "Cfg_SerialNumber"), "it stands there twice"),
        (facts() + "and more\n", "neither a comment nor key=value"),
        (facts(Cfg_SerialNumber="7\u202e8"), "can't be seen"),
    ],
)
def test_a_text_that_does_not_add_up_is_refused(text: str, said: str) -> None:
    """With its folder or without."""
    for data in (unit(text), text.encode()):
        with pytest.raises(Refused, match=said):
            report(data)


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ("\n", "the table is empty"),
        ("frq\timp\n10\t1\t2\n", "3 cells under 2 headings"),
        ("frq\timp\timp\n10\t1\t2\n", "is not the heading of a table"),
        ("frq\timp\n10\t1,5\n", "'1,5' is not a number"),
        ("name\tvalue\n\t1\n", "a value without a name"),
    ],
)
def test_a_table_that_is_none_is_refused(table: str, said: str) -> None:
    """The unit with it: the verdict was given for what is in the table."""
    with pytest.raises(Refused, match=said):
        report(unit(facts(), **{"Impedance-imp": table}))


def test_half_a_unit_waits_for_the_other_half() -> None:
    """Never a report without the curves."""
    with pytest.raises(NotReady, match="with its curves and values is not there"):
        report(facts().encode())
    with pytest.raises(NotReady, match="ends before Results_Invalid"):
        report(unit(facts().split("Results_Invalid")[0]))
    with pytest.raises(NotReady, match="the last line has no end"):
        report(unit(facts(), **{"Impedance-imp": CURVE[:-3]}))
    with pytest.raises(Refused, match="0 files of the unit tell its verdict"):
        report(unit("//nothing\n"))


def test_other_files_of_the_unit_are_left_alone() -> None:
    """A recording is no table, and a database beside the text is nobody's business."""
    data = io.BytesIO(unit(facts()))
    with zipfile.ZipFile(data, "a") as more:
        more.writestr(f"{STEM}.kdbx", b"\0\1")
        more.writestr(f"{STEM}/noise.wav", b"RIFF")
    made = convert(NAME, data.getvalue(), **KNOWN)

    assert made.documents == convert(NAME, unit(facts()), **KNOWN).documents
    assert made.warnings == [f"{STEM}/noise.wav was not read: it is no table"]


def test_a_probe_knows_the_text_and_the_bundle() -> None:
    """By what stands in the text, in whatever it is packed."""
    assert probe(NAME, facts().encode()) == probe(NAME, unit(facts())) == 0.95
    assert probe(NAME, b"x=Cfg_DutStartTime=\nCtrl_OverallVerdict=1\n") == 0


@given(
    where=st.sampled_from(["text", "curve", "values"]),
    at=st.floats(0, 1),
    length=st.integers(0, 60),
    new=st.sampled_from(["", "\n", "\t", "-", "=", "1e999", "\u202e", "Results_Pass=x", "Cfg_SerialNumber="])
    | st.text(max_size=8),
)
@settings(max_examples=100, deadline=None)
def test_whatever_stands_in_a_unit_nothing_is_invented(where: str, at: float, length: int, new: str) -> None:
    """A report of what is there, a refusal, or a wait."""
    parts = {"text": facts(), "curve": CURVE, "values": VALUES}
    start = int(at * len(parts[where]))
    parts[where] = parts[where][:start] + new + parts[where][start + length :]
    data = unit(parts["text"], **{"Impedance-imp": parts["curve"], "Sound-values": parts["values"]})
    try:
        made = report(data)
    except (Refused, NotReady):
        return

    assert f"Cfg_SerialNumber={made['sn']}" in parts["text"]
