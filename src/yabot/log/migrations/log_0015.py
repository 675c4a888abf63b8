"""Messages that a version cannot read are kept for another."""

import sqlalchemy as sa
from alembic import op

revision = "log_0015"
down_revision = "log_0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_outgoing_unreadable",
        "outgoing",
        ["id"],
        sqlite_where=sa.text("state = 'unreadable'"),
        postgresql_where=sa.text("state = 'unreadable'"),
    )


def downgrade() -> None:
    op.drop_index("ix_outgoing_unreadable", "outgoing")
