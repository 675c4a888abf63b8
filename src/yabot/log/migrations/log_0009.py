"""The internal API keeps its answers."""

import sqlalchemy as sa
from alembic import op

from yabot.storage.relational.types import Moment

revision = "log_0009"
down_revision = "log_0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "api_answers",
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("headers", sa.Text(), nullable=False),
        sa.Column("body", sa.Text()),
        sa.Column("user_id", sa.Text()),
        sa.Column("created_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("service", "key", name=op.f("pk_api_answers")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_api_answers_user_id", "api_answers", ["user_id"])
    op.create_index("ix_api_answers_created_at", "api_answers", ["created_at"])


def downgrade() -> None:
    op.drop_table("api_answers")
