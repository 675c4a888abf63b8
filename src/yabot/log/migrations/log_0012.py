"""Groups that have stopped are known to all processes; the audit and workflows are listed."""

import sqlalchemy as sa
from alembic import op

from yabot.storage.relational.types import Moment

revision = "log_0012"
down_revision = "log_0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "group_stops",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("dead_letters", sa.Integer(), nullable=False),
        sa.Column("stopped_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_group_stops")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_workflows_created_at", "workflows", ["created_at", "id"])
    op.create_index("ix_audit_log_user_id", "audit_log", ["user_id"])


def downgrade() -> None:
    op.drop_index("ix_audit_log_user_id", "audit_log")
    op.drop_index("ix_workflows_created_at", "workflows")
    op.drop_table("group_stops")
