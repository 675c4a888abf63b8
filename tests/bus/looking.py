"""A group of subscribers without its loops."""

from sqlalchemy import Connection, update

from yabot.bus.groups.group import SubscriberGroup
from yabot.bus.groups.positions import marks_of
from yabot.bus.tables import group_positions
from yabot.storage.relational.database import Database, Statement


async def look(group: SubscriberGroup) -> None:
    """Once: for what is assigned to it, and into the log."""
    await group.assignment.run_once()
    await group.run_once()


async def rewind(database: Database, name: str) -> None:
    """As after a kill: the place of the group of that name is behind what it has handled."""
    await database.flush()
    statement = update(group_positions).where(group_positions.c.name == name).values(pos=0)
    await database.write(lambda connection: connection.execute(statement) and None)


def positions_of(group: str) -> Statement[dict[int, int]]:
    """By partition, how far the group is as SQL knows it."""

    def read(connection: Connection) -> dict[int, int]:
        return {partition: mark.pos for partition, mark in marks_of(group)(connection).items()}

    return read
