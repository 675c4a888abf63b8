"""Groups of subscribers, for operators: how far they are, and letting stopped ones go on."""

from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from yabot.bus.groups import stops
from yabot.bus.groups.stops import Stop
from yabot.bus.tables import group_positions
from yabot.errors import InvalidInput
from yabot.log.audit import audited
from yabot.log.tables import partitions
from yabot.log.unit_of_work import UnitOfWork
from yabot.storage.relational.database import Database


@dataclass(frozen=True, slots=True)
class GroupState:
    name: str
    # Events that the group has yet to settle, as far as SQL knows.
    lag: int
    stop: Stop | None


class GroupUnknown(InvalidInput):
    """No group of subscribers has such a name."""

    code = "group_unknown"


class GroupNotStopped(InvalidInput):
    """The group has not stopped, so it cannot be let go on."""

    code = "group_not_stopped"


_lags = (
    select(group_positions.c.name, func.sum(partitions.c.last_pos - group_positions.c.pos))
    .join(partitions, partitions.c.partition == group_positions.c.partition)
    .group_by(group_positions.c.name)
    .order_by(group_positions.c.name)
)


class SubscriberGroups:
    """Every method raises StoreUnavailable."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def all(self) -> list[GroupState]:
        """All groups in the order of their names, also of features that are gone."""
        return await self._database.read(_read)

    async def go_on(self, work: UnitOfWork, name: str, by: str) -> GroupState:
        """Let a stopped group go on, in all processes; returns its new state.

        ``by`` is the operator, for the audit. Raises GroupUnknown, GroupNotStopped.
        """
        known = {each.name: each for each in await self.all()}
        if name not in known:
            raise GroupUnknown(f"no group is called {name}; there are {', '.join(known)}")
        stop = known[name].stop
        if stop is None:
            raise GroupNotStopped(f"the group {name} has not stopped: there is nothing to go on")
        work.add(stops.lift(stop))
        details = {"group": name, "by": by, "dead_letters": stop.dead_letters}
        work.add(audited("group_let_go_on", details))
        return GroupState(name, known[name].lag, None)


def _read(connection: Connection) -> list[GroupState]:
    stopped = {each.group: each for each in stops.all_stops(connection)}
    return [
        # PostgreSQL's sum is a Decimal.
        GroupState(name, int(lag), stopped.get(name))
        for name, lag in connection.execute(_lags)
    ]
