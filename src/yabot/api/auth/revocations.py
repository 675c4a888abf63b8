"""Revocations of tokens before they expire, by their jti."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, bindparam, select

from yabot.api.auth.claims import LEEWAY, LONGEST_OF_OURS
from yabot.api.tables import api_revocations
from yabot.clock import utc_now
from yabot.log.audit import audited
from yabot.log.unit_of_work import UnitOfWork
from yabot.storage.relational.database import Database, Statement, inserting_new


@dataclass(frozen=True, slots=True)
class Revocation:
    """By ``expires_at`` every token that was issued until ``revoked_at`` has expired."""

    token_id: str
    revoked_at: datetime
    expires_at: datetime


async def revoke(database: Database, work: UnitOfWork, token_id: str, by: str) -> Revocation:
    """Revoke a token, unless it is revoked already; ``by`` is who acts, for the audit.

    The token need not be known. Raises StoreUnavailable.
    """
    before = await database.read(_find(token_id))
    if before is not None:
        return before
    now = utc_now()
    made = Revocation(token_id, now, now + LONGEST_OF_OURS + LEEWAY)
    work.add(_add(made))
    work.add(audited("token_revoked", {"by": by, "token_id": token_id}))
    return made


_one = select(api_revocations).where(api_revocations.c.token_id == bindparam("wanted"))


def _find(token_id: str) -> Statement[Revocation | None]:
    def read(connection: Connection) -> Revocation | None:
        row = connection.execute(_one, {"wanted": token_id}).first()
        return None if row is None else Revocation(row.token_id, row.revoked_at, row.expires_at)

    return read


def _add(made: Revocation) -> Statement[None]:
    row = {
        "token_id": made.token_id,
        "revoked_at": made.revoked_at,
        "expires_at": made.expires_at,
    }
    return inserting_new(api_revocations, row)
