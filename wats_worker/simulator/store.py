"""The reports a server has."""

from typing import Any, Final

from wats_worker.simulator.database import HEADER, Database
from wats_worker.simulator.fields import FIELDS
from wats_worker.simulator.instants import TICKS
from wats_worker.simulator.intake import Arrival
from wats_worker.simulator.odata import Query

#: Why a report waits in quarantine for its own start.
FUTURE: Final = "the start lies in the future"
_NEVER: Final = 1e12  # a moment that does not come by itself
_SENT: Final = ("id", "ticks", "receivedAgainAt", "timeStamp", "origin", "reportSize", *HEADER)
_INSERT: Final = (
    f"INSERT INTO reports({', '.join(_SENT)}, uuid, receivedAt, visibleAt, quarantine)"  # noqa: S608
    f" VALUES ({', '.join(f':{name}' for name in _SENT)}, :id, :receivedAgainAt, :visibleAt, :quarantine)"
)
# A report that could already be read stays readable while its successor is processed.
_REPLACE: Final = (
    f"UPDATE reports SET {', '.join(f'{name} = :{name}' for name in _SENT)},"  # noqa: S608
    " receiveCount = receiveCount + 1, quarantine = :quarantine, attempts = 0,"
    " visibleAt = CASE WHEN :quarantine IS NULL THEN min(visibleAt, :visibleAt) ELSE :visibleAt END"
    " WHERE seq = :seq"
)
_LISTED: Final = (
    "seq, uuid, id, reportType AS type, partNumber AS pn, serialNumber AS sn, processCode, start, result,"
    " receiveCount, receivedAt, receivedAgainAt, quarantine, visibleAt"
)


class Store:
    """Keeps reports by id and by key, and counts how often each was received."""

    def __init__(self, database: Database) -> None:
        self._db = database
        self._stamp = database.number("SELECT coalesce(max(timeStamp), 0) FROM reports")

    def put(self, arrival: Arrival, *, now: float, delay_s: float, set_aside: str | None, origin: str) -> str:
        """Keep a report: over the one of the same id, else over the test of the same key, else as a new one.

        Call it within a transaction.

        Args:
            arrival: What came.
            now: The clock.
            delay_s: How long processing takes.
            set_aside: A reason for quarantine. ``FUTURE`` waits for the start, any other for a retry.
            origin: The client that sent it.

        Returns:
            The id it is stored under.
        """
        seq, uuid = self._find(arrival) or (None, arrival.id)
        self._stamp += 1
        visible_at = now + delay_s
        if set_aside:
            visible_at = arrival.ticks / TICKS if set_aside == FUTURE else _NEVER
        row = arrival.header | {
            "id": arrival.id,
            "ticks": arrival.ticks,
            "receivedAgainAt": now,
            "timeStamp": self._stamp,
            "origin": origin,
            "reportSize": len(arrival.body),
            "visibleAt": visible_at,
            "quarantine": set_aside,
            "seq": seq,
        }
        if seq is None:
            seq = self._db.run(_INSERT, row).lastrowid
        else:
            self._db.run(_REPLACE, row)
        if uuid != arrival.id:
            self._db.run("INSERT OR REPLACE INTO aliases VALUES (?, ?)", (arrival.id, uuid))
        self._db.run("INSERT OR REPLACE INTO bodies VALUES (?, ?, ?)", (seq, arrival.xml, arrival.body))
        return uuid

    def _find(self, arrival: Arrival) -> tuple[int, str] | None:
        found = self._db.run(
            "SELECT seq, uuid FROM reports WHERE uuid = ?"
            " OR uuid = (SELECT uuid FROM aliases WHERE id = ?) ORDER BY uuid != ?",
            (arrival.id, arrival.id, arrival.id),
        ).fetchone()
        if not found and arrival.is_test:
            header = arrival.header
            found = self._db.run(
                "SELECT seq, uuid FROM reports WHERE serialNumber = ? AND partNumber = ?"
                " AND processCode = ? AND ticks = ? AND reportType = 'T' ORDER BY seq",
                (header["serialNumber"], header["partNumber"], header["processCode"], arrival.ticks),
            ).fetchone()
        return (found[0], found[1]) if found else None

    def report(self, uuid: str) -> dict[str, Any] | None:
        """One report with its body, whatever its state."""
        found = self._db.rows("SELECT * FROM reports JOIN bodies USING (seq) WHERE uuid = ?", (uuid,))
        return found[0] if found else None

    def headers(self, query: Query, *, now: float) -> list[dict[str, Any]]:
        """The rows of a header query; only processed reports are found."""
        columns = ", ".join(f'{FIELDS[name]} AS "{name}"' for name in query.fields)
        return self._db.rows(
            f"SELECT {columns} FROM reports WHERE visibleAt <= ? AND {query.where}"  # noqa: S608 - see filters.py
            f" ORDER BY {query.order} LIMIT ? OFFSET ?",
            (now, *query.values, query.top, query.skip),
        )

    def listed(self, *, after: int, count: int) -> list[dict[str, Any]]:
        """A page of all reports in the order of their first arrival, for audits."""
        return self._db.rows(
            f"SELECT {_LISTED} FROM reports WHERE seq > ? ORDER BY seq LIMIT ?",  # noqa: S608
            (after, count),
        )

    def count(self) -> int:
        """How many reports there are, whatever their state."""
        return self._db.number("SELECT count(*) FROM reports")

    def known(self, uuid: str) -> bool:
        """Tell whether a report of this id is stored."""
        return bool(self._db.number("SELECT count(*) FROM reports WHERE uuid = ?", uuid))
