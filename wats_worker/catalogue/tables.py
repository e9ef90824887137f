"""What is in the catalogue. A change here needs a step in ``migrations``, which a test asks for.

Every list is told with the newest first. So that one index gives both the order and the place where the next
page begins, ``rank`` is the time at which a file was taken in, below zero: all columns of an index go up.
"""

from typing import Final

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, MetaData, String, Table, Text

metadata: Final = MetaData()

#: Compared by code point in every database: what begins with something is then one range.
_Key = String(200).with_variant(String(200, collation="C"), "postgresql")
_Id = String(128).with_variant(String(128, collation="C"), "postgresql")

files: Final = Table(
    "files",
    metadata,
    Column("file_id", _Id, primary_key=True),
    Column("source", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("name_key", _Key, nullable=False),  # the name without its folders, as it is looked for
    Column("sha256", _Id, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("state", String(16), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("facts", Text, nullable=False),  # JSON: converter, reason, and what else the journal tells
    Column("seen_ms", BigInteger, nullable=False),
    Column("rank", BigInteger, nullable=False),
    Column("updated_ms", BigInteger, nullable=False),  # when the journal or the archive said so
    Column("reports", Integer, nullable=False),
    Column("edition", Integer, nullable=False),  # in the archive; 0: not there
    Column("archived_ms", BigInteger),
    Column("original", Boolean, nullable=False),  # whether its bytes went into the archive
    Index("files_by_time", "rank", "file_id"),
    Index("files_by_source", "source", "rank", "file_id"),
    Index("files_by_state", "state", "rank", "file_id"),
    Index("files_by_source_and_state", "source", "state", "rank", "file_id"),
    Index("files_by_name", "name_key", "rank", "file_id"),
    Index("files_by_sha256", "sha256", "rank", "file_id"),
    Index("files_by_archiving", "source", "archived_ms"),
)

reports: Final = Table(
    "reports",
    metadata,
    Column("file_id", _Id, primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("rank", BigInteger, nullable=False),  # of its file
    Column("source", Text, nullable=False),  # the same
    Column("report_id", _Id, nullable=False),
    Column("sent_as", _Id, nullable=False),  # the id that the log brought
    Column("stored_as", _Id, nullable=False),  # the id that the server gave back
    Column("serial", Text, nullable=False),
    Column("serial_key", _Key, nullable=False),
    Column("part", Text, nullable=False),
    Column("part_key", _Key, nullable=False),
    Column("revision", Text, nullable=False),
    Column("station", Text, nullable=False),
    Column("station_key", _Key, nullable=False),
    Column("process", String(16), nullable=False),
    Column("kind", String(1), nullable=False),  # T: a test, R: a repair
    Column("result", String(1), nullable=False),
    Column("started_ms", BigInteger),
    Column("delivered_ms", BigInteger),
    Column("sha256", _Id, nullable=False),  # of its body; empty: it is not in the archive
    Column("size", BigInteger, nullable=False),
    Index("reports_by_serial", "serial_key", "rank", "file_id"),
    Index("reports_by_part", "part_key", "rank", "file_id"),
    Index("reports_by_station", "station_key", "rank", "file_id"),
    Index("reports_by_id", "report_id"),
    Index("reports_by_own_id", "sent_as"),
    Index("reports_by_stored_id", "stored_as"),
    Index("reports_by_start", "started_ms"),
)

#: Which bytes of the archive each record needs, in every edition.
kept: Final = Table(
    "kept",
    metadata,
    Column("file_id", _Id, primary_key=True),
    Column("edition", Integer, primary_key=True, autoincrement=False),
    Column("source", Text, nullable=False),
    Column("archived_ms", BigInteger, nullable=False),
    Column("original", _Id, nullable=False),  # checksum; empty: nobody wanted them
    Column("bodies", _Id, nullable=False),  # of the reports; empty: there are none
    Column("size", BigInteger, nullable=False),  # of both
    Column("purged", Boolean, nullable=False),
    Index("kept_by_source", "source", "file_id"),
    Index("kept_by_original", "original"),
    Index("kept_by_bodies", "bodies"),
)

#: How far something was read that is told in order, and how often everything was forgotten.
progress: Final = Table(
    "progress",
    metadata,
    Column("name", String(40), primary_key=True),
    Column("at_ms", BigInteger, nullable=False),
)
