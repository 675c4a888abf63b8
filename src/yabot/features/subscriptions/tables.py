from sqlalchemy import BigInteger, CheckConstraint, Column, ForeignKey, Index, Table, Text

from yabot.storage.relational.metadata import metadata
from yabot.storage.relational.types import Moment, RowId

subscriptions = Table(
    "subscriptions",
    metadata,
    Column("id", RowId, primary_key=True, autoincrement=True),
    Column("user_id", Text, ForeignKey("user_profiles.user_id"), nullable=False, index=True),
    Column("plan_type", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("start_date", Moment, nullable=False),
    Column("end_date", Moment),
    Column("created_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
    CheckConstraint("plan_type IN ('free', 'premium', 'vip')", name="plan_type"),
    CheckConstraint("status IN ('active', 'inactive', 'cancelled', 'expired')", name="status"),
    sqlite_autoincrement=True,
)
Index(
    "uq_subscriptions_active_user_id",
    subscriptions.c.user_id,
    unique=True,
    sqlite_where=subscriptions.c.status == "active",
    postgresql_where=subscriptions.c.status == "active",
)

# Charges outlive their payers, as refunds are asked for by these ids: hence no foreign key.
payments = Table(
    "payments",
    metadata,
    Column("telegram_payment_charge_id", Text, primary_key=True),
    Column("user_id", Text, nullable=False, index=True),
    # The invoice's payload, as it came back.
    Column("payload", Text, nullable=False),
    # NULL when the charge bought nothing that is on sale.
    Column("plan_type", Text),
    Column("amount", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
    CheckConstraint(
        "state IN ('paid', 'activated', 'refunding', 'refunded', 'left')", name="state"
    ),
    sqlite_with_rowid=False,
)
