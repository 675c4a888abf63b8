from sqlalchemy import BigInteger, Boolean, Column, Index, Table, Text, func

from yabot.storage.relational.metadata import metadata
from yabot.storage.relational.types import Moment

user_profiles = Table(
    "user_profiles",
    metadata,
    Column("user_id", Text, primary_key=True),
    Column("telegram_user_id", BigInteger, nullable=False, unique=True),
    Column("username", Text),
    Column("first_name", Text, nullable=False),
    Column("last_name", Text),
    Column("language_code", Text),
    Column("registration_date", Moment, nullable=False),
    Column("last_login", Moment, nullable=False),
    Column("is_active", Boolean, nullable=False),
)
# Usernames are found in whichever case they are written.
Index("ix_user_profiles_lower_username", func.lower(user_profiles.c.username))
