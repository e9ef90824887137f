"""One file through the convert stage: take it, choose its converter, run it in the jail, check, save, offer.

Whatever kills this process between two steps, nothing is lost: until the reports are safe on the spool the
file is converted again by whoever takes it next, with the same ids; afterwards reconciling offers what the
queue has not seen.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from wats_broker.dispatch import Dispatch
from wats_broker.errors import IllegalMove
from wats_broker.fleet import Fleet
from wats_broker.journal import Fact, Journal, Taken
from wats_broker.messages import FileSeen, Offer
from wats_broker.metrics import counted, observed
from wats_broker.queue import UploadQueue
from wats_broker.states import FileState
from wats_broker.switches import Kind, Switches
from wats_worker.convert.accept import Accepted
from wats_worker.convert.attempt import Attempt, attempt
from wats_worker.convert.choose import Thresholds
from wats_worker.convert.disposal import Absent, Again, Quarantine, Suspend, decide
from wats_worker.convert.hold import TERM_S, held
from wats_worker.convert.interrupt import GoingHome, Interrupt
from wats_worker.convert.known import Knowledge
from wats_worker.convert.repeats import repeats
from wats_worker.convert.rules import Rule, overruled
from wats_worker.convert.workshop import Workshop
from wats_worker.converters.base import MOST_WARNINGS
from wats_worker.converters.finish import FIELDS
from wats_worker.sandbox.errors import JailUnavailable
from wats_worker.sandbox.outcome import Broken, Refusal, Unready
from wats_worker.spool.errors import SpoolUnusable
from wats_worker.spool.made import Making
from wats_worker.spool.model import FileMeta, Place
from wats_worker.spool.spool import Draft, Spool
from wats_worker.telemetry import SILENCE, Span, Traces

log = logging.getLogger(__name__)

#: Bytes that the disk has to have left for a conversion to be worth its while. The watcher stops long before.
_LEAST_ROOM: Final = 4 * 2**20


@dataclass(frozen=True)
class Patience:
    """When to give up."""

    max_attempts: int = 3
    unfinished_s: float = 30.0  #: how long a file may wait for its missing end


class Pipeline:
    """The convert stage of one worker process.

    Args:
        worker: Name of this process; conversions are held under it.
        switches: What is not to be used just now.
        workshop: The converters and their jail.
        knowledge: What is known of the server.
        rules: By source name. A file whose source is no longer configured goes by the default rule.
        interrupt: Breaks a conversion off.
        fleet: Hears what keeps this worker from converting.
        traces: Who is told of each file's way.
    """

    def __init__(
        self,
        *,
        worker: str,
        spool: Spool,
        journal: Journal,
        queue: UploadQueue,
        dispatch: Dispatch,
        switches: Switches,
        workshop: Workshop,
        knowledge: Knowledge,
        rules: Mapping[str, Rule],
        thresholds: Thresholds,
        patience: Patience,
        interrupt: Interrupt | None = None,
        fleet: Fleet | None = None,
        traces: Traces = SILENCE,
    ) -> None:
        self._worker = worker
        self._spool = spool
        self._journal = journal
        self._queue = queue
        self._dispatch = dispatch
        self._switches = switches
        self._workshop = workshop
        self._knowledge = knowledge
        self._rules = rules
        self._thresholds = thresholds
        self._patience = patience
        self._interrupt = interrupt or Interrupt()
        self._fleet = fleet
        self._traces = traces
        self._trouble: tuple[str, str] | None = None

    def run(self, file_id: str, *, attempt_name: str) -> str:
        """Convert one file.

        Args:
            file_id: Which.
            attempt_name: Tells this delivery of the message from another one to the same process.

        Returns:
            What became of it, in a word: a file state, ``busy``, ``finished`` or ``left``.
        """
        room = self._spool.room()
        if not room.writable or room.free_bytes < _LEAST_ROOM:
            return self._leave("spool", room.trouble or "the spool's disk is full or read-only")
        holder = f"{self._worker}/{attempt_name}"
        taken = self._journal.take(file_id, worker=holder, term_s=TERM_S)
        try:
            if taken.kind == "unknown":
                # Redis forgot; the spool has not.
                if self._spool.place(file_id) is not Place.WAITING:
                    return "finished"
                self._journal.seen(_seen(self._spool.meta(file_id)))
                taken = self._journal.take(file_id, worker=holder, term_s=TERM_S)
            if taken.kind != "taken":
                return taken.kind
            meta = self._spool.meta(file_id)
            with (
                self._traces.span("convert", file_id, source=meta.source, attempt=taken.attempt) as span,
                held(self._journal, file_id, holder),
            ):
                state = self._convert(meta, taken, span)
                span.add(state=state)
        except GoingHome:
            self._journal.give_back(file_id, worker=holder, reason="its worker went home")
            self._dispatch.convert([(file_id, meta.pool, meta.priority)])
            log.info("file_given_back", extra={**_about(meta), "reason": "this worker goes home"})
            return "left"
        except (SpoolUnusable, JailUnavailable) as problem:
            # Not the file's fault, so no attempt either. Reconciling sends it again after a while.
            self._journal.give_back(file_id, worker=holder, reason=str(problem))
            return self._leave("jail" if isinstance(problem, JailUnavailable) else "spool", str(problem))
        except IllegalMove as problem:
            # Somebody else has it, or the journal forgot everything. Reconciling goes on from the spool.
            log.warning("file_left", extra={**_about(meta), "reason": str(problem)})
            return "left"
        self._go_on()
        return state.value

    def _leave(self, what: str, trouble: str) -> str:
        """Leave a file for better days; what is wrong is logged once and not for every file."""
        if (what, trouble) != self._trouble:
            self._go_on()  # one thing at a time keeps it from its work
            log.error("converting_stopped", extra={"reason": trouble})
            self._trouble = (what, trouble)
        if self._fleet is not None:
            self._fleet.complain(self._worker, what, trouble)
        return "left"

    def _go_on(self) -> None:
        if self._trouble is None:
            return
        log.info("converting_goes_on")
        if self._fleet is not None:
            self._fleet.content(self._worker, self._trouble[0])
        self._trouble = None

    def _convert(self, meta: FileMeta, taken: Taken, span: Span) -> FileState:
        if taken.deaths > self._patience.max_attempts:
            return self._quarantine(
                meta,
                Quarantine(
                    f"its worker died {taken.deaths} times while converting it",
                    fix="look for kills from outside (memory, watchdog) at those times, then replay it",
                ),
            )
        known = self._knowledge.now()
        self._workshop.switch_off(
            {name: str(off) for name, off in self._switches.off_lately(Kind.CONVERTER).items()}
        )
        self._workshop.load_anew(self._switches.rung_lately())
        with self._spool.draft(meta.file_id) as draft:
            with (
                self._traces.span("jail", meta.file_id, within=span) as jailed,
                self._spool.bytes_of(meta.file_id) as path,
                self._interrupt.allowed(),
            ):
                tried = attempt(
                    meta.file_id,
                    path,
                    meta.name,
                    overruled(self._rules.get(meta.source, Rule()), meta.converter, meta.options),
                    tray=draft,
                    workshop=self._workshop,
                    thresholds=self._thresholds,
                    known=known,
                )
                jailed.add(converter=tried.converter, **vars(tried.usage))
            if isinstance(tried.result, tuple):
                return self._deliver(meta, tried, tried.result, taken.attempt, draft, span)
        match tried.result:
            case Quarantine() as why:
                return self._quarantine(meta, why, tried=tried)
            case outcome:
                return self._dispose(meta, outcome, tried, taken.attempt)

    def _deliver(
        self,
        meta: FileMeta,
        tried: Attempt,
        reports: Sequence[Accepted],
        number: int,
        draft: Draft,
        span: Span,
    ) -> FileState:
        if self._spool.changed(meta.file_id):
            # A writer held it open through its claim. Reconciling gives it the identity it should have.
            reason = "it was written to after its claim"
            self._journal.record(meta.file_id, "file_given_back", state=FileState.SEEN, reason=reason)
            log.warning("file_given_back", extra={**_about(meta), "reason": reason})
            return FileState.SEEN
        runs = [one.run for one in reports if one.run is not None]
        warnings = list(dict.fromkeys([*tried.warnings, *repeats(self._journal, runs)]))
        draft.keep(_making(tried, number, warnings[:MOST_WARNINGS]))
        fields: dict[str, Fact] = {
            "converter": tried.converter,
            "reports": len(reports),
            "warnings": len(warnings),
        }
        self._journal.record(
            meta.file_id,
            "file_converted",
            state=FileState.CONVERTED,
            fields=fields,
            reports=len(reports),
            warnings="; ".join(warnings[:20]) or None,
            jail_ms=round(tried.usage.wall_s * 1000, 1),
            cpu_ms=round(tried.usage.cpu_s * 1000, 1),
            tallies=[
                counted("reports", meta.source, tried.converter, "made", by=len(reports)),
                *_tallies(tried),
            ],
            **_terms(tried),
        )
        with self._traces.span("offer", meta.file_id, within=span, reports=len(reports)) as offering:
            offered = self._queue.offer(
                meta.file_id, [Offer(one.report_id, meta.priority, one.size) for one in reports]
            )
            offering.add(ready=offered.ready, held=offered.held)
            self._dispatch.drain(offered.permits)
        log.info(
            "file_converted", extra={**_about(meta), "converter": tried.converter, "reports": len(reports)}
        )
        return FileState.CONVERTED

    def _dispose(
        self, meta: FileMeta, outcome: Refusal | Unready | Broken | Absent, tried: Attempt, number: int
    ) -> FileState:
        decision = decide(
            outcome,
            attempt=number,
            max_attempts=self._patience.max_attempts,
            waited_s=self._journal.time() - datetime.fromisoformat(meta.claimed_at).timestamp(),
            patience_s=self._patience.unfinished_s,
        )
        stderr = outcome.stderr if isinstance(outcome, Broken) else b""
        match decision:
            case Quarantine():
                return self._quarantine(meta, decision, stderr, tried=tried)
            case Suspend():
                self._journal.record(
                    meta.file_id,
                    "file_suspended",
                    state=FileState.SUSPENDED,
                    reason=decision.reason,
                    tallies=_tallies(tried),
                    **_terms(tried),
                )
                log.info("file_suspended", extra={**_about(meta), "reason": decision.reason})
                return FileState.SUSPENDED
            case Again():
                self._journal.record(
                    meta.file_id,
                    "file_given_back",
                    state=FileState.SEEN,
                    reason=decision.reason,
                    tallies=_tallies(tried),
                    **_terms(tried),
                )
                log.warning("file_given_back", extra={**_about(meta), "reason": decision.reason})
                self._dispatch.convert([(meta.file_id, meta.pool, meta.priority)])
                return FileState.SEEN

    def _quarantine(
        self, meta: FileMeta, why: Quarantine, stderr: bytes = b"", *, tried: Attempt | None = None
    ) -> FileState:
        told = {
            name: value
            for name, value in (
                ("reason", why.reason),
                ("place", why.place),
                ("field", why.field),
                ("fix", why.fix),
            )
            if value
        }
        self._spool.quarantine(meta.file_id, told, stderr)
        story = told | (_terms(tried) if tried else {})
        fields: dict[str, Fact] = (
            {**told, "converter": tried.converter} if tried and tried.converter else {**told}
        )
        self._journal.record(
            meta.file_id,
            "file_quarantined",
            state=FileState.QUARANTINED,
            fields=fields,
            tallies=_tallies(tried) if tried else (),
            **story,
        )
        self._queue.release(meta.file_id)
        if self._traces.on:
            claimed_at = datetime.fromisoformat(meta.claimed_at).timestamp()
            self._traces.whole(meta.file_id, began_at=claimed_at, failed="quarantined", source=meta.source)
        if why.field == FIELDS["processCode"]:
            self._knowledge.want_newer()
        log.warning("file_quarantined", extra={**_about(meta), **told})
        return FileState.QUARANTINED


def _about(meta: FileMeta) -> dict[str, str]:
    # "name" is a log record's own attribute.
    return {"file_id": meta.file_id, "source": meta.source, "file": meta.name}


def _seen(meta: FileMeta) -> FileSeen:
    return FileSeen(meta.file_id, meta.source, meta.name, meta.size, meta.pool, meta.priority)


def _making(tried: Attempt, number: int, warnings: Sequence[str]) -> Making:
    return Making(
        converter=tried.converter,
        version=tried.version,
        options=dict(tried.options),
        jail=tried.terms,
        attempt=number,
        wall_s=round(tried.usage.wall_s, 4),
        cpu_s=round(tried.usage.cpu_s, 4),
        peak_mb=round(tried.usage.peak_mb, 1),
        # A converter may say what no text can hold.
        warnings=tuple(text.encode(errors="backslashreplace").decode() for text in warnings),
    )


def _tallies(tried: Attempt) -> list[str]:
    """What is counted of an attempt, whatever came of it."""
    used, found = tried.usage, []
    if used.wall_s:
        found = [
            observed("jail", tried.converter, seconds=used.wall_s),
            observed("overhead", seconds=used.overhead_s),
            counted("cpu", tried.converter, by=round(used.cpu_s * 1_000_000)),
        ]
    match tried.result:
        case Broken(kind=kind):
            found.append(counted("faults", tried.converter, kind))
        case Unready():
            found.append(counted("retries", "convert", "unready"))
        case Absent():
            found.append(counted("retries", "convert", "converter absent"))
    return found


def _terms(tried: Attempt) -> dict[str, Any]:
    """Who converted, and under which terms: what the jail enforced, and what the converter was granted."""
    told = {"converter": tried.converter, "jail": tried.terms}
    return {name: value for name, value in told.items() if value}
