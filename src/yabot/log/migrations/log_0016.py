"""Of a correlation, the newest event of a type is found without reading the others."""

from alembic import op

revision = "log_0016"
down_revision = "log_0015"
branch_labels = None
depends_on = None

NAME = "ix_ingested_correlation_id"


def upgrade() -> None:
    op.drop_index(NAME, "ingested")
    op.create_index(NAME, "ingested", ["correlation_id", "event_type", "happened_us"])


def downgrade() -> None:
    op.drop_index(NAME, "ingested")
    op.create_index(NAME, "ingested", ["correlation_id"])
