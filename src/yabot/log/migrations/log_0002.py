"""Positions given by the commit itself; subscribers, their owners and failures; workflows."""

import sqlalchemy as sa
from alembic import op

from yabot.storage.relational.types import Moment, RowId

revision = "log_0002"
down_revision = "log_0001"
branch_labels = None
depends_on = None

_PLACED = "partition, pos, event_id, user_id, event_type, envelope, created_at"


def upgrade() -> None:
    _rebuild_outbox()
    _add_subscribers()
    _add_dead_letters()
    _add_workflows()


def _rebuild_outbox() -> None:
    """What the relay has not placed comes behind what it has, in the order of the commits."""
    op.execute(
        "CREATE TABLE placed AS SELECT o.partition, COALESCE(o.pos, p.last_pos + row_number() OVER"
        " (PARTITION BY o.partition, o.pos IS NULL ORDER BY o.id)) AS pos,"
        " o.event_id, o.user_id, o.event_type, o.envelope, o.created_at"
        " FROM outbox AS o JOIN partitions AS p ON p.partition = o.partition"
    )
    op.drop_table("outbox")
    op.create_table(
        "outbox",
        sa.Column("partition", sa.Integer(), nullable=False),
        sa.Column("pos", sa.BigInteger(), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=True),
        sa.Column("event_type", sa.Text(), nullable=False),
        sa.Column("envelope", sa.Text(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("partition", "pos", name=op.f("pk_outbox")),
        sa.UniqueConstraint("event_id", name=op.f("uq_outbox_event_id")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_outbox_user_id"), "outbox", ["user_id"], unique=False)
    op.execute(f"INSERT INTO outbox ({_PLACED}) SELECT {_PLACED} FROM placed")  # noqa: S608
    op.drop_table("placed")
    op.execute(
        "UPDATE partitions SET last_pos = (SELECT COALESCE(MAX(pos), last_pos) FROM outbox"
        " WHERE outbox.partition = partitions.partition AND pos > last_pos)"
        " WHERE EXISTS (SELECT 1 FROM outbox"
        " WHERE outbox.partition = partitions.partition AND pos > last_pos)"
    )


def _add_subscribers() -> None:
    op.create_table(
        "group_positions",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("partition", sa.Integer(), nullable=False),
        sa.Column("pos", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", "partition", name=op.f("pk_group_positions")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "group_members",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("member", sa.Text(), nullable=False),
        sa.Column("expires_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", "member", name=op.f("pk_group_members")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "partition_owners",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("partition", sa.Integer(), nullable=False),
        sa.Column("member", sa.Text(), nullable=True),
        sa.Column("token", sa.BigInteger(), nullable=False),
        sa.Column("expires_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", "partition", name=op.f("pk_partition_owners")),
        sqlite_with_rowid=False,
    )


def _add_dead_letters() -> None:
    op.create_table(
        "dead_letters",
        sa.Column("id", RowId, autoincrement=True, nullable=False),
        sa.Column("consumer", sa.Text(), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("group_name", sa.Text(), nullable=False),
        sa.Column("partition", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=True),
        sa.Column("event_type", sa.Text(), nullable=False),
        sa.Column("envelope", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("error_code", sa.Text(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("first_failed_at", Moment(), nullable=False),
        sa.Column("last_failed_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dead_letters")),
        sa.UniqueConstraint("consumer", "event_id", name=op.f("uq_dead_letters_consumer_event_id")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_dead_letters_state", "dead_letters", ["state"], unique=False)


def _add_workflows() -> None:
    op.create_table(
        "workflows",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=True),
        sa.Column("partition", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.Column("definition", sa.Integer(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("deadline", Moment(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("done", sa.Text(), nullable=False),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.Column("correlation_id", sa.Text(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("updated_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workflows")),
    )
    op.create_index(op.f("ix_workflows_user_id"), "workflows", ["user_id"], unique=False)
    op.create_index("ix_workflows_kind_state", "workflows", ["kind", "state"], unique=False)
    op.create_index(
        "ix_workflows_deadline",
        "workflows",
        ["deadline"],
        unique=False,
        sqlite_where=sa.text("deadline IS NOT NULL"),
        postgresql_where=sa.text("deadline IS NOT NULL"),
    )


def downgrade() -> None:
    for table in (
        "workflows",
        "dead_letters",
        "partition_owners",
        "group_members",
        "group_positions",
    ):
        op.drop_table(table)
    _restore_outbox()


def _restore_outbox() -> None:
    op.execute("CREATE TABLE placed AS SELECT * FROM outbox")
    op.drop_table("outbox")
    op.create_table(
        "outbox",
        sa.Column("id", RowId, autoincrement=True, nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("partition", sa.Integer(), nullable=False),
        sa.Column("pos", sa.BigInteger(), nullable=True),
        sa.Column("user_id", sa.Text(), nullable=True),
        sa.Column("event_type", sa.Text(), nullable=False),
        sa.Column("envelope", sa.Text(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
        sa.UniqueConstraint("event_id", name=op.f("uq_outbox_event_id")),
        sa.UniqueConstraint("partition", "pos", name=op.f("uq_outbox_partition_pos")),
        sqlite_autoincrement=True,
    )
    op.execute(
        f"INSERT INTO outbox ({_PLACED}) SELECT {_PLACED} FROM placed"  # noqa: S608
        " ORDER BY created_at, partition, pos"
    )
    op.drop_table("placed")
    op.create_index(
        "ix_outbox_unplaced",
        "outbox",
        ["id"],
        unique=False,
        sqlite_where=sa.text("pos IS NULL"),
        postgresql_where=sa.text("pos IS NULL"),
    )
    op.create_index(op.f("ix_outbox_user_id"), "outbox", ["user_id"], unique=False)
