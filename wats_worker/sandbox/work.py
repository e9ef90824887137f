"""What a child does with its file: ask converters, or run one, and say in the result how it went.

Runs in the jail. The only place where converter code is called.
"""

import os
import resource
import traceback
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from wats_worker.converters.base import NotReady, Refused, Source
from wats_worker.reports import wsjf
from wats_worker.reports.model import Report
from wats_worker.sandbox.loading import Shelf
from wats_worker.sandbox.wire import Full, ResultWriter

_LONGEST_TEXT: Final = 2000
_LONGEST_TRACE: Final = 8000
_MOST_WARNINGS: Final = 100


def run(job: Mapping[str, Any], source: int, result: ResultWriter, shelf: Shelf) -> None:
    """Do the job and close the result, whatever happens."""
    probed: dict[str, Any] = {}
    try:
        header = _act(job, _source(source, job["name"]), result, shelf, probed)
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
        header = {"kind": "memory"}
    except Full:
        header = {"kind": "full"}
    except BaseException as error:  # noqa: BLE001 - a converter may raise anything, SystemExit included
        header = {"kind": "failed", "detail": _say(error), "trace": _trace(error)}
    if header["kind"] != "converted":
        result.drop()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    result.close({**header, **probed, "peak_kb": peak})


def _source(descriptor: int, name: str) -> Source:
    modified = datetime.fromtimestamp(os.fstat(descriptor).st_mtime, UTC)
    return Source.of_descriptor(descriptor, name, modified=modified)


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
        if not isinstance(report, Report):
            return {"kind": "bad", "detail": f"{name} gave a {type(report).__name__}, not a report"}
        result.add(wsjf.dump(report))
        given += 1
    if not given:
        return {"kind": "bad", "detail": f"{name} gave no report, and no reason"}
    return {"kind": "converted", "warnings": [_text(one) for one in source.warnings[:_MOST_WARNINGS]]}


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
