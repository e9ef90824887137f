"""What must hold for every converter: whom it claims, what it emits, and what broken files come to."""

import itertools
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import bad
import golden
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from logs import convert, probe, result, ts_file, ts_report, wstf
from referencing import Registry, Resource
from support import shared

from wats_worker.converters.base import NotReady, Refused
from wats_worker.converters.registry import bundled


@dataclass(frozen=True)
class Format:
    """What the corpus has for one converter: its files, and a good one to break."""

    #: Which files of the corpus are this converter's, as patterns below its folder of files.
    mine: tuple[str, ...]
    #: The good file; of its folder there are broken variants.
    good: str = ""
    #: What must be configured for it.
    options: Mapping[str, Any] = field(default_factory=dict)
    #: Variants that come to something else than the corpus expects, each with the reason beside it.
    otherwise: Mapping[str, str] = field(default_factory=dict)
    #: What a packed file says.
    says: Callable[[bytes], bytes] = bytes
    #: Makes a large good file small.
    cut: Callable[[bytes], bytes] = bytes
    #: Nothing tells whose its files are: a source has to name it.
    named: bool = False
    #: It only says what its files are, and makes no reports.
    refuses: bool = False
    #: Where the good file has its serial number, date, number and footer, if it isn't the corpus's own choice.
    fields: Mapping[str, Any] = field(default_factory=dict)


#: Testers know no process codes.
ICT: Mapping[str, Any] = {"process_code": 10}

FORMATS: Mapping[str, Format] = {
    "agilent-report-txt": Format(
        ("agilent-report-txt/*",), "agilent-report-txt/67830015A6_report_out_e14gen8_iph_intel.txt", ICT
    ),
    "atml": Format(
        ("atml/*",),
        "atml/Report_EoLT_FC[EB03240FFFF1122223001048][7][11.08.2022][09 56 36].xml",
        {"process_code": 10},
    ),
    "devkit-csv": Format(("devkit-csv/*",), "devkit-csv/sample-enhanced.csv", {"process_codes": {"ICT": 30}}),
    "i3070-log-record": Format(
        ("i3070-log-record/*",), "i3070-log-record/f_6783000Z6C_050105034621ICT02631.log", ICT
    ),
    "i3070-not-a-test": Format(("i3070-probe-report/*", "i3070-diagnostics/*"), refuses=True),
    "i3070-text-report": Format(
        ("i3070-text-report/*",),
        "i3070-text-report/924048032007030130010001.txt",
        {**ICT, "part_number": "c"},
    ),
    "junit-xml": Format(("junit-xml/*",), "junit-xml/pytest92_bench.xml", ICT),
    "mapped-csv": Format((), options={**ICT, **bad.TABLE_MAPPING}, named=True),
    "mapped-text": Format((), options={**ICT, **bad.TEXT_MAPPING}, named=True),
    "pytest-json-report": Format(
        ("pytest-json-report/*",),
        "pytest-json-report/pytest_json_report_bench.json",
        ICT,
        # Python writes a bare NaN; the corpus's own file has one.
        {"num_nan": "converted"},
        cut=bad.of_a_unit,
        fields=bad.PYTEST,
    ),
    "seica-xml": Format((), options=ICT),
    "spea-3030": Format(
        ("spea-3030-csv/*",), "spea-3030-csv/testdata_SN9871234012.csv", ICT, cut=bad.two_short_runs
    ),
    "takaya-apt94xx": Format(
        ("takaya-apt94xx-atd/*",),
        "takaya-apt94xx-atd/12345 - SN0001 (FP1 - OP01).ATD",
        ICT,
        cut=bad.few_rows(rb"[0-9]{6} \"", 60),
        fields=bad.APT94XX,
    ),
    "takaya-atd": Format(("takaya-atd/*",), "takaya-atd/V682780_B_BOT-20230301082027.ATD", ICT),
    "takaya-atdx": Format(
        ("takaya-atdx/*",),
        "takaya-atdx/WO250319-0162__20250525_122655.atdx",
        ICT,
        cut=bad.first_block,
    ),
    "teradyne-gr228x": Format(("teradyne-gr228x/*",), "teradyne-gr228x/43420_BIO2.LOG", ICT),
    "teradyne-spectrum": Format(("teradyne-spectrum/*",), "teradyne-spectrum/sample_ict_data.txt", ICT),
    "teststand-db-csv": Format(
        ("teststand-db-csv/*",),
        "teststand-db-csv/Test Data HL.csv",
        {**ICT, "part_number": "HL"},
        cut=bad.few_rows(rb"20", 12),
        fields=bad.DATABASE,
    ),
    "teststand-xml": Format(("teststand-xml/*",), "teststand-xml/TSWithWats2.xml"),
    "tri-ict": Format(
        ("tri-ict-csv/*.csv", "tri-ict-csv/*.dcl"),
        "tri-ict-csv/202607231824206783001Y02IPS3_15IRH_I513420FAIL.csv",
        ICT,
    ),
    "wats-example-xml": Format(("wats-example-xml/*",), "wats-example-xml/XMLReport.xml"),
    "wats-json": Format(("wats-wsjf-wsxf/*.json",), "wats-wsjf-wsxf/uut-wsjf-export.json"),
    "wats-text": Format(()),
    "xjtag-xjlog": Format(
        ("xjtag-xjlog/*",),
        "xjtag-xjlog/55804022_XJT_2019-06-20_12-55-57_lumi_Pass.xjlog",
        {**ICT, "part_number": "BA-852"},
        says=bad.unzipped,
    ),
    "wats-xml": Format(("wats-wsjf-wsxf/*.xml",), "wats-wsjf-wsxf/uut-wsxf-export.xml", fields=bad.WSXF),
}
TEXT = wstf(
    ("SequenceCall", "Power"),
    ("NumericLimitTest", "Rail", "5V", "5.01", "4.9", "5.1", "GELE", "V", "Passed", "0.2"),
    ("NumericLimitTest", "", "12V", "11.3", "11.6", "12.4", "GELE", "V"),
    ("EndSequenceCall", "Power"),
    ("PassFailTest", "LED", "", "True"),
    ("Chart", "Line", "Ripple", "mV", "U", "us", "t"),
    ("Series", "CH1", "XYG", "1;2", "0;1"),
    footer={"UUTStatus": "Failed"},
    Subunit="PCBA\tPCB-1\tS-77\tC",
    Colour="green",
).encode()


REPORTING = sorted(name for name, format_ in FORMATS.items() if not format_.refuses)
#: Good files that tests write themselves, of formats the corpus has none of.
WRITTEN = {
    "wats-text": TEXT,
    "mapped-csv": bad.TABLE,
    "mapped-text": bad.TEXT,
    "seica-xml": bad.SEICA,
    "i3070-not-a-test": bad.PROBES,
}


def good(converter: str) -> bytes:
    if converter in WRITTEN:
        return WRITTEN[converter]
    return FORMATS[converter].cut(shared(f"corpus/files/{FORMATS[converter].good}").read_bytes())


def made_of(converter: str, data: bytes) -> list[dict[str, Any]]:
    """The reports of a file, with the options its format needs."""
    return convert(converter, data, **FORMATS[converter].options).documents


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


@pytest.mark.parametrize("converter", sorted(FORMATS))
def test_a_converter_claims_its_own_files_and_no_others(converter: str) -> None:
    """Over everything that real machines have written; a file without a converter must find none."""
    corpus = shared("corpus/files")
    mine = {path for pattern in FORMATS[converter].mine for path in corpus.glob(pattern)}
    sure = {
        path: probe(converter, path.read_bytes(), path.name) for path in corpus.rglob("*") if path.is_file()
    }

    assert {path for path in mine if sure[path] < 0.6} == set()
    assert {path: score for path, score in sure.items() if score > 0.3 and path not in mine} == {}


@pytest.mark.parametrize(("owner", "other"), list(itertools.permutations(sorted(FORMATS), 2)))
def test_converters_do_not_claim_each_others_files(owner: str, other: str) -> None:
    """Two that are nearly as sure would leave the file to nobody."""
    assert probe(owner, good(owner)) >= 0.6 or FORMATS[owner].named
    assert probe(other, good(owner)) == 0.0


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


@pytest.mark.parametrize("converter", sorted(name for name, format_ in FORMATS.items() if format_.good))
def test_broken_files_come_to_what_they_must(converter: str, tmp_path: Path) -> None:
    """About fifty ways to break a good file, each with the outcome it has to have."""
    (folder, name), otherwise = FORMATS[converter].good.split("/"), FORMATS[converter].otherwise
    original = good(converter)
    expected = bad.variants(folder, name, original, tmp_path, FORMATS[converter].fields)
    reports = made_of(converter, original)
    wrong = []
    for variant in expected:
        path = tmp_path / variant["file"]
        if not path.is_file():
            continue
        data = path.read_bytes()
        allowed = {variant["expected"], *variant.get("accept_also", ())}
        allowed |= {"deferred"} if variant["variant"] in CUT_OFF else set()
        allowed |= {"rejected"} if "quarantined" in allowed else set()
        allowed |= {"converted"} if data == original else set()
        allowed = {otherwise[variant["variant"]]} if variant["variant"] in otherwise else allowed
        found = outcome(converter, data)
        word = found if isinstance(found, str) else "converted"
        same = word != "converted" or variant["expected"] != "converted" or found == reports
        # A measured value that is none stays in its step, so just that differs.
        same = same or (variant["variant"] in {"num_nan", "num_inf"} and verdicts(found) == verdicts(reports))
        if word not in allowed or not same:
            wrong.append((variant["variant"], word, allowed))

    assert len(expected) > 20
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
