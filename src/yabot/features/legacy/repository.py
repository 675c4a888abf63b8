"""What SQL knows of users of the old bot."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, delete, select

from yabot.features.legacy.record import OldUser
from yabot.features.legacy.tables import legacy_users
from yabot.storage.relational.database import Statement


@dataclass(frozen=True, slots=True)
class Known:
    """The row of one user; ``digest`` is that of ``base``."""

    base: OldUser
    digest: str
    mark: int
    writing: OldUser | None


_known = select(
    legacy_users.c.user_id,
    legacy_users.c.base,
    legacy_users.c.digest,
    legacy_users.c.mark,
    legacy_users.c.writing,
).where(legacy_users.c.user_id.in_(bindparam("users", expanding=True)))
_erase = delete(legacy_users).where(legacy_users.c.user_id == bindparam("user"))


def known(user_ids: Sequence[str]) -> Statement[Mapping[str, Known]]:
    """Those of them that there are, by their ids."""
    return lambda connection: {
        row.user_id: Known(
            OldUser.model_validate_json(row.base),
            row.digest,
            row.mark,
            None if row.writing is None else OldUser.model_validate_json(row.writing),
        )
        for row in connection.execute(_known, {"users": list(user_ids)})
    }


def erase(user_id: str) -> Statement[None]:
    def remove(connection: Connection) -> None:
        connection.execute(_erase, {"user": user_id})

    return remove
