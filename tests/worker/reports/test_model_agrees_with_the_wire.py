"""Our models and the wire's JSON Schema say the same about every document, good or broken."""

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from support import shared

from wats_worker.reports import wsjf

EXAMPLES = ("uut_minimal", "uut_rich", "uut_rich_assets", "uur")
#: One more character than each length the wire knows.
TOO_LONG = tuple("x" * (limit + 1) for limit in (20, 30, 50, 100, 200, 256, 500, 5_000, 100_000))
WRONG = (
    None,
    "",
    "x",
    "0",
    0,
    -1,
    1.0,
    2.5,
    40_000,
    -(2**31) - 1,
    True,
    "NaN",
    "Infinity",
    "infinity",
    [],
    {},
    [None],
)

Path = tuple[str | int, ...]


@pytest.fixture(scope="module")
def wire() -> Draft202012Validator:
    return Draft202012Validator(json.loads(shared("wats/wsjf.schema.json").read_text()))


def example(name: str) -> Any:
    return json.loads(shared(f"wats/examples/{name}.json").read_text())


def takes(document: Any) -> bool:
    try:
        wsjf.of(document)
    except wsjf.InvalidReport:
        return False
    return True


def places(value: Any, path: Path = ()) -> Iterator[Path]:
    """Every member and element of a document."""
    for key, below in value.items() if isinstance(value, dict) else enumerate(value):
        yield (*path, key)
        if isinstance(below, (dict, list)):
            yield from places(below, (*path, key))


def distinct(document: Any) -> dict[tuple[Any, ...], Path]:
    """One place per kind: the first of all steps' names stands for the others."""
    found: dict[tuple[Any, ...], Path] = {}
    for path in places(document):
        # Where in the tree a step stands makes no difference to what it may say.
        names = tuple(key if isinstance(key, str) else 0 for key in path)
        last_steps = max((i for i, key in enumerate(names) if key == "steps"), default=0)
        found.setdefault(names[last_steps:], path)
    return found


def thin(document: Any) -> Any:
    """The document without the steps that show nothing new; the wire's schema is slow on long ones."""
    kinds = distinct(document).keys()
    below = [path for path in places(document) if path[-2:-1] == ("steps",)]
    for path in sorted(
        below, key=lambda path: (len(path), path[-1]), reverse=True
    ):  # no place moves before its turn
        shorter = without(document, path)
        document = shorter if distinct(shorter).keys() == kinds else document
    return document


def at(document: Any, path: Path) -> Any:
    for key in path:
        document = document[key]
    return document


def without(document: Any, path: Path) -> Any:
    changed = copy.deepcopy(document)
    del at(changed, path[:-1])[path[-1]]
    return changed


def put(document: Any, path: Path, value: Any) -> Any:
    changed = copy.deepcopy(document)
    at(changed, path[:-1])[path[-1]] = value
    return changed


def mutants(document: Any) -> Iterator[tuple[str, Any]]:
    """Each distinct member left out, doubled with a stranger, and replaced by what it must not be."""
    for path in distinct(document).values():
        name = "/".join(map(str, path))
        value = at(document, path)
        yield f"{name} missing", without(document, path)
        if isinstance(value, dict):
            yield f"{name} with a stranger", put(document, path, {**value, "stranger": 1})
        for wrong in WRONG:
            yield f"{name} = {wrong!r}", put(document, path, wrong)
        if isinstance(value, str):
            for long in TOO_LONG:
                yield f"{name} of {len(long)} characters", put(document, path, long)


CROSS: dict[str, tuple[str, dict[str, Any]]] = {
    "two kinds of content": ("root", {"callExe": {"exitCode": 0}}),
    "chart and attachment": ("root", {"chart": {"chartType": "Line", "label": "l", "xLabel": "x", "yLabel": "y", "series": []}, "attachment": {"name": "a"}}),
    "children without a call": ("root/steps/0", {"numericMeas": None, "steps": [{"group": "M", "stepType": "Action", "name": "n", "status": "D"}]}),
    "children beside a null call": ("root/steps/0", {"numericMeas": None, "seqCall": None, "steps": [{"group": "M", "stepType": "Action", "name": "n", "status": "D"}]}),
    "two rows, one without a name": ("root/steps/0", {"numericMeas": [{"compOp": "LOG", "status": "P", "value": 1, "name": "a"}, {"compOp": "LOG", "status": "P", "value": 1}]}),
    "two rows, one with an empty name": ("root/steps/0", {"numericMeas": [{"compOp": "LOG", "status": "P", "value": 1, "name": "a"}, {"compOp": "LOG", "status": "P", "value": 1, "name": ""}]}),
    "a test with a repair": ("", {"uur": None}),
    "a test with repair files": ("", {"binaryData": [{"contentType": "a", "data": "AAAA", "name": "n"}]}),
    "a test with no repair files": ("", {"binaryData": []}),
    "an inside operator with one limit": ("root/steps/0/numericMeas/0", {"compOp": "GELE", "highLimit": None}),
    "an outside operator with one limit": ("root/steps/0/numericMeas/0", {"compOp": "LTGT", "lowLimit": None}),
    "LE with its limit in highLimit": ("root/steps/0/numericMeas/0", {"compOp": "LE", "lowLimit": None}),
    "an operator in small letters": ("root/steps/0/numericMeas/0", {"compOp": "gele"}),
    "a string operator on a number": ("root/steps/0/numericMeas/0", {"compOp": "CASESENSIT"}),
    "a start without an offset": ("", {"start": "2026-03-17T08:14:05"}),
    "eight fraction digits": ("", {"start": "2026-03-17T08:14:05.12345678+01:00"}),
    "a bare point in startUTC": ("", {"startUTC": "2026-03-17T08:14:05.Z"}),
    "startUTC without a zone": ("", {"startUTC": "2026-03-17T08:14:05"}),
    "a null startUTC": ("", {"startUTC": None}),
    "server members": ("", {"origin": "x", "productName": "y", "assetStats": [{"assetSN": "1", "more": 2}]}),
    "asset statistics without an asset": ("", {"assetStats": [{"more": 2}]}),
    "a null among additional data": ("", {"additionalData": [None, {"name": "n", "props": [None]}]}),
    "an unknown type": ("", {"type": "X"}),
    "Python's name of a member": ("", {"process_code": 60}),
}  # fmt: skip

REPAIRS: dict[str, dict[str, Any]] = {
    "no unit itself": {"subUnits": [{"idx": 1, "pn": "a", "sn": "b"}]},
    "the unit itself twice": {
        "subUnits": [{"idx": 0, "pn": "a", "sn": "b"}, {"idx": 0, "pn": "a", "sn": "b"}]
    },
    "a unit without an index": {"subUnits": [{"idx": 0, "pn": "a", "sn": "b"}, {"pn": "a", "sn": "b"}]},
    "no units": {"subUnits": []},
    "null units": {"subUnits": None},
    "a repair with a test": {"uut": {"user": "x"}},
    "a repair with null steps": {"root": None},
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_examples_are_taken(name: str, wire: Draft202012Validator) -> None:
    """What the wire's own examples say, our models take."""
    document = example(name)

    assert wire.is_valid(document)
    assert takes(document)


@pytest.mark.parametrize("name", ["uut_minimal", "uut_rich_assets", "uur"])
def test_both_say_the_same_about_every_mutant(name: str, wire: Draft202012Validator) -> None:
    """Every distinct member, broken in every way we know, is refused by both or taken by both."""
    broken = list(mutants(thin(example(name))))

    differing = [what for what, mutant in broken if wire.is_valid(mutant) != takes(mutant)]

    assert differing == []
    assert len(broken) > 60


@pytest.mark.parametrize("what", CROSS)
def test_both_say_the_same_about_rules_over_several_members(what: str, wire: Draft202012Validator) -> None:
    """Rules that no single member can break."""
    place, members = CROSS[what]
    document = example("uut_minimal")
    path = tuple(int(key) if key.isdigit() else key for key in place.split("/") if key)
    at(document, path).update(members)

    assert takes(document) == wire.is_valid(document)


@pytest.mark.parametrize("what", REPAIRS)
def test_both_say_the_same_about_rules_of_repairs(what: str, wire: Draft202012Validator) -> None:
    """The unit itself has index 0, once, and a repair has no steps."""
    document = {**example("uur"), **REPAIRS[what]}

    assert takes(document) == wire.is_valid(document)


@pytest.mark.parametrize("name", EXAMPLES)
def test_what_we_write_the_wire_takes(name: str, wire: Draft202012Validator) -> None:
    """A dump leaves nulls out, but never a key that must be there even when null."""
    document = example(name)
    for unit in document.get("subUnits") or []:
        for failure in unit.get("failures") or []:
            failure["comRef"] = None
    if "uur" in document:
        document["uur"].update(refUUT=None, confirmDate=None, finalizeDate=None, execTime=None)

    written = json.loads(wsjf.dump(wsjf.of(document)))

    assert list(wire.iter_errors(written)) == []
