"""A file that grows is cut between units, whenever somebody looks."""

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st
from logs import convert
from support import shared

from wats_worker.converters.arrival import GROWS, PAIRS, Grows
from wats_worker.converters.registry import bundled
from wats_worker.watch.cut import Headings, cut, missing

ROWS = Grows(heading="SN", key=("SN", "Time"))
RUNS = Grows(begins=("START",), ends=("END",))
STARTS = Grows(begins=("START",))


@dataclass
class Reader:
    """Takes piece after piece of a file, as the watcher does."""

    rules: Grows
    taken: int = 0
    mark: int = 0
    headings: Headings = ()
    pieces: list[bytes] = field(default_factory=list)

    def look(self, data: bytes, *, quiet: bool) -> None:
        found = cut(
            data[self.mark :], self.rules, headings=self.headings, taken=self.taken - self.mark, quiet=quiet
        )
        if found is not None:
            piece = data[self.mark :][found.start : found.end]
            self.pieces.append(b"".join(found.headings) + piece)
            self.taken, self.mark = self.mark + found.end, self.mark + found.mark
            self.headings = found.mark_headings


def rows(piece: bytes) -> list[bytes]:
    """The lines of a piece that are no headings."""
    return [line for line in piece.splitlines() if line.strip() and not line.startswith(b"SN")]


def test_a_unit_goes_when_the_next_one_begins():
    """The last one may still get lines."""
    reader = Reader(ROWS)
    data = b"SN\tTime\tV\nA\t1\t5\nA\t1\t6\nA\t2\t7\nB"

    reader.look(data, quiet=False)

    assert reader.pieces == [b"SN\tTime\tV\nA\t1\t5\nA\t1\t6\n"]
    reader.look(data + b"\t3\t8\n", quiet=True)
    assert reader.pieces[1] == b"SN\tTime\tV\nA\t2\t7\nB\t3\t8\n"


def test_every_heading_that_holds_goes_in_front():
    """Results and curves have headings of their own, and rows of either may come next."""
    reader = Reader(ROWS)
    data = b"SN\tTime\tResult\nA\t1\tPASS\nSN\tTime\tCurve\nA\t1\t7\nB\t2\tPASS\nSN\tTime\tCurve\nB\t2\t8\nC\t3\tx\n"

    reader.look(data, quiet=False)

    reader.look(data, quiet=True)
    assert reader.pieces[1] == b"SN\tTime\tResult\nSN\tTime\tCurve\nC\t3\tx\n"


def test_lines_that_come_late_bring_the_whole_unit_again():
    """Its first report was made of less than all."""
    reader = Reader(ROWS)
    data = b"SN\tTime\tV\nA\t1\t5\nB\t2\t6\n"
    reader.look(data, quiet=True)

    reader.look(data + b"B\t2\t7\n", quiet=True)
    reader.look(data + b"B\t2\t7\nC\t3\t8\n", quiet=True)

    assert [rows(piece) for piece in reader.pieces] == [
        [b"A\t1\t5", b"B\t2\t6"],
        [b"B\t2\t6", b"B\t2\t7"],
        [b"C\t3\t8"],
    ]


def test_a_unit_with_an_end_waits_for_it():
    """However long that takes."""
    reader = Reader(RUNS)
    data = b"START\n1\nEND\nSTART\n2\n"

    reader.look(data, quiet=True)

    assert reader.pieces == [b"START\n1\nEND\n"]
    assert missing(data[reader.mark :], RUNS, taken=0) == "its last unit has no end"
    reader.look(data + b"END\nSTART\n", quiet=False)
    assert reader.pieces[1] == b"START\n2\nEND\n"


def test_a_line_without_its_end_is_left():
    """The tester is in the middle of it."""
    reader = Reader(Grows())
    reader.look(b"1\n2\n3", quiet=True)

    assert reader.pieces == [b"1\n2\n"]
    assert missing(b"3", Grows()) == "its last line has no end"


def test_headings_alone_are_nothing_to_take():
    """A tester that has just begun its file."""
    reader = Reader(ROWS)
    reader.look(b"\xef\xbb\xbfSN\tTime\n\n", quiet=True)

    assert reader.pieces == []
    assert missing(b"\xef\xbb\xbfSN\tTime\n\n", ROWS) == ""


def test_columns_that_are_not_there_tell_nothing_apart():
    """Then a pause does, and nothing is taken twice."""
    reader = Reader(Grows(heading="SN", key=("Serial",)))
    data = b"SN\tV\nA\t1\nB\t2\n"
    reader.look(data, quiet=False)
    reader.look(data, quiet=True)
    reader.look(data + b"B\t3\n", quiet=True)

    assert [rows(piece) for piece in reader.pieces] == [[b"A\t1", b"B\t2"], [b"B\t3"]]


def test_what_holds_at_a_heading_is_bounded():
    """A heading in every line must not become a heading of a gigabyte."""
    reader = Reader(ROWS)
    data = b"".join(b"SN\tTime\t%0200d\nA\t%d\n" % (number, number) for number in range(1000))

    reader.look(data, quiet=False)

    assert sum(map(len, reader.headings)) <= 64 * 1024


def units_of(count: int) -> list[list[bytes]]:
    return [[b"S%d\t%d\t%d\n" % (n, n, row) for row in range(1 + n % 3)] for n in range(count)]


@pytest.mark.parametrize("rules", [ROWS, STARTS, RUNS], ids=["rows", "starts", "runs"])
@given(count=st.integers(1, 8), looks=st.lists(st.tuples(st.integers(0, 400), st.booleans()), max_size=12))
def test_whenever_somebody_looks_each_line_arrives_and_no_unit_is_halved(rules, count, looks):
    """Also when a pause was taken for an end: then the last piece with the unit has all of it."""
    if rules is ROWS:
        units = units_of(count)
        data = b"SN\tTime\tV\n" + b"".join(b"".join(unit) for unit in units)
    else:
        units = [[b"START\n", *unit, b"END\n"] for unit in units_of(count)]
        data = b"".join(b"".join(unit) for unit in units)
    reader = Reader(rules)

    for size, quiet in sorted(looks):
        reader.look(data[: min(size, len(data))], quiet=quiet)
    reader.look(data, quiet=True)

    for unit in units:
        last = next(piece for piece in reversed(reader.pieces) if unit[0 if rules is ROWS else 1] in piece)
        assert b"".join(unit) in last
    if not any(quiet for _, quiet in looks):
        assert [row for piece in reader.pieces for row in rows(piece)] == rows(data)


def test_the_runs_of_a_spea_file_are_told_apart():
    """Ten runs, each a report; cut as they come they make the same ones."""
    data = shared("corpus/files/spea-3030-csv/testdata_SN9871234012.csv").read_bytes()
    reader = Reader(GROWS["spea-3030"])

    for end in range(0, len(data) + 9000, 9000):
        reader.look(data[:end], quiet=False)

    pieces = [convert("spea-3030", piece, process_code=10).documents for piece in reader.pieces]
    assert len(pieces) > 5
    assert [one for piece in pieces for one in piece] == convert("spea-3030", data, process_code=10).documents


def test_what_is_known_of_testers_is_known_of_converters():
    """A name that no converter has would never be looked up."""
    assert {*GROWS, *PAIRS} <= set(bundled())
