"""Updates that could not be read are found again; which webhooks this installation has set."""

import sqlalchemy as sa
from alembic import op

from yabot.storage.relational.types import Moment

revision = "log_0004"
down_revision = "log_0003"
branch_labels = None
depends_on = None

_UNREADABLE = sa.text("state = 'unreadable'")


def upgrade() -> None:
    op.create_index(
        "ix_updates_unreadable",
        "updates",
        ["bot_id", "update_id"],
        sqlite_where=_UNREADABLE,
        postgresql_where=_UNREADABLE,
    )
    op.create_table(
        "own_webhooks",
        sa.Column("bot_id", sa.BigInteger(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("set_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("bot_id", "url", name=op.f("pk_own_webhooks")),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    op.drop_table("own_webhooks")
    op.drop_index("ix_updates_unreadable", "updates")
