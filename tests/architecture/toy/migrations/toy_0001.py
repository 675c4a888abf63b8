"""Signatures."""

import sqlalchemy as sa
from alembic import op

revision = "toy_0001"
down_revision = None
branch_labels = ("toy",)
depends_on = "users_0001"


def upgrade() -> None:
    op.create_table(
        "toy_signatures",
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user_profiles.user_id"], name=op.f("fk_toy_signatures_user_id")
        ),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_toy_signatures")),
    )


def downgrade() -> None:
    op.drop_table("toy_signatures")
