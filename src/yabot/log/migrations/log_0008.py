"""A document that MongoDB refuses is set aside, with the reason."""

import sqlalchemy as sa
from alembic import op

revision = "log_0008"
down_revision = "log_0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("doc_changes", sa.Column("refused", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("doc_changes", "refused")
