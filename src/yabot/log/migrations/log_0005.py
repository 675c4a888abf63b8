"""With how many errors Telegram has answered a call, also in the eyes of the next process."""

import sqlalchemy as sa
from alembic import op

revision = "log_0005"
down_revision = "log_0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("outgoing", sa.Column("errors", sa.Integer()))


def downgrade() -> None:
    op.drop_column("outgoing", "errors")
