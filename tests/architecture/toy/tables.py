from sqlalchemy import Column, ForeignKey, Integer, Table, Text

from yabot.storage.relational.metadata import metadata

signatures = Table(
    "toy_signatures",
    metadata,
    Column("user_id", Text, ForeignKey("user_profiles.user_id"), primary_key=True),
    Column("times", Integer, nullable=False),
)
