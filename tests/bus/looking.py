"""A group of subscribers without its loops."""

from sqlalchemy import update

from yabot.bus.groups.group import SubscriberGroup
from yabot.bus.tables import group_positions
from yabot.storage.relational.database import Database


async def look(group: SubscriberGroup) -> None:
    """Once: for what is assigned to it, and into the log."""
    await group.assignment.run_once()
    await group.run_once()


async def rewind(database: Database, name: str) -> None:
    """As after a kill: the place of the group of that name is behind what it has handled."""
    await database.flush()
    statement = update(group_positions).where(group_positions.c.name == name).values(pos=0)
    await database.write(lambda connection: connection.execute(statement) and None)
