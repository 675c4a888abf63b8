"""Services that ask the internal API with tokens of their own, and tokens that are revoked."""

import sqlalchemy as sa
from alembic import op

from yabot.storage.relational.types import Moment

revision = "log_0011"
down_revision = "log_0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "api_services",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("added_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_api_services")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "api_service_keys",
        sa.Column("kid", sa.Text(), nullable=False),
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column("jwk", sa.Text(), nullable=False),
        sa.Column("added_at", Moment(), nullable=False),
        sa.Column("ends_at", Moment()),
        sa.ForeignKeyConstraint(
            ["service"],
            ["api_services.name"],
            name=op.f("fk_api_service_keys_service_api_services"),
        ),
        sa.PrimaryKeyConstraint("kid", name=op.f("pk_api_service_keys")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_api_service_keys_service", "api_service_keys", ["service"])
    op.create_table(
        "api_revocations",
        sa.Column("token_id", sa.Text(), nullable=False),
        sa.Column("revoked_at", Moment(), nullable=False),
        sa.Column("expires_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("token_id", name=op.f("pk_api_revocations")),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    for table in ("api_revocations", "api_service_keys", "api_services"):
        op.drop_table(table)
