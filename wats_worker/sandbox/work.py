"""What a child does with its file: ask converters, or run one, and say in the result how it went.

Runs in the jail. The only place where converter code is called.
"""

import contextlib
import os
import sys
import time
import traceback
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from wats_worker.converters.base import NotReady, Refused, Source
from wats_worker.reports import wsjf
from wats_worker.reports.model import Report
from wats_worker.reports.validate.finding import Limits
from wats_worker.sandbox.loading import Shelf
from wats_worker.sandbox.result import ResultWriter, Unwanted

try:
    import resource
except ImportError:  # Windows
    resource = None  # type: ignore[assignment]

_LONGEST_TEXT: Final = 2000
_LONGEST_TRACE: Final = 8000
_MOST_WARNINGS: Final = 100
#: Of one report: check 15 would reject it, and here it can be said before it has gone through the pipe.
_LARGEST: Final = Limits().body_bytes


def run(job: Mapping[str, Any], source: Source, result: ResultWriter, shelf: Shelf) -> None:
    """Do the job and close the result, whatever happens."""
    probed: dict[str, Any] = {}
    try:
        header = _act(job, source, result, shelf, probed)
    except Refused as refused:
        header = {
            "kind": "refused",
            "reason": _text(refused.reason),
            "place": _text(refused.place),
            "field": _text(refused.field),
            "fix": _text(refused.fix),
        }
    except NotReady as unready:
        header = {"kind": "unready", "reason": _text(unready.reason)}
    except MemoryError:
        header = {"kind": "memory", "at": result.reports + 1}
    except Unwanted:
        return
    except BaseException as error:  # noqa: BLE001 - a converter may raise anything, SystemExit included
        header = _failed(error)
    if header["kind"] != "converted":
        result.drop()
    with contextlib.suppress(Unwanted):
        result.close({**header, **probed, "peak_kb": _peak_kb(), "cpu_s": time.process_time()})


def source_of(descriptor: int, name: str) -> Source:
    """The file behind an open descriptor."""
    modified = datetime.fromtimestamp(os.fstat(descriptor).st_mtime, UTC)
    return Source.of_descriptor(descriptor, name, modified=modified)


def _peak_kb() -> int:
    if resource is None:
        return 0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak // 1024 if sys.platform == "darwin" else peak  # macOS counts bytes


def _act(
    job: Mapping[str, Any], source: Source, result: ResultWriter, shelf: Shelf, probed: dict[str, Any]
) -> dict[str, Any]:
    """Do the job; what the probes said is kept in ``probed``, whatever comes of a conversion after them."""
    if job["do"] == "convert":
        return _convert(job["converter"], job["options"], source, result, shelf)
    probed |= _probe(job["converters"], source, shelf)
    best = _best(probed["scores"])
    if job.get("then") is None or best is None:
        return {"kind": "probed"}
    # The owner decides, and throws this away if it decides otherwise. Mostly it does not, and saves a child.
    probed["tried"] = best
    return _convert(best, job["then"], source, result, shelf)


def _best(scores: Mapping[str, float]) -> str | None:
    """The one who is surest, if there is one."""
    ranking = sorted(scores, key=scores.__getitem__, reverse=True)
    if not ranking or scores[ranking[0]] == 0:
        return None
    return None if len(ranking) > 1 and scores[ranking[0]] == scores[ranking[1]] else ranking[0]


def _probe(names: Sequence[str], source: Source, shelf: Shelf) -> dict[str, Any]:
    """Ask each converter; one that fails does not keep the others from answering."""
    scores: dict[str, float] = {}
    faults: dict[str, str] = {}
    for name in names:
        try:
            score = float(shelf.take(name).probe(source.head, source.tail, source.name))
            if not 0.0 <= score <= 1.0:
                raise ValueError(f"a probe answers 0 to 1, not {score}")  # noqa: TRY301 - one way out
            scores[name] = score
        except Exception as error:  # noqa: BLE001 - a probe may raise anything; it is reported by name
            faults[name] = _say(error)
    return {"scores": scores, "faults": faults}


def _convert(
    name: str, options: Mapping[str, Any], source: Source, result: ResultWriter, shelf: Shelf
) -> dict[str, Any]:
    converter = shelf.take(name)
    given = 0
    for report in converter.convert(source, converter.options.model_validate(options)):
        if not isinstance(report, dict):
            return {"kind": "bad", "detail": f"{name} gave a {type(report).__name__}, not a report"}
        given += 1
        result.add(_body(report, given))
    if not given:
        return {"kind": "bad", "detail": f"{name} gave no report, and no reason"}
    return {"kind": "converted", "warnings": [_text(one) for one in source.warnings[:_MOST_WARNINGS]]}


def _body(report: Report, number: int) -> bytes:
    body = wsjf.dump(report)
    if len(body) > _LARGEST:
        raise Refused(
            f"a report of {len(body)} bytes, and {_LARGEST} is the most that is sent",
            place=f"report {number}",
            fix="leave attachments out or thin its charts out, or let the tester write smaller units",
        )
    return body


def _failed(error: BaseException) -> dict[str, Any]:
    try:
        return {"kind": "failed", "detail": _say(error), "trace": _trace(error)}
    except MemoryError:  # an error can be too large to be told
        return {"kind": "failed", "detail": type(error).__name__, "trace": ""}


def _say(error: BaseException) -> str:
    return traceback.format_exception_only(error)[-1].strip()[:_LONGEST_TEXT]


def _trace(error: BaseException) -> str:
    """The traceback from where our own code was left.

    It travels in the result and not in the log, which may be full.
    """
    frame = error.__traceback__
    while frame is not None and frame.tb_frame.f_globals.get("__package__") == __package__:
        frame = frame.tb_next
    return "".join(traceback.format_exception(type(error), error, frame))[-_LONGEST_TRACE:]


def _text(value: object) -> str | None:
    return None if value is None else str(value)[:_LONGEST_TEXT]
