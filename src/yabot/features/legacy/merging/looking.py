"""Reads at once all that is needed to merge some users."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection

from yabot.features.besitos import repository as ledger
from yabot.features.besitos.repository import Standing
from yabot.features.legacy import repository
from yabot.features.legacy.known import Known
from yabot.features.subscriptions import repository as subscriptions
from yabot.features.subscriptions.repository import StoredTerm
from yabot.features.users import repository as users
from yabot.features.users.forgotten import Forgotten
from yabot.features.users.repository import StoredUser
from yabot.storage.relational.database import Statement

BEGINNING = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Seen:
    """One user as they were read: look again for another decision."""

    user_id: str
    stored: StoredUser
    known: Known | None
    """None: the two sides have not agreed on anything yet."""
    standing: Standing | None
    terms: Sequence[StoredTerm]
    """All that they ever had."""
    forgotten: bool
    """They have asked to be forgotten, and have not been in both stores since: they stay so."""

    @property
    def balance(self) -> int:
        return self.standing.account.balance if self.standing else 0

    @property
    def earned(self) -> int:
        return self.standing.earned if self.standing else 0


def look(user_ids: Sequence[str], forgotten: Forgotten) -> Statement[Mapping[str, Seen]]:
    def read(connection: Connection) -> Mapping[str, Seen]:
        known = repository.known(user_ids)(connection)
        agreed = {user_id for user_id, each in known.items() if each.base is not None}
        standings = ledger.standings(user_ids)(connection)
        terms = subscriptions.terms_of(user_ids)(connection)
        return {
            user_id: Seen(
                user_id,
                stored,
                known.get(user_id),
                standings.get(user_id),
                terms.get(user_id, ()),
                (stored.is_forgotten and user_id not in known)
                or (user_id not in agreed and forgotten.has(user_id, BEGINNING)),
            )
            for user_id, stored in users.find_many(user_ids)(connection).items()
        }

    return read
