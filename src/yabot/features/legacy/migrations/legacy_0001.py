"""Users of the old bot, and the migrations that brought them."""

import sqlalchemy as sa
from alembic import op

from yabot.storage.relational.types import Moment

revision = "legacy_0001"
down_revision = None
branch_labels = ("legacy",)
depends_on = None


def upgrade() -> None:
    op.create_table(
        "legacy_users",
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("base", sa.Text()),
        sa.Column("digest", sa.Text()),
        sa.Column("mark", sa.BigInteger(), nullable=False),
        sa.Column("formers", sa.Text()),
        sa.Column("writing", sa.Text()),
        sa.Column("waits", sa.Boolean(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("events", sa.BigInteger(), nullable=False),
        sa.Column("imported_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_legacy_users")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_legacy_users_waits", "legacy_users", ["waits"])
    op.create_table(
        "legacy_waiting",
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("times", sa.BigInteger(), nullable=False),
        sa.Column("removed", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_legacy_waiting")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "legacy_migrations",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("phase", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("snapshot", sa.Text(), nullable=False),
        sa.Column("began_at", Moment(), nullable=False),
        sa.Column("changed_at", Moment(), nullable=False),
        sa.Column("report", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_legacy_migrations")),
    )


def downgrade() -> None:
    op.drop_table("legacy_migrations")
    op.drop_table("legacy_waiting")
    op.drop_index("ix_legacy_users_waits", table_name="legacy_users")
    op.drop_table("legacy_users")
