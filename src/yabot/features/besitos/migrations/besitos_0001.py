"""The ledger, and the accounts that are there from the beginning."""

import sqlalchemy as sa
from alembic import op

from yabot.storage.relational.types import Moment, RowId

revision = "besitos_0001"
down_revision = None
branch_labels = ("besitos",)
depends_on = "users_0001"

SYSTEM = ("system:rewards", "system:shop", "system:migration")


def upgrade() -> None:
    _accounts()
    _transactions()
    _postings()
    accounts = sa.table("accounts", sa.column("id", sa.Text()), sa.column("kind", sa.Text()))
    rows = [{"id": name, "kind": "system"} for name in SYSTEM]
    op.bulk_insert(accounts, [*rows, {"id": "closed", "kind": "closed"}])


def _accounts() -> None:
    op.create_table(
        "accounts",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=True),
        sa.Column("balance", sa.BigInteger(), nullable=True),
        sa.Column("earned", sa.BigInteger(), nullable=True),
        sa.Column("opened_after", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("kind IN ('reader', 'system', 'closed')", name=op.f("ck_accounts_kind")),
        sa.CheckConstraint("balance >= 0", name=op.f("ck_accounts_balance")),
        sa.CheckConstraint(
            "(kind = 'reader') = (balance IS NOT NULL)", name=op.f("ck_accounts_balance_of_reader")
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user_profiles.user_id"], name=op.f("fk_accounts_user_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_accounts")),
        sa.UniqueConstraint("user_id", name=op.f("uq_accounts_user_id")),
        sqlite_with_rowid=False,
    )


def _transactions() -> None:
    op.create_table(
        "transactions",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("cause_id", sa.Text(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('award', 'spend', 'transfer', 'closing')", name=op.f("ck_transactions_kind")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transactions")),
        sqlite_with_rowid=False,
    )


def _postings() -> None:
    op.create_table(
        "postings",
        sa.Column("id", RowId, autoincrement=True, nullable=False),
        sa.Column("transaction_id", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("amount <> 0", name=op.f("ck_postings_amount")),
        sa.ForeignKeyConstraint(
            ["transaction_id"], ["transactions.id"], name=op.f("fk_postings_transaction_id")
        ),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_postings_account_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_postings")),
        sa.UniqueConstraint(
            "transaction_id", "account_id", name=op.f("uq_postings_transaction_id_account_id")
        ),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_postings_account_id_id", "postings", ["account_id", "id"], unique=False)


def downgrade() -> None:
    op.drop_table("postings")
    op.drop_table("transactions")
    op.drop_table("accounts")
