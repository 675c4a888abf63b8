"""What administrators have been told of."""

import sqlalchemy as sa
from alembic import op

from yabot.storage.relational.types import Moment

revision = "alerts_0001"
down_revision = None
branch_labels = ("alerts",)
depends_on = None


def upgrade() -> None:
    op.create_table(
        "alerts",
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("variables", sa.Text(), nullable=False),
        sa.Column("told_at", Moment(), nullable=False),
        sa.Column("untold", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("subject", name=op.f("pk_alerts")),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    op.drop_table("alerts")
