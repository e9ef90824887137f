"""Which bytes of the archive each record needs. It is filled from the archive when it is first asked."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_ID = sa.String(128).with_variant(sa.String(128, collation="C"), "postgresql")


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "kept",
        sa.Column("file_id", _ID, primary_key=True),
        sa.Column("edition", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("archived_ms", sa.BigInteger, nullable=False),
        sa.Column("original", _ID, nullable=False),
        sa.Column("bodies", _ID, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("purged", sa.Boolean, nullable=False),
    )
    op.create_index("kept_by_source", "kept", ["source", "file_id"])
    op.create_index("kept_by_original", "kept", ["original"])
    op.create_index("kept_by_bodies", "kept", ["bodies"])
