"""An index for usernames, in whichever case they are written."""

import sqlalchemy as sa
from alembic import op

revision = "users_0002"
down_revision = "users_0001"
branch_labels = None
depends_on = None

INDEX = "ix_user_profiles_lower_username"


def upgrade() -> None:
    op.create_index(op.f(INDEX), "user_profiles", [sa.text("lower(username)")], unique=False)


def downgrade() -> None:
    op.drop_index(op.f(INDEX), table_name="user_profiles")
