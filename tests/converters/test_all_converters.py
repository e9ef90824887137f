"""What must hold for every converter: whom it claims, what it emits, and what broken files come to."""

import json
from pathlib import Path
from typing import Any

import bad
import golden
import nobodys
import pytest
from formats import FORMATS, REPORTING, TEXT, good
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from logs import convert, probe, result, ts_file, ts_report
from referencing import Registry, Resource
from support import shared

from wats_worker.converters.base import NotReady, Refused
from wats_worker.converters.registry import bundled


def made_of(converter: str, data: bytes) -> list[dict[str, Any]]:
    """The reports of a file, with the options its format needs."""
    return convert(converter, data, file=FORMATS[converter].file, **FORMATS[converter].options).documents


def outcome(converter: str, data: bytes) -> str | list[dict[str, Any]]:
    """What a file comes to: reports, or the word for none. Anything else is a crash, and ends the test."""
    if probe(converter, data) < 0.6 and not FORMATS[converter].named:
        return "rejected"  # nobody claims it
    try:
        return made_of(converter, data)
    except Refused:
        return "rejected"
    except NotReady:
        return "deferred"


def claims(data: bytes, name: str) -> dict[str, float]:
    """How sure each converter is."""
    return {converter: probe(converter, data, name) for converter in FORMATS}


def test_every_converter_has_its_place_in_the_matrix() -> None:
    """What is not in the table above is asked about no file."""
    assert set(FORMATS) == set(bundled())


def test_every_file_of_the_corpus_has_one_owner_or_none() -> None:
    """What real machines have written: its converter is sure of it, no other comes near, some have none yet."""
    corpus = shared("corpus/files")
    owners = {path: name for name in FORMATS for glob in FORMATS[name].mine for path in corpus.glob(glob)}
    wrong = {}
    for path in (path for path in corpus.rglob("*") if path.is_file()):
        sure = claims(path.read_bytes(), path.name)
        own = sure.pop(owners.get(path, ""), 1.0)
        if own < 0.6 or max(sure.values()) > min(0.3, own - 0.15):
            wrong[str(path.relative_to(corpus))] = {name: score for name, score in sure.items() if score} | {
                "own": own
            }

    assert wrong == {}


@pytest.mark.parametrize("owner", sorted(FORMATS))
def test_converters_do_not_claim_each_others_files(owner: str) -> None:
    """Two that are nearly as sure would leave the file to nobody."""
    sure = claims(good(owner), "log")

    assert sure.pop(owner) >= 0.6 or FORMATS[owner].named
    assert {name: score for name, score in sure.items() if score} == {}


def test_what_is_nobodys_is_claimed_by_nobody() -> None:
    """Prose, noise, pictures, archives, other programs' files, under whatever name they come."""
    names = ["log", *{Path(format_.good).name for format_ in FORMATS.values() if format_.good}]
    claimed = {
        (what, name): sure
        for what, data in nobodys.samples()
        for name in (names if len(data) < 5000 else names[:1])
        if any((sure := claims(data, name)).values())
    }

    assert claimed == {}


@pytest.fixture(scope="module")
def upload() -> Draft202012Validator:
    """What a client should hold itself to; wildcards in pn and sn are a warning, not a rule."""
    schemas = [json.loads(shared(f"wats/{name}.schema.json").read_text()) for name in ("wsjf", "wsjf.upload")]
    for member in ("pn", "sn"):
        del schemas[1]["properties"][member]["pattern"]
    registry = Registry().with_resources(
        (schema["$id"], Resource.from_contents(schema)) for schema in schemas
    )
    return Draft202012Validator(schemas[1], registry=registry)


def every_report() -> list[dict[str, Any]]:
    failed = ts_report(result("A", "PassFailTest", "Failed"), status="Failed")
    minimal = ts_file(ts_report(uut={"UUTPartRevisionNumber": None}), failed.replace("SN-1", "SN-2"))
    examples = [
        shared(f"wats/examples/{name}.json").read_bytes()
        for name in ("uut_minimal", "uut_rich", "uut_rich_assets", "uur")
    ]
    without = convert(
        "teststand-xml",
        shared("corpus/files/teststand-xml/TsWithoutWats.xml").read_bytes(),
        part_number="P/1",
        process_code=10,
    )
    return [
        *without.documents,
        *(document for name in REPORTING for document in made_of(name, good(name))),
        *convert("teststand-xml", minimal).documents,
        *(document for data in examples for document in convert("wats-json", data).documents),
    ]


def test_every_report_we_emit_can_be_uploaded(upload: Draft202012Validator) -> None:
    """Once it has its id, it passes the wire's schema and the strict profile on top of it."""
    identity = "0f2f6a55-7a42-4f0c-b0c4-6f0e6a2b9e21"

    for document in every_report():
        assert [error.message for error in upload.iter_errors({"id": identity, **document})] == []


def test_an_id_is_only_given_by_the_log() -> None:
    """The pipeline makes the others, the same ones each time."""
    with_id = {document.get("id") for document in every_report()} - {None}

    assert "33a2d408-3fc8-480b-b554-6866c77fd91c" in with_id
    assert "id" not in convert("wats-text", TEXT).documents[0]
    assert "id" not in convert("teststand-xml", good("teststand-xml")).documents[0]


@pytest.mark.parametrize("converter", REPORTING)
def test_the_same_bytes_make_the_same_reports(converter: str) -> None:
    """A file that comes again must be recognised by what it becomes."""
    assert made_of(converter, good(converter)) == made_of(converter, good(converter))


def verdicts(reports: str | list[dict[str, Any]]) -> list[Any]:
    """What reports say without their values."""
    return [
        (report["sn"], report["start"], [(path, step["status"]) for path, step in golden.steps(report)])
        for report in reports
        if isinstance(report, dict)
    ]


#: A cut file is given time; after that it is refused as well.
CUT_OFF = {
    "one_byte",
    "truncated_50",
    "truncated_99",
    "footer_missing",
    "xml_unclosed",
    "zip_no_central_directory",
}


#: These put something that is no number where a measured value was.
ONE_VALUE = {"num_nan", "num_inf", "stdf_nan_result", "stdf_inf_result"}


@pytest.mark.parametrize("converter", sorted(name for name, format_ in FORMATS.items() if format_.good))
def test_broken_files_come_to_what_they_must(converter: str, tmp_path: Path) -> None:
    """About fifty ways to break a good file, each with the outcome it has to have."""
    (folder, name), otherwise = FORMATS[converter].good.split("/"), FORMATS[converter].otherwise
    original = good(converter)
    # What is broken of several files that belong together is the first of them.
    seed = shared(f"corpus/files/{folder}/{name}").read_bytes() if folder == "klippel" else original
    expected = bad.variants(folder, name, seed, tmp_path, FORMATS[converter].fields)
    reports = made_of(converter, original)
    wrong = []
    for variant in expected:
        path = tmp_path / variant["file"]
        if not path.is_file():
            continue
        data = FORMATS[converter].whole(path)
        allowed = {variant["expected"], *variant.get("accept_also", ())}
        allowed |= {"deferred"} if variant["variant"] in CUT_OFF else set()
        allowed |= {"rejected"} if "quarantined" in allowed else set()
        allowed |= {"converted"} if data == original else set()
        allowed = {otherwise[variant["variant"]]} if variant["variant"] in otherwise else allowed
        found = outcome(converter, data)
        word = found if isinstance(found, str) else "converted"
        same = word != "converted" or variant["expected"] != "converted" or found == reports
        # A measured value that is none stays in its step, so just that differs.
        same = same or (variant["variant"] in ONE_VALUE and verdicts(found) == verdicts(reports))
        if word not in allowed or not same:
            wrong.append((variant["variant"], word, allowed))

    assert len(expected) > 15
    assert wrong == []


def broken(data: bytes) -> st.SearchStrategy[bytes]:
    """The bytes with a few of them changed, lost, doubled or moved."""
    at = st.integers(0, len(data) - 1)
    span = st.tuples(at, st.integers(1, 80))
    noise = st.binary(min_size=1, max_size=12) | st.sampled_from(
        [b"\n", b"\t", b'"', b"</Value>", b"NaN", b"-", b"9" * 40, b"\xe9", b"\0"]
    )

    def change(edits: list[tuple[tuple[int, int], bytes | None, int]]) -> bytes:
        made = bytearray(data)
        for (start, length), new, to in edits:
            piece = bytes(made[start : start + length])
            made[start : start + length] = new if new is not None else b""
            if new is None and to % 3 == 0:
                made[to:to] = piece
        return bytes(made)

    edit = st.tuples(span, st.none() | noise, at)
    return st.lists(edit, min_size=1, max_size=4).map(change)


@pytest.mark.parametrize("converter", sorted(FORMATS))
def test_whatever_happens_to_a_file_nothing_is_invented(converter: str) -> None:
    """A report that the model takes, a refusal, or a wait: never a crash, never an identity out of nothing."""
    original = good(converter)

    @given(broken(original))
    @settings(max_examples=150, deadline=None)
    def damaged(data: bytes) -> None:
        found = outcome(converter, data)
        # To XML a line end in an attribute is a blank.
        said = FORMATS[converter].says(data) if isinstance(found, list) else b""
        said += FORMATS[converter].file.encode()
        written = said + said.translate(bytes.maketrans(b"\t\r\n", b"   "))
        for document in found if isinstance(found, list) else []:
            for member in ("sn", "pn"):
                given = [FORMATS[converter].options.get("part_number")] if member == "pn" else []
                assert (
                    document[member] in given
                    or document[member].encode() in written
                    or document[member].encode("cp1252") in written
                )

    damaged()


@given(st.binary(max_size=400))
def test_noise_is_nobodys_file(data: bytes) -> None:
    """No converter claims it, and none that is given it all the same crashes."""
    for converter in bundled():
        assert probe(converter, data) == 0.0
        with pytest.raises((Refused, NotReady)):
            made_of(converter, data)
