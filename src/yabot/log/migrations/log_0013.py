"""Other services post events, which wait in SQL until they are taken in."""

import sqlalchemy as sa
from alembic import op

from yabot.storage.relational.types import Moment, RowId

revision = "log_0013"
down_revision = "log_0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "posted_events",
        sa.Column("id", RowId, autoincrement=True, nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text()),
        sa.Column("envelope", sa.Text(), nullable=False),
        sa.Column("received_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_posted_events")),
        sa.UniqueConstraint("event_id", name=op.f("uq_posted_events_event_id")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_posted_events_user_id"), "posted_events", ["user_id"])


def downgrade() -> None:
    op.drop_table("posted_events")
