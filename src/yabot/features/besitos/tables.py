"""The ledger. Transactions and postings are only ever added."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Table,
    Text,
    UniqueConstraint,
)

from yabot.storage.relational.metadata import metadata
from yabot.storage.relational.types import Moment, RowId

accounts = Table(
    "accounts",
    metadata,
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    # The owner; NULL once the reader is deleted. No account can be opened for a user without a
    # profile.
    Column("user_id", Text, ForeignKey("user_profiles.user_id"), unique=True),
    # The sum of the postings. System accounts have none: all commits would wait for their rows.
    Column("balance", BigInteger),
    # What was awarded since the account was opened; gifts of other readers do not count.
    Column("earned", BigInteger),
    # The last posting from before the reader was deleted and came back; 0 if there is none.
    Column("opened_after", BigInteger),
    CheckConstraint("kind IN ('reader', 'system', 'closed')", name="kind"),
    CheckConstraint("balance >= 0", name="balance"),
    CheckConstraint("(kind = 'reader') = (balance IS NOT NULL)", name="balance_of_reader"),
    sqlite_with_rowid=False,
)

transactions = Table(
    "transactions",
    metadata,
    # The caller's key.
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("cause_id", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    CheckConstraint("kind IN ('award', 'spend', 'transfer', 'closing')", name="kind"),
    sqlite_with_rowid=False,
)

postings = Table(
    "postings",
    metadata,
    # Rises within a reader's account, whose row is locked when a posting is added.
    Column("id", RowId, primary_key=True, autoincrement=True),
    Column("transaction_id", Text, ForeignKey("transactions.id"), nullable=False),
    Column("account_id", Text, ForeignKey("accounts.id"), nullable=False),
    # What the account gains.
    Column("amount", BigInteger, nullable=False),
    CheckConstraint("amount <> 0", name="amount"),
    UniqueConstraint("transaction_id", "account_id"),
    Index("ix_postings_account_id_id", "account_id", "id"),
    sqlite_autoincrement=True,
)

# When each reader was last told of a present, and the presents since then still to be told.
gift_notices = Table(
    "gift_notices",
    metadata,
    Column("user_id", Text, primary_key=True),
    Column("told_at", Moment, nullable=False),
    Column("gifts", BigInteger, nullable=False),
    Column("amount", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

TABLES = (accounts, transactions, postings, gift_notices)
