"""Services with client certificates and encrypted answers, and tokens that hold for one request."""

import sqlalchemy as sa
from alembic import op

from yabot.storage.relational.types import Moment

revision = "log_0014"
down_revision = "log_0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("api_services", sa.Column("certificate_name", sa.Text()))
    op.add_column("api_services", sa.Column("encrypt_to", sa.Text()))
    op.create_table(
        "api_used_tokens",
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column("token_id", sa.Text(), nullable=False),
        sa.Column("expires_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("service", "token_id", name=op.f("pk_api_used_tokens")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_api_used_tokens_expires_at", "api_used_tokens", ["expires_at"])


def downgrade() -> None:
    op.drop_table("api_used_tokens")
    op.drop_column("api_services", "encrypt_to")
    op.drop_column("api_services", "certificate_name")
