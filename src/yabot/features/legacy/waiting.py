"""Notes users whose entry in the old store is out of date, in the commit that changes them.

So a crash loses none of them, and a roll-back or a verification always knows who is still to be
written.
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

# The events after which a user's entry in the old store has to be another one.
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
    """0: they were not noted, but their row in ``legacy_users`` says that they wait."""
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
    """Note that their entry must go; without ``always``, only if there ever was a migration."""
    note_them = note(user_id, removed=True)

    def add(connection: Connection) -> None:
        if always or connection.execute(_any_migration).first() is not None:
            note_them(connection)

    return add


def done(seen: Waiting) -> Statement[None]:
    """Drop the note, unless they have been noted again since."""
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
    """Some of the noted users."""
    query = _noted.limit(size)
    return lambda connection: [Waiting(*row) for row in connection.execute(query, {"after": ""})]


def page(after: str, size: int) -> Statement[list[Waiting]]:
    """The next waiting users, by id: those noted, and those whose row says that they wait."""
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
    """Those of these users who have been noted."""
    return lambda connection: set(connection.execute(_those, {"users": list(user_ids)}).scalars())


_all = union(select(legacy_waiting.c.user_id), select(legacy_users.c.user_id).where(_pending))
_count = select(func.count()).select_from(_all.subquery())


def count(connection: Connection) -> int:
    return int(connection.execute(_count).scalar_one())


def drop(connection: Connection, user_ids: Sequence[str]) -> None:
    """Drop their notes: their entries in the old store stay as they are."""
    connection.execute(_drop, {"users": list(user_ids)})


def drop_changes(seen: Migration | None) -> Statement[None]:
    """Drop notes of changes, in a phase that does not write the old store; notes of removals stay.

    Fails its guard when the phase has changed: a roll-back needs the notes that it has made.
    """

    def drop(connection: Connection) -> None:
        held(seen)(connection)
        connection.execute(delete(legacy_waiting).where(~legacy_waiting.c.removed))

    return drop


def beside(work: UnitOfWork) -> Sequence[Statement[None]]:
    """The notes to be committed with a unit that changes what the old store shows of a user.

    Users whom the unit merges are left out: the merge itself says whether they wait.
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
