"""Charges that were not paid here are left alone."""

import sqlalchemy as sa
from alembic import op

from yabot.storage.relational.types import Moment

revision = "subscriptions_0003"
down_revision = "subscriptions_0002"
branch_labels = None
depends_on = None

BEFORE = "state IN ('paid', 'activated', 'refunding', 'refunded')"
AFTER = "state IN ('paid', 'activated', 'refunding', 'refunded', 'left')"


def upgrade() -> None:
    _allow(AFTER, BEFORE)


def downgrade() -> None:
    """A version before this one looks at them anew, and gives some of them back."""
    op.execute("DELETE FROM payments WHERE state = 'left'")
    _allow(BEFORE, AFTER)


def _allow(states: str, states_before: str) -> None:
    """SQLite knows no other way than to make the table anew."""
    name = op.f("ck_payments_state")
    table = sa.Table(
        "payments",
        sa.MetaData(),
        sa.Column("telegram_payment_charge_id", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("plan_type", sa.Text(), nullable=True),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("updated_at", Moment(), nullable=False),
        sa.CheckConstraint(states_before, name=name),
        sa.PrimaryKeyConstraint("telegram_payment_charge_id", name=op.f("pk_payments")),
        sa.Index(op.f("ix_payments_user_id"), "user_id"),
    )
    without_rowid = {"sqlite_with_rowid": False}
    with op.batch_alter_table("payments", copy_from=table, table_kwargs=without_rowid) as batch:
        batch.drop_constraint(name, type_="check")
        batch.create_check_constraint(name, states)
