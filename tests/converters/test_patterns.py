"""Regular expressions of strangers: taken when no text can keep them busy, refused with a clear word else."""

import re
import time

import pytest

from wats_worker.converters.mapped.patterns import LONGEST_LINE, safe

TAKEN = [
    r"^Serial: (\S+)",
    r"(\S+)\s+(\S+)\s+(\S+)\s+PASS",
    r"^([^;]*);([^;]*);([^;]*);([^;]*)$",
    r"^(?P<name>[^(]+)\((?P<unit>[^)]*)\) *(?P<low>[-\d.]+) *<= *x *<= *(?P<high>[-\d.]+)",
    r"^(.*?)=(.*)$",
    r"(?i)^result: (pass|fail)\b",
    r"(?:ab)*c",
    r"(\d+)(?= *V)",
    r"\d{4}-\d{2}-\d{2}",
    r"^(?>x+)y",
    r"[^\d\s]+\d",
]
REFUSED = [
    (r"(\w+ *)+=", "inside of a repeat"),
    (r"(a+)+$", "inside of a repeat"),
    (r"(a|a)*b", "inside of a repeat"),
    (r"(a|ab)*c", "inside of a repeat"),
    (r"((\w)*)*$", "inside of a repeat"),
    (r"(?:a?){50}a{50}", "varies in length"),
    (r"(x+x+)+y", "inside of a repeat"),
    (r"^(?:\d+|\w+)*$", "inside of a repeat"),
    (r"(.*?);(.*?);(.*?)$", "repeats in a row"),
    (r"^.*.*.*$", "repeats in a row"),
    (r"\s*\s*x", "repeats in a row"),
    (r"x{0,10000}x{0,10000}y", "repeats in a row"),
    (r"^\w+\d+\w+!", "repeats in a row"),
    (r"^(?=.*.*.*x)", "repeats in a row"),
    (r"(.)\1", "asked for again"),
    (r"(?P<a>x)(?(a)y|z)", "asked for again"),
    (r"[", "not a regular expression"),
    (r"(?P<name", "not a regular expression"),
]


@pytest.mark.parametrize("pattern", TAKEN)
def test_what_people_write_is_taken(pattern: str) -> None:
    """As long as there is one way only to find it."""
    assert safe(pattern).pattern == pattern


@pytest.mark.parametrize(("pattern", "why"), REFUSED)
def test_what_could_run_for_hours_is_refused(pattern: str, why: str) -> None:
    """With the reason, and what to write instead."""
    with pytest.raises(ValueError, match=why):
        safe(pattern)


@pytest.mark.parametrize("pattern", TAKEN)
def test_what_is_taken_is_quick_on_the_worst_lines(pattern: str) -> None:
    """Lines of one character, and of what the pattern nearly finds."""
    compiled = safe(pattern)
    lines = [character * LONGEST_LINE for character in "a1 ;=x(\t"]
    lines += [("ab" * LONGEST_LINE)[:LONGEST_LINE], ("1 " * LONGEST_LINE)[:LONGEST_LINE]]

    start = time.process_time()
    for line in lines:
        compiled.search(line)
    assert time.process_time() - start < 5.0


def test_the_nodes_are_those_of_this_python() -> None:
    """The analysis rests on the engine's own parser, which has no public name: see that it is still like this."""
    assert re.compile(r"a") == safe(r"a")
    for pattern in (r"(?:a+){2}", r"(?:a+)++", r"(?>a+)+", r"(?s:.+)+", r"(?=(a+)+)b"):
        with pytest.raises(ValueError, match="repeat"):
            safe(pattern)
