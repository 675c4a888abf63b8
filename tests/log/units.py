"""Units of work as the tests need them: small ones, and one that changes everything at once."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, delete, insert, select

from yabot.app.features import FEATURES
from yabot.events.operations import OperationCompleted, UserInteraction
from yabot.feature import state_parts
from yabot.features.users.model import Profile, UserState
from yabot.features.users.repository import NewProfiles, change_profile
from yabot.log.tables import receipts, user_counters
from yabot.log.unit_of_work import Cause, DocumentChange, Message, UnitOfWork
from yabot.storage.documents.parts import composed
from yabot.storage.relational.database import Database, Statement, insert_new

MORNING = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)
# A user's document with the parts of all features.
State: type[UserState] = composed(UserState, state_parts(FEATURES))


def unit(cause_id: str, consumer: str = "test") -> UnitOfWork:
    return UnitOfWork(Cause(consumer, cause_id, correlation_id=f"about {cause_id}"))


def telling(cause_id: str, user_id: str | None, times: int = 1) -> UnitOfWork:
    """Publishes ``times`` events of the user; of nobody with None."""
    work = unit(cause_id)
    for n in range(times):
        work.publish(UserInteraction(action=f"{cause_id}:{n}"), user_id)
    return work


def state(user_id: str, version: int) -> UserState:
    return State(id=user_id, version=version, created_at=MORNING, updated_at=MORNING)


def stepped(user_id: str, from_version: int) -> DocumentChange:
    return DocumentChange(user_id, from_version, state(user_id, from_version + 1))


async def version(database: Database, user_id: str) -> int:
    query = select(user_counters.c.state_version).where(user_counters.c.user_id == user_id)
    return await database.read(lambda connection: connection.execute(query).scalar() or 0)


def stepping(cause_id: str, user_id: str, from_version: int) -> UnitOfWork:
    """Steps the user's document to its next version."""
    work = unit(cause_id)
    work.change_document(stepped(user_id, from_version))
    return work


def deleting(cause_id: str, user_id: str, from_version: int) -> UnitOfWork:
    work = unit(cause_id)
    work.change_document(DocumentChange(user_id, from_version, None))
    return work


def holding(cause_id: str, session_data: dict[str, Any]) -> UnitOfWork:
    """The first step of a reader of whom a feature keeps this."""
    plain = state("7", 1)
    current = plain.current_state.model_copy(update={"session_data": session_data})
    work = unit(cause_id)
    document = plain.model_copy(update={"current_state": current})
    work.change_document(DocumentChange("7", 0, document))
    return work


def profile(user_id: str) -> Profile:
    return Profile(
        user_id=user_id,
        telegram_user_id=int(user_id),
        username=None,
        first_name="Ana",
        last_name=None,
        language_code="es",
        registration_date=MORNING,
        last_login=MORNING,
        is_active=True,
    )


def everything(cause_id: str, user_id: str, other_id: str) -> UnitOfWork:
    """Writes to every table that a unit of work can reach, for two users and for nobody."""
    work = unit(cause_id)
    work.add(NewProfiles([profile(user_id)]))
    work.add(change_profile(user_id, {"first_name": "Berta"}))
    work.change_document(DocumentChange(user_id, 0, state(user_id, 1)))
    work.change_document(DocumentChange(other_id, 1, None))
    work.publish(UserInteraction(action="first"), user_id)
    work.publish(UserInteraction(action="second"), user_id)
    work.publish(UserInteraction(action="third"), other_id)
    work.publish(OperationCompleted(operation="all", outcome="ok", duration_ms=1.5))
    work.send(Message(int(user_id), "sendMessage", '{"text": "one"}'))
    work.send(Message(int(user_id), "sendMessage", '{"text": "two"}', content_id="gate"))
    return work


def add_receipt(cause_id: str) -> Statement[None]:
    """The simplest row that can be there or not."""
    row = {"consumer": "mark", "cause_id": cause_id, "committed_at": MORNING}

    def add(connection: Connection) -> None:
        connection.execute(insert(receipts), row)

    return add


def keep_receipt(cause_id: str) -> Statement[None]:
    """The same, and again without effect: a mark, which is written once more if need be."""
    row = {"consumer": "mark", "cause_id": cause_id, "committed_at": MORNING}

    def keep(connection: Connection) -> None:
        connection.execute(insert_new(connection, receipts), row)

    return keep


def drop_receipt(cause_id: str) -> Statement[None]:
    def drop(connection: Connection) -> None:
        connection.execute(delete(receipts).where(receipts.c.cause_id == cause_id))

    return drop
