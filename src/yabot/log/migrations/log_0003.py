"""What was taken in from other services, for the order of what is still to come from them."""

import sqlalchemy as sa
from alembic import op

from yabot.storage.relational.types import Moment

revision = "log_0003"
down_revision = "log_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "ingested",
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("lane", sa.Text(), nullable=False),
        sa.Column("event_type", sa.Text(), nullable=False),
        sa.Column("correlation_id", sa.Text(), nullable=False),
        sa.Column("causation_id", sa.Text(), nullable=False),
        sa.Column("happened_us", sa.BigInteger(), nullable=False),
        sa.Column("ingested_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_ingested")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_ingested_lane_happened_us", "ingested", ["lane", "happened_us"])
    op.create_index(op.f("ix_ingested_correlation_id"), "ingested", ["correlation_id"])
    op.create_index(op.f("ix_ingested_causation_id"), "ingested", ["causation_id"])


def downgrade() -> None:
    op.drop_table("ingested")
