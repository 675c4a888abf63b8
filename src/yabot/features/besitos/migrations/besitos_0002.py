"""Presents of which the reader is to hear together."""

import sqlalchemy as sa
from alembic import op

from yabot.storage.relational.types import Moment

revision = "besitos_0002"
down_revision = "besitos_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "gift_notices",
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("told_at", Moment(), nullable=False),
        sa.Column("gifts", sa.BigInteger(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_gift_notices")),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    op.drop_table("gift_notices")
