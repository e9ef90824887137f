"""Regular expressions from a configuration: taken only if no text, however it was made, can keep them busy.

Python's engine tries one way through a text after the other. Two repeats that can split the same characters
between them double the work with each one more; repeats inside of repeats do so with each character. The
first kind is counted here, the second refused. What remains is at worst quadratic in a line, and lines are
bounded.
"""

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Annotated, Any, Final, NamedTuple

# The parser of the engine itself: whatever it reads, we see. A parser of our own would read some things else.
# It has no public name; tests/converters/test_patterns.py tells when a new Python changes it.
from re import _constants as ops  # type: ignore[attr-defined]  # isort: skip
from re import _parser as parser  # type: ignore[attr-defined]  # isort: skip

from pydantic import AfterValidator, Field

#: Longer lines are not matched at all: no measurement was ever written into one.
LONGEST_LINE: Final = 4096
#: How many repeats may be able to split the same characters between them; beginning anywhere counts as one.
_MOST_SPLITS: Final = 2
#: A repeat up to so many times is as good as fixed.
_FEW: Final = 8

#: One character of each sort that classes tell apart, so that what holds for these holds for all.
_ALPHABET: Final = [*map(chr, range(32, 127)), "\t", "\xa0", "é", "µ", "²", "٣", "漢", "\x01"]
_SINGLE: Final = frozenset({ops.LITERAL, ops.NOT_LITERAL, ops.ANY, ops.IN})
_REPEATS: Final = frozenset({ops.MAX_REPEAT, ops.MIN_REPEAT, ops.POSSESSIVE_REPEAT})
_CATEGORIES: Final = {
    ops.CATEGORY_DIGIT: (re.compile(r"\d"), True),
    ops.CATEGORY_NOT_DIGIT: (re.compile(r"\d"), False),
    ops.CATEGORY_SPACE: (re.compile(r"\s"), True),
    ops.CATEGORY_NOT_SPACE: (re.compile(r"\s"), False),
    ops.CATEGORY_WORD: (re.compile(r"\w"), True),
    ops.CATEGORY_NOT_WORD: (re.compile(r"\w"), False),
}

_Node = tuple[Any, Any]


@lru_cache(maxsize=256)  # asked when the configuration is read, and again for each file
def safe(text: str) -> re.Pattern[str]:
    r"""Compile a regular expression that can't be kept busy.

    Raises:
        ValueError: it is none, or it can.

    >>> safe(r"^Serial: (\S+)").search("Serial: SN-1")[1]
    'SN-1'
    >>> safe(r"(\w+ *)+=")
    Traceback (most recent call last):
    ValueError: '(\\w+ *)+=': a repeat inside of a repeat; repeat one class of characters, such as [\w ]+
    """
    try:
        compiled = re.compile(text)
        nodes = list(parser.parse(text))
    except (re.error, RecursionError, OverflowError) as error:
        raise ValueError(f"{text!r} is not a regular expression: {error}") from None
    try:
        _refuse_nesting(nodes)
        # Searching is trying at every place: as if an unbounded repeat stood in front.
        anchored = (
            bool(nodes)
            and nodes[0][0] is ops.AT
            and nodes[0][1] in {ops.AT_BEGINNING, ops.AT_BEGINNING_STRING}
        )
        splits = max(_splits(nodes, character, int(not anchored)).most for character in _told_apart(nodes))
    except ValueError as error:
        raise ValueError(f"{text!r}: {error}") from None
    if splits > _MOST_SPLITS:
        raise ValueError(
            f"{text!r}: {splits - (not anchored)} repeats in a row can take the same characters"
            f"{'' if anchored else ', and it may begin anywhere: begin with ^'}; what is found is trimmed, so"
            r" blanks around it need no \s*, and [^;]* up to a semicolon is better than .*"
        )
    return compiled


def _checked(text: str) -> str:
    safe(text)
    return text


#: A regular expression in a model: checked when the configuration is.
Pattern = Annotated[str, Field(min_length=1, max_length=1000), AfterValidator(_checked)]


def _told_apart(nodes: Iterable[_Node]) -> Iterable[str]:
    """One character of each sort that these nodes tell apart: they treat all others like one of them."""
    singles = list(_singles(nodes))
    return {tuple(_takes(*one, character) for one in singles): character for character in _ALPHABET}.values()


class _Run(NamedTuple):
    """How many repeats in a row could take one character."""

    most: int
    last: int  # up to the end, with nothing behind it that couldn't


def _refuse_nesting(nodes: Iterable[_Node]) -> None:
    for op, argument in nodes:
        if op in {ops.GROUPREF, ops.GROUPREF_IGNORE, ops.GROUPREF_EXISTS}:
            raise ValueError("what a group found can't be asked for again")
        if op in _REPEATS:
            least, most, inner = argument
            below = list(inner)
            if most > 1 and _varies(below):
                raise ValueError(
                    "a repeat inside of a repeat; repeat one class of characters, such as [\\w ]+"
                    if most - least
                    else "a repeat of what varies in length; write it out"
                )
        for below in _below(op, argument):
            _refuse_nesting(below)


def _varies(nodes: Iterable[_Node]) -> bool:
    """Whether what these match can be of more than one length, or be matched in more than one way."""
    for op, argument in nodes:
        if op is ops.BRANCH or (op in _REPEATS and argument[0] != argument[1]):
            return True
        if any(_varies(below) for below in _below(op, argument)):
            return True
    return False


def _below(op: Any, argument: Any) -> list[list[_Node]]:
    """The sequences of nodes inside of a node."""
    if op is ops.BRANCH:
        return [list(branch) for branch in argument[1]]
    if op is ops.SUBPATTERN:
        return [list(argument[3])]
    if op in _REPEATS:
        return [list(argument[2])]
    if op in {ops.ASSERT, ops.ASSERT_NOT}:
        return [list(argument[1])]
    return [list(argument)] if op is ops.ATOMIC_GROUP else []


def _splits(nodes: Iterable[_Node], character: str, run: int) -> _Run:
    """Follow a sequence and count the repeats that could share a stretch of this character."""
    most = run
    for op, argument in nodes:
        if op in _SINGLE:
            run = run if _takes(op, argument, character) else 0
        elif op in _REPEATS:
            found = _repeat(*argument, character=character, run=run)
            most, run = max(most, found.most), found.last
        elif op in {ops.ASSERT, ops.ASSERT_NOT}:
            most = max(most, *(_splits(below, character, run).most for below in _below(op, argument)))
        elif inside := _below(op, argument):
            ways = [_splits(below, character, run) for below in inside]
            most, run = max(most, *(way.most for way in ways)), max(way.last for way in ways)
        most = max(most, run)
    return _Run(most, run)


def _repeat(least: int, most: int, inner: Iterable[_Node], *, character: str, run: int) -> _Run:
    nodes = list(inner)
    if most == 1:
        once = _splits(nodes, character, run)
        return _Run(once.most, max(run, once.last))
    takes = any(_takes(op, argument, character) for op, argument in _singles(nodes))
    if takes and most - least > _FEW:
        return _Run(run + 1, run + 1)
    kept = run if takes or not least else 0
    return _Run(max(run, kept), kept)


def _singles(nodes: Iterable[_Node]) -> Iterable[_Node]:
    for op, argument in nodes:
        if op in _SINGLE:
            yield op, argument
        for below in _below(op, argument):
            yield from _singles(below)


def _takes(op: Any, argument: Any, character: str) -> bool:
    """Whether one node for a single character matches this one."""
    if op is ops.ANY:
        return True
    if op is ops.LITERAL:
        return chr(argument).lower() == character.lower()  # (?i) may be on
    if op is ops.NOT_LITERAL:
        return chr(argument) != character
    negated = argument[0][0] is ops.NEGATE
    return negated != any(_in_class(kind, value, character) for kind, value in argument)


def _in_class(kind: Any, value: Any, character: str) -> bool:
    if kind is ops.LITERAL:
        return chr(value) == character
    if kind is ops.RANGE:
        return bool(value[0] <= ord(character) <= value[1])
    if kind is ops.CATEGORY:
        pattern, wanted = _CATEGORIES[value]
        return (pattern.fullmatch(character) is not None) is wanted
    return False
