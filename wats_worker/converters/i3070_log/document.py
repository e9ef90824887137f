"""From the records of a batch and a board test to the report's document."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from wats_worker.converters.base import Refused, Source
from wats_worker.converters.finish import begin, remember
from wats_worker.converters.i3070_log.options import Options
from wats_worker.converters.i3070_log.records import BoardTest, Lines, Record
from wats_worker.converters.i3070_log.steps import steps, told
from wats_worker.converters.starts import Told, compact
from wats_worker.converters.texts import Step, fit, say, shown

#: Field numbers of a batch.
_TYPE, _TYPE_REVISION, _FIXTURE, _TESTHEAD, _TESTHEAD_TYPE, _PROCESS, _BATCH = range(7)
_OPERATOR, _CONTROLLER, _PLAN, _PLAN_REVISION, _PANEL_TYPE, _PANEL_REVISION, _LABEL = range(7, 14)
#: Field numbers of a board test.
_ID, _STATUS, _START, _DURATION, _MULTIPLE, _LOG_LEVEL, _LOG_SET = range(7)
_LEARNING, _KNOWN_GOOD, _END, _QUALIFIER, _NUMBER, _PANEL = range(7, 13)

#: What a board's status means: its letter on the wire, and in words.
_STATUSES: Final[Mapping[int, tuple[str, str]]] = {
    0: ("P", "passed"),
    1: ("F", "uncategorized failure"),
    2: ("F", "pin test failed"),
    3: ("F", "failed while learning"),
    4: ("F", "shorts test failed"),
    6: ("F", "analog test failed"),
    7: ("F", "power supplies failed"),
    8: ("F", "digital or boundary scan test failed"),
    9: ("F", "functional test failed"),
    10: ("F", "pre-shorts test failed"),
    11: ("E", "board handler failed"),
    12: ("E", "bar code failed"),
    14: ("F", "vectorless test failed"),
    15: ("F", "polarity check failed"),
    16: ("F", "connect check failed"),
    17: ("F", "analog cluster failed"),
    80: ("E", "runtime error"),
    81: ("T", "stopped by the operator"),
    82: ("T", "broken off by the operator"),
    **dict.fromkeys(range(83, 90), ("T", "not completed")),
    **dict.fromkeys(range(90, 100), ("T", "a status of this site")),
}
#: Marked as missing on its panel: nothing was tested.
_CROSSED_OUT: Final = 13


def is_board(test: BoardTest, source: Source) -> bool:
    """Whether there was a board at all; a place of the panel that is crossed out has a record as well."""
    if _status(test.record) == _CROSSED_OUT:
        source.warn(f"{test.place}: a board that is crossed out on its panel, left out")
        return False
    return True


def document(
    test: BoardTest, source: Source, options: Options, runs: Told
) -> tuple[dict[str, Any], datetime]:
    """The report of one test in wire form, and its start by the tester's clock.

    Raises:
        Refused: a record can't be read; its line is named.
    """
    record, batch = test.record, test.batch or Record("BATCH", [], [], Lines(""), 0)
    result, words = _result(record, options)
    uut: dict[str, Any] = {"user": batch.get(_OPERATOR), "batchSN": batch.get(_BATCH) or None}
    made: dict[str, Any] = {
        "type": "T",
        "pn": batch.get(_TYPE),
        "rev": batch.get(_LABEL if options.revision_from == "label" else _TYPE_REVISION)
        or batch.get(_TYPE_REVISION),
        "sn": record.get(_ID),
        "processCode": options.process_codes.get(batch.get(_PROCESS)),
        "result": result,
        "machineName": batch.get(_CONTROLLER),
        "uut": uut,
    }
    if fixture := batch.get(_FIXTURE):
        uut["fixtureId"] = fixture
    _numbers(record, uut)
    clock = compact(record.get(_START), record.place)
    begin(made, runs.apart(made, clock, uut.get("testSocketIndex", 0), source), source, options)
    _infos(batch, record, made)
    made["root"] = _root(batch, record, result, words)
    return made, clock


def _status(record: Record) -> int:
    text = record.get(_STATUS)
    if not (text.isascii() and text.isdigit() and len(text) <= 4):
        raise Refused(f"{shown(text)} is not a status", place=record.place, field="result")
    return int(text)


def _result(record: Record, options: Options) -> tuple[str, str]:
    status = _status(record)
    known: tuple[str | None, str] = _STATUSES.get(status, (None, "a status of this site"))
    letter = options.user_statuses.get(status, known[0])
    if letter is None:
        fix = f'say what it means: user_statuses = {{ {status} = "F" }} in the options of the source'
        raise Refused(f"the status {status} is not known", place=record.place, field="result", fix=fix)
    return letter, known[1]


def _numbers(record: Record, uut: dict[str, Any]) -> None:
    """The duration in seconds and the board's number on its panel, as far as they are numbers."""
    for member, number, most in (("execTime", _DURATION, 10**9), ("testSocketIndex", _NUMBER, 2**15)):
        text = record.get(number)
        if text.isascii() and text.isdigit() and len(text) < 12 and int(text) < most:
            uut[member] = int(text)


def _infos(batch: Record, record: Record, made: dict[str, Any]) -> None:
    facts = {
        "Testhead": batch.get(_TESTHEAD),
        "Testhead type": batch.get(_TESTHEAD_TYPE),
        "Process step": batch.get(_PROCESS),
        "Test plan revision": batch.get(_PLAN_REVISION),
        "Panel type": batch.get(_PANEL_TYPE),
        "Panel revision": batch.get(_PANEL_REVISION),
        "Panel": record.get(_PANEL),
        "Log level": record.get(_LOG_LEVEL),
        "Status qualifier": record.get(_QUALIFIER),
    }
    for description, text in facts.items():
        if text:
            remember(made, description, text)
    for description, number in (
        ("Tested again", _MULTIPLE),
        ("Learning", _LEARNING),
        ("Known good board", _KNOWN_GOOD),
    ):
        if record.get(number).lower() in {"1", "y"}:
            remember(made, description, "yes")


def _root(batch: Record, record: Record, result: str, words: str) -> Step:
    root: Step = {"group": "M", "stepType": "SequenceCall", "name": "Board test", "status": result}
    if result != "P":
        say(root, f"Status {record.get(_STATUS)}: {words}")
    call = {"name": fit(root, "Test plan", batch.get(_PLAN), 200)}
    if revision := batch.get(_PLAN_REVISION):
        call["version"] = fit(root, "Test plan revision", revision, 30)
    root["seqCall"] = {member: text for member, text in call.items() if text}
    for text in told(record.children):
        say(root, text)
    root["steps"] = steps(record.children, record.get(_NUMBER))
    return root
