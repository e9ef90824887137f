"""Files, their reports, and how far the journal was read."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_KEY = sa.String(200).with_variant(sa.String(200, collation="C"), "postgresql")
_ID = sa.String(128).with_variant(sa.String(128, collation="C"), "postgresql")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "files",
        sa.Column("file_id", _ID, primary_key=True),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("name_key", _KEY, nullable=False),
        sa.Column("sha256", _ID, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("facts", sa.Text, nullable=False),
        sa.Column("seen_ms", sa.BigInteger, nullable=False),
        sa.Column("rank", sa.BigInteger, nullable=False),
        sa.Column("updated_ms", sa.BigInteger, nullable=False),
        sa.Column("reports", sa.Integer, nullable=False),
        sa.Column("edition", sa.Integer, nullable=False),
        sa.Column("archived_ms", sa.BigInteger),
        sa.Column("original", sa.Boolean, nullable=False),
    )
    op.create_table(
        "reports",
        sa.Column("file_id", _ID, primary_key=True),
        sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("rank", sa.BigInteger, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("report_id", _ID, nullable=False),
        sa.Column("sent_as", _ID, nullable=False),
        sa.Column("stored_as", _ID, nullable=False),
        sa.Column("serial", sa.Text, nullable=False),
        sa.Column("serial_key", _KEY, nullable=False),
        sa.Column("part", sa.Text, nullable=False),
        sa.Column("part_key", _KEY, nullable=False),
        sa.Column("revision", sa.Text, nullable=False),
        sa.Column("station", sa.Text, nullable=False),
        sa.Column("station_key", _KEY, nullable=False),
        sa.Column("process", sa.String(16), nullable=False),
        sa.Column("kind", sa.String(1), nullable=False),
        sa.Column("result", sa.String(1), nullable=False),
        sa.Column("started_ms", sa.BigInteger),
        sa.Column("delivered_ms", sa.BigInteger),
        sa.Column("sha256", _ID, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "progress",
        sa.Column("name", sa.String(40), primary_key=True),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
    )
    for name, columns in {
        "files_by_time": ["rank", "file_id"],
        "files_by_source": ["source", "rank", "file_id"],
        "files_by_state": ["state", "rank", "file_id"],
        "files_by_source_and_state": ["source", "state", "rank", "file_id"],
        "files_by_name": ["name_key", "rank", "file_id"],
        "files_by_sha256": ["sha256", "rank", "file_id"],
        "files_by_archiving": ["source", "archived_ms"],
        "reports_by_serial": ["serial_key", "rank", "file_id"],
        "reports_by_part": ["part_key", "rank", "file_id"],
        "reports_by_station": ["station_key", "rank", "file_id"],
        "reports_by_id": ["report_id"],
        "reports_by_own_id": ["sent_as"],
        "reports_by_stored_id": ["stored_as"],
        "reports_by_start": ["started_ms"],
    }.items():
        op.create_index(name, name.partition("_")[0], columns)
