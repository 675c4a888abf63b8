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
    # Whose it is while they are there: a deleted reader's account belongs to nobody, and no
    # account can be opened for one who has no profile.
    Column("user_id", Text, ForeignKey("user_profiles.user_id"), unique=True),
    # What the postings sum to. The system's accounts keep none: everybody would wait for them.
    Column("balance", BigInteger),
    # What was awarded since the account was opened; gifts of other readers do not count.
    Column("earned", BigInteger),
    # Up to this posting the account was that of a reader who has been deleted since.
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
    # Rises within an account, whose row is locked when a posting is added.
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

# To whom a present was told of, when, and what has come since that they have not heard of.
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
