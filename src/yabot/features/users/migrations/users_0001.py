"""Profiles."""

import sqlalchemy as sa
from alembic import op

from yabot.storage.relational.types import Moment

revision = "users_0001"
down_revision = None
branch_labels = ("users",)
depends_on = None


def upgrade() -> None:
    op.create_table(
        "user_profiles",
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("telegram_user_id", sa.BigInteger(), nullable=False),
        sa.Column("username", sa.Text(), nullable=True),
        sa.Column("first_name", sa.Text(), nullable=False),
        sa.Column("last_name", sa.Text(), nullable=True),
        sa.Column("language_code", sa.Text(), nullable=True),
        sa.Column("registration_date", Moment(), nullable=False),
        sa.Column("last_login", Moment(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_user_profiles")),
        sa.UniqueConstraint("telegram_user_id", name=op.f("uq_user_profiles_telegram_user_id")),
    )


def downgrade() -> None:
    op.drop_table("user_profiles")
