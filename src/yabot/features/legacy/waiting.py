"""Whose entry in the old store does not show yet what is here: noted in the commit that changes it.

So nobody is overlooked, whatever dies when, and a roll-back or a verification knows at any moment
who is still to be written.
"""

from collections.abc import Sequence, Set
from dataclasses import dataclass

from sqlalchemy import (
    BigInteger,
    Boolean,
    Connection,
    Text,
    bindparam,
    delete,
    func,
    or_,
    select,
    union,
    update,
)

from yabot.events.envelope import EventPayload
from yabot.features.besitos.events import BesitosAwarded, BesitosSpent
from yabot.features.items.events import ItemAcquired, ItemRemoved
from yabot.features.legacy.phases import Migration, held
from yabot.features.legacy.repository import Agreements
from yabot.features.legacy.tables import legacy_migrations, legacy_users, legacy_waiting
from yabot.features.narrative.events import DecisionMade, NarrativeHintUnlocked
from yabot.features.subscriptions.events import SubscriptionUpdated
from yabot.features.users.events import UserRegistered, UserUpdated
from yabot.log.unit_of_work import UnitOfWork
from yabot.storage.relational.database import Statement, insert_new
from yabot.storage.relational.prepared import Prepared

# After these an entry of the old store says something else.
SHOWN: tuple[type[EventPayload], ...] = (
    UserRegistered,
    UserUpdated,
    BesitosAwarded,
    BesitosSpent,
    ItemAcquired,
    ItemRemoved,
    SubscriptionUpdated,
    DecisionMade,
    NarrativeHintUnlocked,
)


@dataclass(frozen=True, slots=True)
class Waiting:
    user_id: str
    times: int
    """0: nobody has noted them, their row says so itself."""
    removed: bool


_add = Prepared(lambda connection: insert_new(connection, legacy_waiting))
_again = Prepared(
    update(legacy_waiting)
    .where(legacy_waiting.c.user_id == bindparam("user"))
    .values(
        times=legacy_waiting.c.times + 1,
        removed=or_(legacy_waiting.c.removed, bindparam("gone", type_=Boolean)),
    )
)
_done = Prepared(
    delete(legacy_waiting).where(
        legacy_waiting.c.user_id == bindparam("user"),
        legacy_waiting.c.times == bindparam("seen", type_=BigInteger),
    )
)
_any_migration = select(legacy_migrations.c.number).limit(1)


def note(user_id: str, *, removed: bool = False) -> Statement[None]:
    def add(connection: Connection) -> None:
        row = {"user_id": user_id, "times": 1, "removed": removed}
        if not _add.run(connection, row):
            _again.run(connection, {"user": user_id, "gone": removed})

    return add


def note_removal(user_id: str, *, always: bool) -> Statement[None]:
    """That nothing of them may stay; not ``always``: if there ever was a migration."""
    note_them = note(user_id, removed=True)

    def add(connection: Connection) -> None:
        if always or connection.execute(_any_migration).first() is not None:
            note_them(connection)

    return add


def done(seen: Waiting) -> Statement[None]:
    """They wait no more, unless they have been noted once more since."""
    return _done.with_values({"user": seen.user_id, "seen": seen.times})


_drop = delete(legacy_waiting).where(
    legacy_waiting.c.user_id.in_(bindparam("users", expanding=True))
)
_noted = select(legacy_waiting.c.user_id, legacy_waiting.c.times, legacy_waiting.c.removed).where(
    legacy_waiting.c.user_id > bindparam("after", type_=Text)
)
_pending = or_(legacy_users.c.waits, legacy_users.c.writing.is_not(None))
_others = select(legacy_users.c.user_id).where(
    legacy_users.c.user_id > bindparam("after", type_=Text), _pending
)


def noted(size: int) -> Statement[list[Waiting]]:
    """Some of those whom somebody has noted."""
    query = _noted.limit(size)
    return lambda connection: [Waiting(*row) for row in connection.execute(query, {"after": ""})]


def page(after: str, size: int) -> Statement[list[Waiting]]:
    """The next of them, by their ids."""
    noted = _noted.order_by(legacy_waiting.c.user_id).limit(size)
    others = _others.order_by(legacy_users.c.user_id).limit(size)

    def read(connection: Connection) -> list[Waiting]:
        found = {row[0]: Waiting(*row) for row in connection.execute(noted, {"after": after})}
        for (user_id,) in connection.execute(others, {"after": after}):
            found.setdefault(user_id, Waiting(user_id, 0, removed=False))
        return [found[user_id] for user_id in sorted(found)[:size]]

    return read


_those = select(legacy_waiting.c.user_id).where(
    legacy_waiting.c.user_id.in_(bindparam("users", expanding=True))
)


def among(user_ids: Sequence[str]) -> Statement[Set[str]]:
    """Those of them who have been noted."""
    return lambda connection: set(connection.execute(_those, {"users": list(user_ids)}).scalars())


_all = union(select(legacy_waiting.c.user_id), select(legacy_users.c.user_id).where(_pending))
_count = select(func.count()).select_from(_all.subquery())


def count(connection: Connection) -> int:
    return int(connection.execute(_count).scalar_one())


def drop(connection: Connection, user_ids: Sequence[str]) -> None:
    """Their entries in the old store are to stay as they are."""
    connection.execute(_drop, {"users": list(user_ids)})


def drop_changes(seen: Migration | None) -> Statement[None]:
    """At this phase nobody writes the old store any more. Who was deleted is still to go from it.

    Fails its guard at another one: a roll-back has noted who is to be written.
    """

    def drop(connection: Connection) -> None:
        held(seen)(connection)
        connection.execute(delete(legacy_waiting).where(~legacy_waiting.c.removed))

    return drop


def beside(work: UnitOfWork) -> Sequence[Statement[None]]:
    """What is committed with a unit that changes what the old store shows of anybody.

    Of whom the unit merges, the merge says itself whether they wait.
    """
    changed = {change.user_id for change in work.documents.values() if change.document is not None}
    changed |= {user for payload, user in work.events if user and isinstance(payload, SHOWN)}
    gone = {change.user_id for change in work.documents.values() if change.document is None}
    merged = {
        row.theirs.user_id
        for each in work.statements
        if isinstance(each, Agreements)
        for row in each.rows
    }
    return [note(user_id) for user_id in sorted(changed - gone - merged)]
