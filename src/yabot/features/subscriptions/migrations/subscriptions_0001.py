"""Subscriptions."""

import sqlalchemy as sa
from alembic import op

from yabot.storage.relational.types import Moment, RowId

revision = "subscriptions_0001"
down_revision = None
branch_labels = ("subscriptions",)
depends_on = "users_0001"


def upgrade() -> None:
    op.create_table(
        "subscriptions",
        sa.Column("id", RowId, autoincrement=True, nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("plan_type", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("start_date", Moment(), nullable=False),
        sa.Column("end_date", Moment(), nullable=True),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("updated_at", Moment(), nullable=False),
        sa.CheckConstraint(
            "plan_type IN ('free', 'premium', 'vip')", name=op.f("ck_subscriptions_plan_type")
        ),
        sa.CheckConstraint(
            "status IN ('active', 'inactive', 'cancelled', 'expired')",
            name=op.f("ck_subscriptions_status"),
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user_profiles.user_id"], name=op.f("fk_subscriptions_user_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subscriptions")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_subscriptions_user_id"), "subscriptions", ["user_id"], unique=False)
    op.create_index(
        "uq_subscriptions_active_user_id",
        "subscriptions",
        ["user_id"],
        unique=True,
        sqlite_where=sa.text("status = 'active'"),
        postgresql_where=sa.text("status = 'active'"),
    )


def downgrade() -> None:
    op.drop_index(
        "uq_subscriptions_active_user_id",
        table_name="subscriptions",
        sqlite_where=sa.text("status = 'active'"),
        postgresql_where=sa.text("status = 'active'"),
    )
    op.drop_index(op.f("ix_subscriptions_user_id"), table_name="subscriptions")
    op.drop_table("subscriptions")
