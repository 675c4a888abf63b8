"""The SQL side of users: statements that read, and guarded statements that change."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection, and_, bindparam, delete, exists, func, select, update
from typing_extensions import override

from yabot.bot.message import FILE_METHOD
from yabot.clock import from_microseconds
from yabot.features.users.model import Profile
from yabot.features.users.tables import user_profiles
from yabot.log.tables import doc_changes, outgoing, user_counters
from yabot.log.unit_of_work import Gathering, guard
from yabot.storage.relational.database import Statement, insert_new, take_time
from yabot.storage.relational.prepared import Prepared


@dataclass(frozen=True, slots=True)
class StoredUser:
    """One snapshot: profile, version of the state, and the document while it waits for MongoDB."""

    profile: Profile | None
    state_version: int
    pending: str | None

    @property
    def is_forgotten(self) -> bool:
        """Their profile was deleted; their counter stays."""
        return self.profile is None and self.state_version > 0


_newest = and_(
    doc_changes.c.user_id == user_counters.c.user_id,
    doc_changes.c.from_version == user_counters.c.state_version - 1,
)
_PROFILE = tuple(user_profiles.columns.keys())
_user = Prepared(
    select(user_counters.c.state_version, doc_changes.c.document.label("pending"), user_profiles)
    .select_from(
        user_counters.outerjoin(
            user_profiles, user_profiles.c.user_id == user_counters.c.user_id
        ).outerjoin(doc_changes, _newest)
    )
    .where(user_counters.c.user_id == bindparam("user"))
)


def find(user_id: str) -> Statement[StoredUser]:
    def read(connection: Connection) -> StoredUser:
        row = _user.first(connection, {"user": user_id})
        if row is None:
            return StoredUser(None, 0, None)
        state_version, pending, *columns = row
        values = dict(zip(_PROFILE, columns, strict=True))
        profile = Profile.model_construct(**values) if values["user_id"] else None
        return StoredUser(profile, state_version, pending)

    return read


_last_event = select(user_counters.c.last_event_us).where(
    user_counters.c.user_id == bindparam("user")
)


def last_event(user_id: str) -> Statement[datetime]:
    """When the newest event of the user happened; the user must have one."""
    return lambda connection: from_microseconds(
        connection.execute(_last_event, {"user": user_id}).scalar_one()
    )


_versions_of = (
    select(
        user_counters.c.user_id,
        user_counters.c.state_version,
        doc_changes.c.document.label("pending"),
    )
    .select_from(user_counters.outerjoin(doc_changes, _newest))
    .where(user_counters.c.user_id.in_(bindparam("users", expanding=True)))
)
_profiles_of = select(user_profiles).where(
    user_profiles.c.user_id.in_(bindparam("users", expanding=True))
)


def find_many(user_ids: Sequence[str]) -> Statement[Mapping[str, StoredUser]]:
    """By id, also unknown users. A profile at version 0 is half a user: it has no state."""

    def read(connection: Connection) -> Mapping[str, StoredUser]:
        asked = {"users": list(user_ids)}
        profiles = {
            row["user_id"]: Profile.model_construct(**row)
            for row in connection.execute(_profiles_of, asked).mappings()
        }
        versions = {row[0]: (row[1], row[2]) for row in connection.execute(_versions_of, asked)}
        return {
            user_id: StoredUser(profiles.get(user_id), *versions.get(user_id, (0, None)))
            for user_id in user_ids
        }

    return read


_followed = (
    select(user_counters.c.user_id)
    .join(user_profiles, user_profiles.c.user_id == user_counters.c.user_id)
    .where(
        user_counters.c.state_version > 0,
        ~exists().where(doc_changes.c.user_id == user_counters.c.user_id),
    )
    .limit(1)
)


def is_any_followed(connection: Connection) -> bool:
    """Whether MongoDB has taken any user's newest state: no change of that user waits here."""
    take_time(connection)
    return connection.execute(_followed).first() is not None


_by_username = (
    select(user_profiles.c.user_id)
    .where(func.lower(user_profiles.c.username) == bindparam("username"))
    # Several users may have a name: Telegram gives a dropped one to somebody else.
    .order_by(user_profiles.c.last_login.desc())
    .limit(1)
)


def find_by_username(username: str) -> Statement[str | None]:
    def read(connection: Connection) -> str | None:
        return connection.execute(_by_username, {"username": username}).scalar()

    return read


def has_file_under_way(chat_id: int) -> Statement[bool]:
    waiting = (outgoing.c.chat_id == chat_id) & (outgoing.c.state == "waiting")
    query = select(outgoing.c.id).where(waiting, outgoing.c.method == FILE_METHOD).limit(1)
    return lambda connection: connection.execute(query).first() is not None


def page(after: str, size: int) -> Statement[list[tuple[str, datetime]]]:
    """Ids and days of registration of the next users, in the order of their ids."""
    query = (
        select(user_profiles.c.user_id, user_profiles.c.registration_date)
        .where(user_profiles.c.user_id > after)
        .order_by(user_profiles.c.user_id)
        .limit(size)
    )
    return lambda connection: [(row[0], row[1]) for row in connection.execute(query)]


def page_of_profiles(after: str, limit: int, username: str | None) -> Statement[list[Profile]]:
    """The next users by id; with ``username``, in lower case, only those last seen under it."""
    query = select(user_profiles).where(user_profiles.c.user_id > after)
    if username is not None:
        query = query.where(func.lower(user_profiles.c.username) == username)
    query = query.order_by(user_profiles.c.user_id).limit(limit)
    return lambda connection: [
        Profile.model_construct(**row) for row in connection.execute(query).mappings()
    ]


# The row is locked until the commit: adding to a user and deleting that user exclude each other.
_row = select(user_profiles.c.user_id).where(user_profiles.c.user_id == bindparam("user"))
_shared = _row.with_for_update(read=True, key_share=True)
_alone = _row.with_for_update()


def hold(user_id: str, *, alone: bool = False) -> Statement[None]:
    def check(connection: Connection) -> None:
        found = connection.execute(_alone if alone else _shared, {"user": user_id}).first()
        guard(found is not None, f"the profile of user {user_id}")

    return check


def hold_as(profile: Profile) -> Statement[None]:
    """Fails its guard unless the profile is still this one; locks it until the commit."""
    query = select(user_profiles).where(user_profiles.c.user_id == profile.user_id)

    def check(connection: Connection) -> None:
        found = connection.execute(query.with_for_update(key_share=True)).mappings().first()
        same = found is not None and Profile.model_construct(**found) == profile
        guard(same, f"the profile of user {profile.user_id}")

    return check


_add_profiles = Prepared(lambda connection: insert_new(connection, user_profiles))


@dataclass(slots=True, eq=False)
class NewProfiles(Gathering):
    """A statement of the unit: fails its guard when one of the users is registered already."""

    profiles: list[Profile] = field(default_factory=list)

    @override
    def __call__(self, connection: Connection) -> None:
        rows = [profile.model_dump() for profile in self.profiles]
        rows.sort(key=lambda row: str(row["user_id"]))
        (first, *others) = rows
        whose = "one of these profiles" if others else f"the profile of user {first['user_id']}"
        guard(_add_profiles.run_many(connection, rows) == len(rows), whose)


def change_profile(user_id: str, values: dict[str, object]) -> Statement[None]:
    statement = update(user_profiles).where(user_profiles.c.user_id == user_id).values(values)

    def change(connection: Connection) -> None:
        changed = connection.execute(statement).rowcount == 1
        guard(changed, f"the profile of user {user_id}")

    return change


def erase(user_id: str) -> Statement[None]:
    def remove(connection: Connection) -> None:
        profile = delete(user_profiles).where(user_profiles.c.user_id == user_id)
        guard(connection.execute(profile).rowcount == 1, f"the profile of user {user_id}")

    return remove
