"""Which groups of subscribers have stopped: kept in SQL, for all processes and across restarts."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, bindparam, delete, select

from yabot.bus.tables import group_stops
from yabot.log.unit_of_work import guard
from yabot.storage.relational.database import Statement, insert_new


@dataclass(frozen=True, slots=True)
class Stop:
    """A group's stop: it takes nothing on until an operator lets it go on."""

    group: str
    # How many of the last hundred events.
    dead_letters: int
    stopped_at: datetime

    @property
    def reason(self) -> str:
        return (
            f"{self.dead_letters} of the last hundred events of '{self.group}' became dead letters"
        )


_all = select(group_stops.c.name, group_stops.c.dead_letters, group_stops.c.stopped_at)
_one = _all.where(group_stops.c.name == bindparam("group"))
_lift = delete(group_stops).where(
    group_stops.c.name == bindparam("group"), group_stops.c.stopped_at == bindparam("since")
)


def find(group: str) -> Statement[Stop | None]:
    def read(connection: Connection) -> Stop | None:
        row = connection.execute(_one, {"group": group}).first()
        return None if row is None else Stop(*row)

    return read


def all_stops(connection: Connection) -> list[Stop]:
    return [Stop(*row) for row in connection.execute(_all)]


def stop(stopped: Stop) -> Statement[None]:
    """Fails its guard when the group has stopped already."""
    row = {
        "name": stopped.group,
        "dead_letters": stopped.dead_letters,
        "stopped_at": stopped.stopped_at,
    }

    def add(connection: Connection) -> None:
        added = connection.execute(insert_new(connection, group_stops), row).rowcount == 1
        guard(added, f"the group {stopped.group}")

    return add


def lift(stopped: Stop) -> Statement[None]:
    """Let the group go on. Fails its guard if that was done already, or the group stopped anew."""
    where = {"group": stopped.group, "since": stopped.stopped_at}

    def remove(connection: Connection) -> None:
        lifted = connection.execute(_lift, where).rowcount == 1
        guard(lifted, f"the group {stopped.group}")

    return remove
