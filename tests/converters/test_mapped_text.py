"""Text by a mapping of regular expressions: facts and steps wherever they stand, and terminals' leftovers."""

import json
import tomllib
from typing import Any

import golden
import pytest
from logs import convert, probe
from pydantic import ValidationError
from support import ROOT, shared

from wats_worker.converters.base import NotReady, Refused, Source
from wats_worker.converters.registry import bundled
from wats_worker.reports import wsjf

NAME = "mapped-text"
KNOWN = {"part_number": "PN-1", "process_code": 10}
MAPPING: dict[str, Any] = {
    "fields": {"serial_number": r"^Serial: (\S+)", "start": r"^Start: (.+)"},
    "steps": [
        r"^(?P<name>[^:]+): (?P<value>\S+) (?P<unit>\S+) \((?P<low>\S+) to (?P<high>\S+)\) (?P<status>\w+)$"
    ],
}
HEAD = "Serial: SN-1\nStart: 2026-03-17T08:14:05\n"
RAIL = "5V rail: 5.01 V (4.9 to 5.1) PASS\n"
#: The page's own mapping of a production log that is what an operator saw on a terminal.
TERMINAL: dict[str, Any] = tomllib.loads(
    (ROOT / "docs/how-to/map-your-own-csv.md").read_text().split("## A terminal's capture")[1].split("```")[1].removeprefix("toml")
)["sources"][0]["options"]  # fmt: skip


def made(text: str, mapping: dict[str, Any] | None = None, **more: Any) -> list[dict[str, Any]]:
    return convert(NAME, text.encode(), **KNOWN, **{**(mapping or MAPPING), **more}).documents


def terminal(name: str) -> list[dict[str, Any]]:
    chosen = bundled()[NAME]
    data = shared(f"corpus/files/adi-prod-log/{name}").read_bytes()
    options = chosen.options(**TERMINAL, process_code=10)
    return [wsjf.document(report) for report in chosen.convert(Source.of_bytes(data, name), options)]


def test_lines_give_facts_and_steps() -> None:
    """By the first group, or by named ones."""
    [report] = made(f"Acme 9\n{HEAD}{RAIL}noise\n12V rail: 11.0 V (11.6 to 12.4) FAIL\n")
    rail, other = report["root"]["steps"]

    assert (report["sn"], report["result"]) == ("SN-1", "F")
    assert rail["numericMeas"] == [
        {"compOp": "GELE", "status": "P", "value": 5.01, "unit": "V", "lowLimit": 4.9, "highLimit": 5.1}
    ]
    assert (other["name"], other["status"]) == ("12V rail", "F")


@pytest.mark.parametrize(
    ("name", "serial", "steps", "result"),
    [
        ("failed_S11-1111SN_11111_2022-03-01_12-05-21.log", "11111", 1, "F"),
        ("failed_S11-1111SN_11111_2022-03-01_10-54-32.log", "11111", 27, "F"),
        ("passed_S11-1111SN_11111_2022-03-01_12-42-28.log", "11111", 44, "P"),
    ],
)
def test_what_a_terminal_showed(name: str, serial: str, steps: int, result: str) -> None:
    """Colours, backspaces, two kinds of line ends; the value stands above its verdict, the unit in the name."""
    [report] = terminal(name)

    assert (report["sn"], report["pn"], report["result"]) == (serial, "S11-1111", result)
    assert len(report["root"]["steps"]) == steps


def test_a_capture_that_is_cut_off_is_waited_for() -> None:
    """Also where it is cut between two lines: the last thing that the script prints is not there yet."""
    name = "passed_S11-1111SN_11111_2022-03-01_12-42-28.log"
    data = shared(f"corpus/files/adi-prod-log/{name}").read_bytes()
    lines = data.splitlines(keepends=True)

    for count in (1, 20, len(lines) // 2, len(lines) - 12):
        with pytest.raises(NotReady):
            convert(NAME, b"".join(lines[:count]), file=name, **TERMINAL, process_code=10)


def test_the_golden_facts_hold() -> None:
    """As far as the log has them."""
    name = "failed_S11-1111SN_11111_2022-03-01_12-05-21.log"
    facts = json.loads(shared(f"corpus/golden/adi-prod-log/{name}.json").read_text())

    assert golden.check(facts, terminal(name)) == []


def test_several_units_in_a_file() -> None:
    """What stands above the first belongs to all of them."""
    mapping = {
        **MAPPING,
        "begins": "^== unit",
        "unit_ends": "^== end",
        "fields": {**MAPPING["fields"], "station": r"^Station: (.+)"},
    }
    unit = f"== unit\n{HEAD}{RAIL}== end\n"
    reports = made(f"Station: FCT-1\n{unit}{unit.replace('SN-1', 'SN-2')}", mapping)

    assert [(report["sn"], report["machineName"]) for report in reports] == [
        ("SN-1", "FCT-1"),
        ("SN-2", "FCT-1"),
    ]
    with pytest.raises(NotReady):
        made(unit.removesuffix("== end\n"), mapping)
    with pytest.raises(Refused, match="has no end"):
        made(unit.removesuffix("== end\n") + unit, mapping)
    with pytest.raises(Refused, match="begins a unit"):
        made(HEAD + RAIL, mapping)


def test_sequences_and_facts_that_are_always_the_same() -> None:
    """A line names the sequence of the steps behind it; a step pattern may have facts of its own."""
    mapping = {
        **MAPPING,
        "sequences": [r"^\[(\w+)\]$"],
        "steps": [
            {
                "pattern": r"^(?P<name>\w+)=(?P<value>\S+) (?P<status>\w+)$",
                "facts": {"unit": "V", "low": "1"},
            },
            {"pattern": r"^(?P<name>\w+) (?P<status>PASS|FAIL)$", "kind": "verdict"},
        ],
    }
    [report] = made(f"{HEAD}[Power]\nrail=5 PASS\n[Front]\nled PASS\n", mapping)
    power, front = report["root"]["steps"]

    assert (power["name"], power["steps"][0]["numericMeas"][0]["unit"]) == ("Power", "V")
    assert front["steps"][0]["booleanMeas"] == [{"status": "P"}]


def test_lines_that_mean_nothing_may_be_refused() -> None:
    """So that a tester that writes in another way one day is noticed."""
    strict = {**MAPPING, "other_lines": "refuse", "ignore": ["^noise"]}

    assert made(f"{HEAD}noise\n\n{RAIL}", strict)
    with pytest.raises(Refused, match="line 3"):
        made(f"{HEAD}something new\n{RAIL}", strict)


@pytest.mark.parametrize(
    ("text", "field", "what"),
    [
        (RAIL, "serial number", "none"),
        (f"Serial: SN-1\n{RAIL}", "start", "none"),
        (f"{HEAD}Serial: SN-2\n{RAIL}", "serial number", "stands here"),
        (f"{HEAD}5V rail: high V (4.9 to 5.1) PASS\n", "value", "not a number"),
        (f"{HEAD}5V rail: 5.0 V (4.9 to 5.1) PERHAPS\n", "status", "not a status"),
        (HEAD, None, "0 steps"),
    ],
)
def test_what_cannot_be_read_is_refused(text: str, field: str | None, what: str) -> None:
    """With the line and the field."""
    with pytest.raises(Refused, match=what) as caught:
        made(text)

    assert caught.value.field == field


def test_long_lines_are_not_searched() -> None:
    """No measurement was ever written into one, and patterns are only quick on short ones."""
    assert len(made(f"{HEAD}{'x' * 100_000}\n{RAIL}")[0]["root"]["steps"]) == 1


@pytest.mark.parametrize(
    ("wrong", "what"),
    [
        ({"steps": []}, "no patterns for steps"),
        ({"steps": [r"^(?P<nmae>\w+)"]}, "nmae"),
        ({"steps": [r"^(?P<name>(\w+ )+)"]}, "repeat"),
        ({"fields": {**MAPPING["fields"], "operator": "^Operator"}}, "no group"),
        ({"remember": [r"^(\d+)$"]}, "named groups"),
        ({"sequences": ["^Group"]}, "no group"),
        ({"other_lines": "guess"}, "other_lines"),
    ],
)
def test_a_mapping_that_means_nothing_is_refused_before_any_file(wrong: dict[str, Any], what: str) -> None:
    """When the configuration is read."""
    with pytest.raises(ValidationError, match=what):
        bundled()[NAME].options(**{**MAPPING, **wrong})


def test_a_text_is_never_recognised() -> None:
    """It could be anybody's: a source has to name this converter."""
    assert probe(NAME, (HEAD + RAIL).encode(), "x.txt") == 0.0
