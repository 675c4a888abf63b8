"""Which page a message shows outlives the message's row."""

import sqlalchemy as sa
from alembic import op

revision = "log_0007"
down_revision = "log_0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "shown_pages",
        sa.Column("chat_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("message_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("content_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("chat_id", "message_id", name=op.f("pk_shown_pages")),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    op.drop_table("shown_pages")
