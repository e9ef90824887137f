"""Reports that were answered with 200 and then set aside instead of processed.

A report is in quarantine from its receipt to its ``visibleAt``: the start it waits for, or the moment
somebody retries it. Nothing has to run in the background for that.
"""

from collections.abc import Iterable
from typing import Any, Final

from wats_worker.simulator.database import Database
from wats_worker.simulator.instants import utc_seconds
from wats_worker.simulator.store import FUTURE

#: After so many attempts a report is invalid.
MAX_ATTEMPTS: Final = 24
_HERE: Final = "quarantine IS NOT NULL AND visibleAt > :now"


class Quarantine:
    """What an administrator sees of it, and can do."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def listed(self, *, now: float) -> list[dict[str, Any]]:
        """What waits here, oldest first."""
        rows = self._db.rows(f"SELECT * FROM reports WHERE {_HERE} ORDER BY seq", {"now": now})  # noqa: S608
        return [
            state(row, now=now)
            | {
                "serialNumber": row["serialNumber"],
                "partNumber": row["partNumber"],
                "start": row["start"],
                "Message": row["quarantine"],
            }
            for row in rows
        ]

    def retry(self, uuids: Iterable[str], *, now: float) -> None:
        """Try again to process these. One with a future start goes on waiting for it."""
        with self._db.transaction():
            self._db.run_many(
                "UPDATE reports SET attempts = attempts + 1, attemptedAt = :now,"  # noqa: S608
                " visibleAt = CASE quarantine WHEN :future THEN visibleAt ELSE :now END"
                f" WHERE uuid = :uuid AND {_HERE}",
                [{"uuid": uuid, "now": now, "future": FUTURE} for uuid in uuids],
            )

    def discard(self, uuids: Iterable[str], *, now: float) -> None:
        """Delete these, unless they have been processed meanwhile."""
        with self._db.transaction():
            for uuid in uuids:
                sql = f"DELETE FROM reports WHERE uuid = :uuid AND {_HERE} RETURNING seq"  # noqa: S608
                for row in self._db.rows(sql, {"uuid": uuid, "now": now}):
                    self._db.run("DELETE FROM bodies WHERE seq = :seq", row)


def state(row: dict[str, Any], *, now: float) -> dict[str, Any]:
    """Say where a report stands. A server is known to say E and I; R and P are this simulator's own."""
    attempts, attempted = row["attempts"], row["attemptedAt"]
    if now >= row["visibleAt"]:
        letter = "P"  # processed
    elif row["quarantine"] is None:
        letter = "R"  # received
    else:
        letter = "I" if attempts >= MAX_ATTEMPTS else "E"
    return {
        "uuid": row["uuid"],
        "State": letter,
        "ProcessAtUtc": utc_seconds(row["visibleAt"]) if row["quarantine"] in {None, FUTURE} else None,
        "ReceiveDate": utc_seconds(row["receivedAgainAt"]),
        "ReceiveCount": row["receiveCount"],
        "LastAttempt": utc_seconds(attempted) if attempted else None,
        "Attempts": attempts,
    }
