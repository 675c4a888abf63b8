"""Changes of fragments."""

import sqlalchemy as sa
from alembic import op

from yabot.storage.relational.types import Moment

revision = "narrative_0001"
down_revision = None
branch_labels = ("narrative",)
depends_on = None


def upgrade() -> None:
    op.create_table(
        "fragment_changes",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("fragment_id", sa.Text(), nullable=False),
        sa.Column("base_revision", sa.Text(), nullable=False),
        sa.Column("before", sa.Text(), nullable=False),
        sa.Column("after", sa.Text(), nullable=False),
        sa.Column("changed_by", sa.Text(), nullable=False),
        sa.Column("changed_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_fragment_changes")),
    )
    op.create_index("ix_fragment_changes_fragment_id", "fragment_changes", ["fragment_id"])


def downgrade() -> None:
    op.drop_index("ix_fragment_changes_fragment_id", table_name="fragment_changes")
    op.drop_table("fragment_changes")
