"""The outside truth about traffic: every request, how it ended, and how many were under way at once."""

import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Final

from wats_worker.simulator.database import Database

_AT_ONCE: Final = "max_in_flight"
#: So many rows wait at most for the next report to be written with.
_WAITING: Final = 500


@dataclass(slots=True, eq=False)
class Flight:
    """One request under way. The connection tells whether its client is still there."""

    method: str
    path: str
    transport: Any
    at: float = field(default_factory=time.time)
    began: float = field(default_factory=time.perf_counter)
    report_id: str | None = None
    fault: str | None = None


class Ledger:
    """Counts uploads in flight and keeps the log of requests."""

    def __init__(self, database: Database) -> None:
        self._db = database
        self._flights: set[Flight] = set()
        self._rows: list[tuple[Any, ...]] = []
        self.read()

    def read(self) -> None:
        """Learn from the database what happened so far."""
        self.max_in_flight = self._db.number(
            "SELECT coalesce(max(value), 0) FROM facts WHERE name = ?", _AT_ONCE
        )
        counts = self._db.rows("SELECT status, count(*) AS count FROM requests GROUP BY status")
        self.statuses = Counter({row["status"]: row["count"] for row in counts})

    @property
    def in_flight(self) -> int:
        """Uploads whose client still waits.

        A client that gave up is not counted, although its request may still be worked on: its kernel has
        closed the connection before it sends the next request, and we hear of both in that order.
        """
        return sum(not flight.transport.is_closing() for flight in self._flights)

    def begin(self, flight: Flight) -> None:
        """A request has arrived."""
        if flight.method != "POST":
            return
        self._flights.add(flight)
        if len(self._flights) > self.max_in_flight and (now := self.in_flight) > self.max_in_flight:
            self.max_in_flight = now
            self._db.run("INSERT OR REPLACE INTO facts VALUES (?, ?)", (_AT_ONCE, now))

    def end(self, flight: Flight, status: int) -> None:
        """Note how a request ended; status 0 stands for a connection that was cut."""
        self._flights.discard(flight)
        self.statuses[status] += 1
        took_ms = round((time.perf_counter() - flight.began) * 1000, 3)
        self._rows.append(
            (flight.at, flight.method, flight.path, flight.report_id, status, flight.fault, took_ms)
        )
        if len(self._rows) >= _WAITING:
            self.flush()

    def write(self) -> None:
        """Write the rows that wait, within a transaction.

        They go along with the next report, so a killed process loses the requests since then. The reports'
        own receive counts are exact.
        """
        self._db.run_many(
            "INSERT INTO requests(at, method, path, id, status, fault, ms) VALUES (?, ?, ?, ?, ?, ?, ?)",
            self._rows,
        )
        self._rows.clear()

    def flush(self) -> None:
        """Write the rows that wait, in a transaction of their own."""
        with self._db.transaction():
            self.write()

    def listed(self, *, after: int, count: int, status: int | None) -> list[dict[str, Any]]:
        """A page of the log, oldest first."""
        self.flush()
        where, values = ("AND status = ?", (status,)) if status is not None else ("", ())
        return self._db.rows(
            f"SELECT * FROM requests WHERE seq > ? {where} ORDER BY seq LIMIT ?",  # noqa: S608
            (after, *values, count),
        )
