"""STDF: the real lots against facts read by hand, and records of every kind on their own."""

import bz2
import gzip
import io
import json
import math
import struct
import tracemalloc
import zipfile
from collections.abc import Iterator
from itertools import islice
from typing import Any

import golden
import pytest
from logs import convert, probe
from support import shared

from wats_worker.converters import stdf
from wats_worker.converters.base import NotReady, Refused, Source

NAME = "stdf"
START = 1773731645  # 2026-03-17T07:14:05Z
#: What an MIR says by its names in the report.
LOT = {
    "Lot": "LOT-7",
    "Part type": "PN-1",
    "Node": "T-1",
    "Tester type": "X9",
    "Job": "final",
    "Job revision": "3",
}
FAIL, NO_VERDICT = 0x80, 0x40
#: Neither a low nor a high limit of the specification.
PLAIN = 0x0E


class Bytes:
    """Writes records in one byte order."""

    def __init__(self, order: str = "<") -> None:
        self.order = order

    def record(self, kind: tuple[int, int], *fields: bytes) -> bytes:
        body = b"".join(fields)
        return struct.pack(f"{self.order}HBB", len(body), *kind) + body

    def n(self, kinds: str, *values: float) -> bytes:
        return struct.pack(self.order + kinds, *values)

    def far(self, cpu: int | None = None, version: int = 4) -> bytes:
        return self.record(
            (0, 10), bytes((cpu if cpu is not None else 2 if self.order == "<" else 1, version))
        )

    def mir(self, start: int = START, mode: bytes = b"P", **facts: str) -> bytes:
        lot = {**LOT, **{name.replace("_", " "): text for name, text in facts.items()}}
        order = (
            "Lot", "Part type", "Node", "Tester type", "Job", "Job revision", "Sublot", "Operator", "Tester software",
            "Tester software version", "Test phase",
        )  # fmt: skip
        fixed = self.n("IIB", START, start, 1) + mode + b"  " + self.n("H", 0xFFFF) + b" "
        return self.record((1, 10), fixed, *(text(lot.get(name, "")) for name in order))

    def pir(self, site: int = 1) -> bytes:
        return self.record((5, 10), bytes((1, site)))

    def ptr(
        self, number: int, value: float, *, site: int = 1, flags: int = 0, parameters: int = 0, name: str = "",
        options: int | None = None, low: float | None = None, high: float | None = None, unit: str = "", alarm: str = "",
    ) -> bytes:  # fmt: skip
        fields = [self.n("IBBBBf", number, 1, site, flags, parameters, value)]
        if name or alarm or options is not None:
            fields += [text(name), text(alarm)]
        if options is not None:
            fields.append(bytes((options, 3, 3, 3)))
            fields.append(self.n("ff", low or 0.0, high or 0.0) + text(unit))
        return self.record((15, 10), *fields)

    def first(self, number: int, value: float, **facts: Any) -> bytes:
        """The first record of a test, which says everything."""
        usual = {"name": f"Test {number}", "options": PLAIN, "low": 1.0, "high": 2.0, "unit": "V"}
        return self.ptr(number, value, **{**usual, **facts})

    def ftr(self, number: int, *, site: int = 1, flags: int = 0, name: str = "", vector: str = "") -> bytes:
        rest = (
            self.n("BIIIIiihHHH", 0xF7, 12, 0, 0, 3, 0, 0, 0, 0, 0, 0)
            + text(vector)
            + text("") * 2
            + text(name)
        )
        return self.record((15, 20), self.n("IBBB", number, 1, site, flags), rest)

    def mpr(
        self, number: int, values: list[float], *, flags: int = 0, pins: list[int] | None = None, **said: Any
    ) -> bytes:
        pins = pins or []
        fixed = self.n("IBBBBHH", number, 1, 1, flags, 0, len(pins), len(values))
        states = bytes((len(pins) + 1) // 2)
        fields = [fixed, states, self.n(f"{len(values)}f", *values)]
        if said:
            options = said.get("options", PLAIN)
            fields += [text(said.get("name", "")), text(""), bytes((options, 0, 0, 0))]
            fields += [
                self.n(
                    "ffff",
                    said.get("low", 0),
                    said.get("high", 0),
                    said.get("begin", 0),
                    said.get("increment", 0),
                )
            ]
            fields += [self.n(f"{len(pins)}H", *pins), text(said.get("unit", "")), text(said.get("of", ""))]
        return self.record((15, 15), *fields)

    def prr(
        self, identity: str = "SN-1", *, site: int = 1, flags: int = 0, hard: int = 1, soft: int = 1,
        x: int = -32768, y: int = -32768, ms: int = 1500, about: str = "",
    ) -> bytes:  # fmt: skip
        fixed = self.n("BBBHHHhhI", 1, site, flags, 1, hard, soft, x, y, ms)
        return self.record((5, 20), fixed, text(identity), text(about))

    def bin(self, kind: int, number: int, name: str, verdict: bytes = b" ") -> bytes:
        return self.record((1, kind), self.n("BBHI", 255, 0, number, 1), verdict, text(name))

    def file(self, *middle: bytes, **facts: Any) -> bytes:
        return b"".join((self.far(), self.mir(**facts), *middle, self.mrr()))

    def mrr(self) -> bytes:
        return self.record((1, 20), self.n("I", START + 60))

    def part(self, *tests: bytes, **end: Any) -> bytes:
        return b"".join((self.pir(end.get("site", 1)), *tests, self.prr(**end)))


def text(said: str) -> bytes:
    return bytes((len(said.encode("cp1252")),)) + said.encode("cp1252")


B = Bytes()


def reports(*middle: bytes, **options: Any) -> list[dict[str, Any]]:
    return convert(NAME, B.file(*middle), **{"process_code": 10, **options}).documents


def only(*tests: bytes, options: dict[str, Any] | None = None, **end: Any) -> dict[str, Any]:
    [document] = reports(B.part(*tests, **end), **(options or {}))
    return document


def step(*tests: bytes) -> dict[str, Any]:
    """The last step of a part with these tests."""
    return only(*tests)["root"]["steps"][-1]


def row(*tests: bytes) -> dict[str, Any]:
    return step(*tests)["numericMeas"][0]


def infos(document: dict[str, Any]) -> dict[str, str]:
    return {info["description"]: info["text"] for info in document["miscInfos"]}


class TestRealLots:
    @pytest.mark.parametrize("file", ["d10_1.std", "lot2.stdf"])
    def test_the_golden_facts_hold(self, file):
        """Little-endian and big-endian; one part and 1,569 of them."""
        facts = json.loads(shared(f"corpus/golden/stdf/{file}.json").read_text())

        documents = convert(NAME, shared(f"corpus/files/stdf/{file}").read_bytes(), process_code=10).documents

        assert golden.check(facts, documents) == []
        tests = sum("seqCall" not in one for document in documents for _, one in golden.steps(document))
        assert tests == sum(facts["counts"].get(kind, 0) for kind in ("PTR", "FTR"))
        for run in facts.get("runs", ()):
            [document] = [one for one in documents if one["sn"] == run["part"]]
            assert infos(document)["Hard bin"] == str(run["hard_bin"])
            assert document["result"] == run["result"]["value"][0]

    def test_a_packed_lot_is_the_same_lot(self):
        """As a tester's server keeps it."""
        plain, packed = (
            list(islice(stdf.convert(Source.of_bytes(data, "lot"), stdf.Options(process_code=10)), 30))
            for data in (
                shared(f"corpus/files/stdf/lot2.stdf{suffix}").read_bytes() for suffix in ("", ".bz2")
            )
        )

        assert packed == plain

    def test_what_is_out_of_order_is_refused(self):
        """A file that somebody made with every kind of record in it, the last one in its middle."""
        data = shared("corpus/files/stdf/x.stdf").read_bytes()

        with pytest.raises(Refused, match="behind the last one"):
            convert(NAME, data, process_code=10)


class TestTheLot:
    def test_its_facts_are_in_every_report(self):
        """Where a report has a place for them, else by name."""
        first, second = reports(B.part(identity="1"), B.part(identity="2", site=3))

        assert first["pn"] == "PN-1"
        assert first["rev"] == "3"
        assert first["machineName"] == "T-1"
        assert first["purpose"] == "Production"
        assert first["start"] == "2026-03-17T07:14:05+00:00"
        assert first["uut"]["batchSN"] == "LOT-7"
        assert first["uut"]["execTime"] == 1.5
        assert first["root"]["seqCall"] == {"name": "final", "version": "3"}
        assert infos(first)["Tester type"] == "X9"
        assert (first["uut"]["testSocketIndex"], second["uut"]["testSocketIndex"]) == (1, 3)

    def test_equipment_belongs_to_its_sites(self):
        """Others were tested with something else."""
        sdr = B.record(
            (1, 80),
            bytes((1, 1, 1, 2)),
            text("handler"),
            text("H-1"),
            *[text("")] * 4,
            text("dib"),
            text("D-9"),
        )

        one, two = reports(sdr + B.part(identity="1", site=1), B.part(identity="2", site=2))

        assert "Handler" not in infos(one)
        assert infos(two)["Handler"] == "handler H-1"
        assert two["uut"]["fixtureId"] == "D-9"

    def test_bins_have_their_names_from_behind_the_parts(self):
        """Summaries stand at the end of a file."""
        (document,) = reports(
            B.part(hard=5, soft=50), B.bin(40, 5, "LEAK", b"F"), B.bin(50, 50, "leak at VDD")
        )

        assert infos(document)["Hard bin"] == "5 (LEAK)"
        assert infos(document)["Soft bin"] == "50 (leak at VDD)"

    def test_a_wafer_and_a_place_on_it(self):
        """Of dies, which have neither socket nor label."""
        wir = B.record((2, 10), bytes((1, 255)), B.n("I", START), text("W-3"))

        (document,) = reports(wir + B.part(x=12, y=-3))

        assert infos(document)["Wafer"] == "W-3"
        assert infos(document)["Position"] == "x 12, y -3"

    @pytest.mark.parametrize(
        ("lot", "field"),
        [({"start": 0}, "start"), ({"Part_type": ""}, "part number")],
    )
    def test_what_is_missing_is_named(self, lot, field):
        """A lot without a start, or of nothing."""
        with pytest.raises(Refused) as refused:
            convert(NAME, B.file(B.part(), **lot), process_code=10)

        assert refused.value.field == field

    def test_a_count_that_differs_is_told(self):
        """The tester counted its parts as well."""
        pcr = B.record((1, 30), bytes((255, 0)), B.n("IIIII", 3, 0, 0, 0, 0))

        assert (
            "1 parts in the file, and the tester counted 3"
            in convert(NAME, B.file(B.part(), pcr), process_code=10).warnings
        )


class TestParts:
    def test_records_of_several_sites_interleave(self):
        """Each result goes to the part on its own site."""
        documents = reports(
            B.pir(1), B.pir(2), B.first(7, 1.1, site=1), B.ptr(7, 1.2, site=2),
            B.prr("B", site=2), B.prr("A", site=1, flags=8),
        )  # fmt: skip

        assert [(one["sn"], one["result"]) for one in documents] == [("B", "P"), ("A", "F")]
        values = [one["root"]["steps"][0]["numericMeas"][0]["value"] for one in documents]
        assert values == [pytest.approx(1.2), pytest.approx(1.1)]

    @pytest.mark.parametrize(
        ("flags", "tests", "bins", "result"),
        [
            (0, (), (), "P"),
            (8, (), (), "F"),
            (4, (), (), "T"),
            (12, (), (), "T"),
            (16, (), ((40, 1, "good", b"P"),), "P"),
            (24, (), ((40, 1, "bad", b"F"),), "F"),
            (16, (FAIL,), (), "F"),
            (16, (0,), (), "P"),
            (16, (), (), "E"),
        ],
    )
    def test_the_verdict_is_the_testers(self, flags, tests, bins, result):
        """Its own; where it gave none, that of the bin, then of the tests; and else it is none."""
        made = [B.first(7, 1.5, flags=flag) for flag in tests]

        (document,) = reports(B.part(*made, flags=flags), *(B.bin(*one) for one in bins))

        assert document["result"] == result
        assert ("Verdict" in infos(document)) == (flags >= 16)

    @pytest.mark.parametrize(
        ("naming", "end", "serial"),
        [
            ("part", {"identity": "   6"}, "6"),
            ("part", {"identity": "", "about": "SN-9"}, "SN-9"),
            ("lot-part", {"identity": "6"}, "LOT-7.6"),
            ("lot-x-y", {"identity": "", "x": 4, "y": -5}, "LOT-7.4.-5"),
        ],
    )
    def test_who_it_is_can_be_said_in_three_ways(self, naming, end, serial):
        """Ids are often counted anew in each lot, and dies have only their place."""
        assert only(options={"serial_number": naming}, **end)["sn"] == serial

    @pytest.mark.parametrize(
        ("naming", "end"), [("part", {"identity": ""}), ("part", {"identity": "N/A"}), ("lot-x-y", {})]
    )
    def test_a_part_that_is_nobody_is_refused(self, naming, end):
        """Nothing is made up, and the text says what can be set."""
        with pytest.raises(Refused) as refused:
            only(options={"serial_number": naming}, **end)

        assert refused.value.field == "serial number"

    def test_a_retest_is_a_run_of_its_own(self):
        """The server tells runs apart by their start, and all parts have that of the lot."""
        one, two = reports(B.part(B.first(7, 2.5, flags=FAIL), flags=8), B.part(B.ptr(7, 1.5), flags=1))

        assert one["sn"] == two["sn"]
        assert (one["start"], two["start"]) == (
            "2026-03-17T07:14:05+00:00",
            "2026-03-17T07:14:05.001+00:00",
        )
        assert "Retest" in infos(two)

    def test_a_piece_that_stands_twice_is_refused(self):
        """The same part with the same results to the last bit was not tested twice."""
        piece = B.part(B.first(7, 1.5))

        with pytest.raises(Refused, match="stand in the file twice"):
            reports(piece, piece)

    def test_sections_hold_their_tests(self):
        """One that is left open ends with its part; an empty one was none."""
        bps, eps = B.record((20, 10), text("leak")), B.record((20, 20))

        document, other = reports(
            B.part(bps, B.first(7, 2.5, flags=FAIL), eps, bps, eps, B.ptr(7, 1.5), identity="1"),
            B.part(bps, B.ptr(7, 1.5), identity="2"),
        )

        assert [(path, one["status"]) for path, one in golden.steps(document)] == [
            ("", "P"), ("/leak", "F"), ("/leak/Test 7", "F"), ("/Test 7", "P"),
        ]  # fmt: skip
        assert [path for path, _ in golden.steps(other)] == ["", "/leak", "/leak/Test 7"]

    def test_what_the_program_said_goes_along(self):
        """If it can only be about one part; texts, and data of its own."""
        dtr = B.record((50, 30), text("trimmed to 7"))
        gdr = B.record(
            (50, 10),
            B.n("H", 4),
            b"\x00",
            b"\x0a" + text("ID"),
            b"\x03" + B.n("I", 70000),
            b"\x07" + B.n("f", 0.5),
        )

        document = only(dtr, gdr)

        assert document["root"]["reportText"] == "trimmed to 7\nID 70000 0.5"

    @pytest.mark.parametrize(
        ("middle", "told"),
        [
            ((B.part(), B.pir(), B.first(7, 1.0)), "never ended"),
            ((B.pir(), B.pir(), B.prr()), "before the one before it ended"),
            ((B.first(7, 1.0), B.part()), "did not begin"),
            ((B.prr(),), "did not begin"),
            ((B.part(), B.first(7, 1.0, site=2)), "did not begin"),
            ((), "no part"),
            ((B.part(), B.record((5, 99))), "unknown kind 5/99"),
            ((B.part(), B.record((15, 30), bytes(40))), "scan test"),
            ((B.part(B.record((15, 10), bytes(9))),), "ends before its result"),
            ((B.part(B.record((15, 20), bytes(6))),), "ends before its verdict"),
            ((B.part(B.record((50, 30), b"")),), "0 bytes"),
            ((B.part(B.record((50, 30), b"\x05ab\x0fde")),), "control characters"),
            ((B.part(B.record((50, 30), b"\x09abc")),), "longer than its record"),
        ],
    )
    def test_what_does_not_fit_together_is_refused(self, middle, told):
        """With the place where it stands."""
        with pytest.raises(Refused, match=told):
            reports(*middle)

    def test_records_of_a_maker_are_passed_over(self):
        """Types from 180 on are theirs."""
        assert len(reports(B.part(), B.record((220, 5), b"anything"))) == 1


class TestResults:
    def test_the_first_record_of_a_test_speaks_for_all(self):
        """Name, unit and limits stand in the first, and hold for the records that leave them out."""
        _, document = reports(B.part(B.first(7, 1.5), identity="1"), B.part(B.ptr(7, 1.75), identity="2"))
        [made] = document["root"]["steps"]

        assert made["name"] == "Test 7"
        assert made["numericMeas"] == [
            {"compOp": "GELE", "status": "P", "value": 1.75, "lowLimit": 1.0, "highLimit": 2.0, "unit": "V"}
        ]

    def test_each_record_may_speak_for_itself(self):
        """Limits of its own count for it alone."""
        first, second, third = only(B.first(7, 1.5), B.first(7, 1.5, low=-1.0, high=9.0), B.ptr(7, 1.5))[
            "root"
        ]["steps"]

        assert [one["numericMeas"][0]["highLimit"] for one in (first, second, third)] == [2.0, 9.0, 2.0]

    @pytest.mark.parametrize(
        ("options", "expected"),
        [
            (PLAIN, {"compOp": "GELE", "lowLimit": 1.0, "highLimit": 2.0}),
            (PLAIN | 0x40, {"compOp": "LE", "lowLimit": 2.0}),
            (PLAIN | 0x80, {"compOp": "GE", "lowLimit": 1.0}),
            (PLAIN | 0xC0, {"compOp": "LOG"}),
        ],
    )
    def test_bits_say_which_limits_there_are(self, options, expected):
        """The numbers stand in the record all the same."""
        made = row(B.first(7, 1.5, options=options))

        assert {
            key: value for key, value in made.items() if key in {"compOp", "lowLimit", "highLimit"}
        } == expected

    @pytest.mark.parametrize(
        ("options", "low", "high"), [(0x10, 1.0, 9.0), (0x20, -1.0, 2.0), (0x30, 1.0, 2.0)]
    )
    def test_bits_say_which_limits_are_those_of_the_first(self, options, low, high):
        """One may be new, and the other one not."""
        made = row(B.first(7, 1.5), B.first(7, 1.5, options=PLAIN | options, low=-1.0, high=9.0))

        assert (made["lowLimit"], made["highLimit"]) == (low, high)

    def test_the_largest_number_is_no_limit(self):
        """And neither is infinity."""
        assert row(B.first(7, 1.5, low=-3.4028234663852886e38, high=math.inf))["compOp"] == "LOG"

    @pytest.mark.parametrize(
        ("flags", "status", "said"),
        [
            (0, "P", ""),
            (FAIL, "F", ""),
            (0x01, "P", "alarm: OVER"),
            (0x04, "P", "unreliable"),
            (FAIL | 0x08, "F", "timed out"),
            (0x10, "S", "not executed"),
            (0x20, "T", "aborted"),
            (NO_VERDICT, "D", "Limits that nothing was held against: 1, 2"),
        ],
    )
    def test_the_flags_are_the_verdict(self, flags, status, said):
        """The value is held against nothing: it lies outside of its limits."""
        made = step(B.first(7, 5.0, flags=flags, alarm="OVER"))

        assert made["status"] == status
        assert said in made["reportText"]
        assert ("numericMeas" in made) == (status != "S")

    def test_a_result_that_is_not_valid_is_none(self):
        """Its number means nothing."""
        assert row(B.first(7, 1.5, flags=0x02 | FAIL)) == {
            "compOp": "GELE", "status": "F", "value": "NaN", "lowLimit": 1.0, "highLimit": 2.0, "unit": "V",
        }  # fmt: skip

    @pytest.mark.parametrize(
        ("value", "written"), [(math.nan, "NaN"), (math.inf, "Infinity"), (-math.inf, "-Infinity")]
    )
    def test_what_is_no_number_stays_in_its_step(self, value, written):
        """As the wire writes it; the flags decide."""
        made = row(B.first(7, value, flags=FAIL))

        assert (made["value"], made["status"]) == (written, "F")

    def test_a_limit_is_exclusive_where_a_value_on_it_failed(self):
        """The bit for that is left out by most testers, and so believed only then."""
        assert row(B.first(7, 2.0, flags=FAIL))["compOp"] == "GELT"
        assert row(B.first(7, 2.0, flags=FAIL, parameters=0x80))["compOp"] == "GELE"
        assert row(B.first(7, 1.0, flags=FAIL))["compOp"] == "GTLE"
        assert row(B.first(7, 2.0))["compOp"] == "GELE"

    def test_scales_are_for_displays(self):
        """What is stored is in the unit that is named."""
        assert row(B.first(7, 1.5))["value"] == 1.5

    def test_a_name_may_stand_behind_the_parts(self):
        """In a summary, where a tester saves it in each result; and else the number is the name."""
        tsr = B.record(
            (10, 30), bytes((255, 0)), b"P", B.n("IIII", 7, 1, 0, 0), text("from the end"), text(""), text("")
        )

        (document,) = reports(B.part(B.ptr(7, 1.5), B.ptr(8, 1.5)), tsr)

        assert [one["name"] for one in document["root"]["steps"]] == ["from the end", "Test 8"]

    def test_two_tests_may_share_a_number(self):
        """Then their names tell them apart, and each has limits of its own."""
        tests = (
            B.first(7, 1.5, name="one"), B.first(7, 1.5, name="two", high=9.0), B.ptr(7, 1.5, name="one"),
            B.ptr(7, 1.5, name="two"),
        )  # fmt: skip

        limits = [one["numericMeas"][0]["highLimit"] for one in only(*tests)["root"]["steps"]]

        assert limits == [2.0, 9.0, 2.0, 9.0]

    def test_a_functional_test_has_a_verdict_and_no_value(self):
        """With what it says about where it failed."""
        good, bad = only(B.ftr(9, name="scan"), B.ftr(9, name="scan", vector="v7", flags=FAIL))["root"][
            "steps"
        ]

        assert (good["stepType"], good["status"], good["booleanMeas"]) == ("ET_PFT", "P", [{"status": "P"}])
        assert (bad["name"], bad["status"], bad["booleanMeas"]) == ("scan", "F", [{"status": "F"}])
        assert "Vector: v7" in bad["reportText"]
        assert "Failing pins: 3" in bad["reportText"]

    def test_several_results_are_rows_with_the_names_of_their_pins(self):
        """One verdict for all: it is put to the rows that are out of the limits."""
        pmr = B.record((1, 60), B.n("HH", 4, 0), text("ch"), text("phys"), text("CLK"), bytes((1, 1)))
        mpr = B.mpr(9, [1.5, 2.5], pins=[4, 5], flags=FAIL, name="leak", low=1.0, high=2.0, unit="uA")

        (document,) = reports(pmr + B.part(mpr, B.mpr(9, [1.5, 1.5], pins=[4, 5])))
        failed, passed = document["root"]["steps"]

        assert failed["stepType"] == "ET_MNLT"
        assert [(one["name"], one["status"]) for one in failed["numericMeas"]] == [
            ("CLK", "P"),
            ("pin 5", "F"),
        ]
        assert [(one["name"], one["unit"]) for one in passed["numericMeas"]] == [
            ("CLK", "uA"),
            ("pin 5", "uA"),
        ]

    def test_several_results_may_be_over_a_condition(self):
        """It begins somewhere and goes on in equal steps."""
        mpr = B.mpr(9, [1.0, 2.0, 3.0], name="sweep", options=0x0C, begin=0.5, increment=0.25, of="V")

        assert [one["name"] for one in step(mpr)["numericMeas"]] == ["0.5 V", "0.75 V", "1 V"]

    def test_letters_outside_ascii_are_read(self):
        """As testers write them: in cp1252, or in UTF-8."""
        assert step(B.first(7, 1.5, name="Größe"))["name"] == "Größe"


class TestTheFile:
    @pytest.mark.parametrize("order", ["<", ">"])
    def test_bytes_may_stand_in_either_order(self, order):
        """The first record says in which."""
        b = Bytes(order)
        data = b.file(b.part(b.first(7, 1.5)))

        [document] = convert(NAME, data, process_code=10).documents

        assert document["root"]["steps"][0]["numericMeas"][0]["value"] == 1.5
        assert probe(NAME, data) == 0.98

    @pytest.mark.parametrize(
        ("data", "told"),
        [
            (B.far(cpu=1) + B.mir() + B.part() + B.mrr(), "the other order"),
            (B.far(cpu=0) + B.mir() + B.part() + B.mrr(), "DEC VAX"),
            (B.far(version=3) + B.mir() + B.part() + B.mrr(), "version 3"),
            (B.far() + B.part() + B.mrr(), "where the MIR should be"),
            (B.file(B.part()) + B.file(B.part()), "behind the last one"),
            (B.file(B.part()) + b"rubbish", "behind the last"),
            (B.file(b"\xff\xff\x0f\x0a", B.part()), "not complete"),
        ],
    )
    def test_a_file_that_makes_no_sense_is_refused(self, data, told):
        """Not read as far as it goes."""
        with pytest.raises(Refused, match=told):
            convert(NAME, data, process_code=10)

    @pytest.mark.parametrize("cut", [6, 60, 150, -8, -1])
    def test_a_file_without_its_end_may_still_be_written(self, cut):
        """Wherever it was cut: between two records, or in one."""
        with pytest.raises(NotReady):
            convert(NAME, B.file(B.part(B.first(7, 1.5)), B.part(identity="2"))[:cut], process_code=10)

    def test_packed_files_are_looked_into(self):
        """As gzip, bzip2 or zip; the probe sees what is in them."""
        data = B.file(B.part())
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as made:
            made.writestr("lot.stdf", data)

        for packed in (gzip.compress(data), bz2.compress(data), archive.getvalue()):
            assert probe(NAME, packed) == 0.98
            assert (
                convert(NAME, packed, process_code=10).documents
                == convert(NAME, data, process_code=10).documents
            )

    def test_a_packed_file_without_its_end_may_still_be_written(self):
        """But what was cut before it was packed will not grow any more."""
        data = B.file(B.part())

        with pytest.raises(NotReady):
            convert(NAME, gzip.compress(data)[:-9], process_code=10)
        with pytest.raises(Refused, match="MRR"):
            convert(NAME, gzip.compress(data[:-8]), process_code=10)

    def test_a_bomb_is_refused(self):
        """Zeros pack better than any log."""
        data = B.far() + B.mir() + B.record((220, 1), bytes(60_000)) * 400

        with pytest.raises(Refused, match="unpacks to more"):
            convert(NAME, gzip.compress(data, 9), process_code=10)

    def test_an_archive_holds_one_lot(self):
        """Which of two would it be?"""
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as made:
            made.writestr("a.stdf", B.file(B.part()))
            made.writestr("b.stdf", B.file(B.part()))

        with pytest.raises(Refused, match="1 is the most"):
            convert(NAME, archive.getvalue(), process_code=10)

    def test_a_large_lot_takes_little_memory(self):
        """Reports are given one by one, and nothing of a part is kept but its name."""
        part = B.ptr(7, 1.5) * 200

        def pieces() -> Iterator[bytes]:
            yield B.far() + B.mir()
            yield B.part(B.first(7, 1.5), identity="0")
            for number in range(1, 200):
                yield B.pir() + part + B.prr(str(number))
            yield B.mrr()

        data = b"".join(pieces())
        source = Source.of_bytes(data, "lot.stdf")
        tracemalloc.start()
        count = sum(1 for _ in stdf.convert(source, stdf.Options(process_code=10)))
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()

        assert count == 200
        assert peak < 4_000_000  # all of it would be some 40
