"""What a line looks like: JSON for collectors, columns for people.

What comes from outside can neither break a line nor reach the terminal's controls: file names, answers of a
server and converters' words are escaped and clipped.
"""

import json
import logging
import math
import time
import traceback
from collections.abc import Mapping
from itertools import islice
from typing import Any, Final

from wats_worker.logs.mask import Mask

#: No value is longer than this, and no trace than twice as much: lines are read by people and collectors.
_LONGEST: Final = 2000
#: No list shows more than this.
_MOST: Final = 50
#: Attributes that every record has; anything else came as ``extra``.
_OWN: Final = frozenset({*vars(logging.makeLogRecord({})), "message", "asctime", "taskName"})
_COLOURS: Final = {"WARNING": "\x1b[33m", "ERROR": "\x1b[31m", "CRITICAL": "\x1b[1;31m"}


class JsonFormat(logging.Formatter):
    """One JSON object per line."""

    def __init__(self, stage: str, mask: Mask) -> None:
        super().__init__()
        self._stage = stage
        self._mask = mask

    def format(self, record: logging.LogRecord) -> str:
        """The line for one event."""
        line: dict[str, Any] = {
            "time": _time(record, "T") + "Z",
            "level": record.levelname.lower(),
            "stage": self._stage,
            "event": _clip(self._mask(record.getMessage())),
        }
        line = line | {name: _plain(value, self._mask) for name, value in _facts(record).items()} | line
        line["logger"] = record.name
        if "file_id" in line:
            # By this name collectors find the trace; the id of a file's trace is the file's own.
            line["trace_id"] = line["file_id"]
        if trace := _trace(record, self._mask):
            line["trace"] = trace
        return json.dumps(line)


class HumanFormat(logging.Formatter):
    """One line for people; a trace below it."""

    def __init__(self, stage: str, mask: Mask, *, colour: bool) -> None:
        super().__init__()
        self._stage = stage
        self._mask = mask
        self._colour = colour

    def format(self, record: logging.LogRecord) -> str:
        """The line for one event."""
        line = f"{_time(record)} {record.levelname:7} {self._stage:8} {_event(record, self._mask)}"
        if self._colour and record.levelname in _COLOURS:
            line = f"{_COLOURS[record.levelname]}{line}\x1b[0m"
        trace = _trace(record, self._mask).splitlines()
        return "\n".join([line, *(f"    {_printable(row)}" for row in trace)])


def in_short(record: logging.LogRecord, mask: Mask) -> str:
    """An event and its facts in one line, without time and trace."""
    error = record.exc_info[1] if record.exc_info else None
    return _event(record, mask) if error is None else f"{_event(record, mask)} {_shown(repr(error), mask)}"


def _event(record: logging.LogRecord, mask: Mask) -> str:
    facts = [f"{name}={_shown(value, mask)}" for name, value in _facts(record).items()]
    return " ".join([_printable(_clip(mask(record.getMessage()))), *facts])


def _facts(record: logging.LogRecord) -> dict[str, Any]:
    """What the event was given beside its word."""
    return {name: value for name, value in vars(record).items() if name not in _OWN and value is not None}


def _time(record: logging.LogRecord, between: str = " ") -> str:
    seconds = time.strftime(f"%Y-%m-%d{between}%H:%M:%S", time.gmtime(record.created))
    return f"{seconds}.{int(record.created % 1 * 1000):03d}"


def _trace(record: logging.LogRecord, mask: Mask) -> str:
    """The end of the trace, which says what happened."""
    if not record.exc_info or record.exc_info[1] is None:
        return ""
    trace = mask("".join(traceback.format_exception(record.exc_info[1])).rstrip())
    return trace if len(trace) <= 2 * _LONGEST else "… " + trace[-2 * _LONGEST :]


def _clip(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}… ({len(text)} characters)"


def _plain(value: Any, mask: Mask) -> Any:
    """A value as JSON knows it; what it does not know becomes text."""
    if isinstance(value, bool | int) or (isinstance(value, float) and math.isfinite(value)):
        return value
    if isinstance(value, Mapping):
        return {mask(str(key)): _plain(item, mask) for key, item in islice(value.items(), _MOST)}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item, mask) for item in islice(value, _MOST)]
    return _clip(mask(str(value)))


def _shown(value: Any, mask: Mask) -> str:
    """A value for people: quoted where a blank in it would hide where it ends."""
    text = _printable(_clip(mask(str(value))))
    return text if text and " " not in text else f'"{text}"'


def _printable(text: str) -> str:
    r"""Text without line breaks and without the terminal's control signs.

    >>> print(_printable("log\x1b[2J\nINFO forged"))
    log\x1b[2J\nINFO forged
    """
    return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in text)
