"""What was handled or sent is blanked at once; what an earlier version kept goes now."""

from alembic import op

revision = "log_0006"
down_revision = "log_0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("UPDATE updates SET payload = '{}' WHERE state IN ('done', 'failed')")
    op.execute("UPDATE outgoing SET payload = '{}' WHERE state <> 'waiting'")


def downgrade() -> None:
    """What is gone does not come back."""
