"""The readers: each registers, and then reacts again and again. Told twice, it happens once."""

import asyncio
from dataclasses import dataclass

from aiogram.types import User as TelegramUser
from sqlalchemy import select

from tests.bus.dead_letters.operating import retry
from tests.crash.deeds import Mood
from yabot.bus.tables import dead_letters
from yabot.events.envelope import Envelope
from yabot.feature import Services
from yabot.features.narrative.events import ReactionDetected
from yabot.features.users.service import UserService
from yabot.log.commit_log import Decision
from yabot.log.unit_of_work import Cause, UnitOfWork
from yabot.log.waits import whatever_passes
from yabot.storage.relational.database import Database

OTHERS: dict[int, Mood] = {3: "shy", 5: "slow"}


@dataclass(frozen=True, slots=True)
class Load:
    readers: int
    reactions: int
    # Seconds between two reactions of one reader.
    pace: float = 0.0
    first_reader: int = 100

    @property
    def user_ids(self) -> list[str]:
        return [str(self.first_reader + number) for number in range(self.readers)]

    def mood(self, user_id: str, n: int) -> Mood:
        """Dead letters by the dozen would stop the group, so they come from one reader alone; a
        sick one is the last of its reader, or it could not be retried in order."""
        if user_id == str(self.first_reader):
            if n == self.reactions - 1:
                return "sick"
            if n % 5 == 2:
                return "poison"
        return OTHERS.get(n % 7, "glad")

    def reactions_of(self, user_id: str) -> list[tuple[int, Mood]]:
        return [(n, self.mood(user_id, n)) for n in range(self.reactions)]


async def drive(services: Services, load: Load) -> None:
    """From the beginning, whatever of it is done already."""
    await asyncio.gather(*(_live(services, load, user_id) for user_id in load.user_ids))


async def cure(database: Database) -> None:
    """What an operator does: retry the letters that only wait for that."""
    query = select(dead_letters.c.id, dead_letters.c.envelope).where(dead_letters.c.state == "dead")
    rows = await database.read(lambda connection: connection.execute(query).all())
    sick = [row.id for row in rows if _mood_of(row.envelope) == "sick"]
    if sick:
        await retry(database, sick)


def _mood_of(envelope: str) -> object:
    return Envelope.model_validate_json(envelope).payload.get("reaction_type")


async def _live(services: Services, load: Load, user_id: str) -> None:
    telegram_user = TelegramUser(id=int(user_id), is_bot=False, first_name="Ana")

    async def register(work: UnitOfWork) -> None:
        await services[UserService].meet(work, telegram_user)

    await _commit(services, f"start:{user_id}", register)
    for n, mood in load.reactions_of(user_id):
        await asyncio.sleep(load.pace)
        await _commit(services, f"reaction:{user_id}:{n}", _reaction(user_id, n, mood))


def _reaction(user_id: str, n: int, mood: Mood) -> Decision[None]:
    async def react(work: UnitOfWork) -> None:
        work.publish(ReactionDetected(content_id=str(n), reaction_type=mood), user_id)

    return react


async def _commit(services: Services, cause_id: str, decide: Decision[None]) -> None:
    """As an update is: until it is done."""
    cause = Cause("readers", cause_id, cause_id)
    await services.commits.decide(cause, decide, waits_out=whatever_passes)
