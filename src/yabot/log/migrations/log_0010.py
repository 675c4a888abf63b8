"""The internal API signs its cursors with a secret that all instances share."""

import sqlalchemy as sa
from alembic import op

revision = "log_0010"
down_revision = "log_0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "api_secrets",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_api_secrets")),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    op.drop_table("api_secrets")
