"""Compares MongoDB with SQL: a user has a document exactly when they have a profile row."""

import asyncio
from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, select

from yabot.features.users.states import COLLECTION
from yabot.features.users.tables import user_profiles
from yabot.log.tables import doc_changes, user_counters
from yabot.runtime.portions import portions
from yabot.storage.documents.store import DocumentStore
from yabot.storage.relational.database import Database, take_time

AT_ONCE = 1000
# Seconds. A document that is on its way at the first look has arrived by the second.
SECOND_LOOK_AFTER = 1.0

Versions = dict[str, int]


async def audit_users(database: Database, documents: DocumentStore) -> list[str]:
    """One line for each user whose two halves differ, ordered by id; empty when all is well.

    Reads everything, in pages; may run beside the program. Raises StoreUnavailable.
    """
    suspects = await _differing(database, documents, await _all_ids(database, documents))
    if not suspects:
        return []
    await asyncio.sleep(SECOND_LOOK_AFTER)
    differing = await _differing(database, documents, suspects)
    return [differing[user_id] for user_id in sorted(differing)]


async def _all_ids(database: Database, documents: DocumentStore) -> list[str]:
    ids = await database.read(_known_ids)
    with documents.answering():
        # Page by page: one answer of MongoDB's holds 16 MiB at most.
        async for found in documents[COLLECTION].find({}, {"_id": 1}).sort("_id"):
            ids.add(found["_id"])
    return sorted(ids)


def _known_ids(connection: Connection) -> set[str]:
    take_time(connection)
    return set(connection.execute(select(user_profiles.c.user_id)).scalars())


async def _differing(
    database: Database, documents: DocumentStore, user_ids: Iterable[str]
) -> dict[str, str]:
    found: dict[str, str] = {}
    for page in portions(list(user_ids), AT_ONCE):
        found |= await _differing_in(database, documents, page)
    return found


async def _differing_in(
    database: Database, documents: DocumentStore, page: Sequence[str]
) -> dict[str, str]:
    expected, waiting = await database.read(lambda connection: _sql(connection, page))
    stored = await _mongodb(documents, page)
    differing = [each for each in page if expected.get(each) != stored.get(each)]
    if not differing:
        return {}
    # Read SQL again and skip users who have moved on: the two answers about them are of different
    # moments. Nobody moves on with a wrong document, unless by getting a right one.
    now, _ = await database.read(lambda connection: _sql(connection, differing))
    found = {}
    for user_id in differing:
        if now.get(user_id) != expected.get(user_id):
            continue
        difference = _describe(expected.get(user_id), stored.get(user_id))
        # A document that waits will still arrive; one that MongoDB refuses will not.
        refused = waiting.get(user_id)
        if refused or user_id not in waiting:
            reason = f"; it refuses it: {refused}" if refused else ""
            found[user_id] = f"user {user_id}: {difference}{reason}"
    return found


def _sql(connection: Connection, page: Sequence[str]) -> tuple[Versions, dict[str, str | None]]:
    """Each user's version; and, for users with a waiting document, why it was refused or None."""
    versions = select(user_profiles.c.user_id, user_counters.c.state_version).join(
        user_counters, user_counters.c.user_id == user_profiles.c.user_id
    )
    rows = connection.execute(versions.where(user_profiles.c.user_id.in_(page)))
    waiting = (
        select(doc_changes.c.user_id, doc_changes.c.refused)
        .where(doc_changes.c.user_id.in_(page))
        .order_by(doc_changes.c.id)
    )
    refused = dict(connection.execute(waiting).all())
    return {row.user_id: row.state_version for row in rows}, refused


async def _mongodb(documents: DocumentStore, page: Sequence[str]) -> Versions:
    with documents.answering():
        cursor = documents[COLLECTION].find({"_id": {"$in": page}}, {"version": 1})
        return {found["_id"]: found["version"] async for found in cursor}


def _describe(expected: int | None, stored: int | None) -> str:
    if expected is None:
        return f"SQL has no profile, MongoDB has version {stored} of a document"
    if stored is None:
        return f"SQL has version {expected}, MongoDB has no document"
    return f"SQL has version {expected}, MongoDB has version {stored}"
