"""The rewards over real stores, without a bot: readers react, and the subscribers work."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from aiogram.types import User as TelegramUser
from uuid_utils import uuid7

from tests.bus.looking import look, positions_of, rewind
from tests.features.hearing import Said, said_to
from tests.features.users.storage.world import World, new_world
from tests.storage.dumps import events_of
from tests.storage.fixtures import PARTITIONS
from tests.waiting import PATIENCE
from yabot.app.assembly import build_texts
from yabot.app.features import FEATURES
from yabot.bus.groups.building import build_group
from yabot.bus.groups.group import SubscriberGroup
from yabot.bus.groups.positions import declare_groups, log_ends
from yabot.events.envelope import Envelope
from yabot.features.besitos.service import BesitosService
from yabot.features.narrative.events import ReactionDetected
from yabot.features.narrative.state import PROGRESS
from yabot.features.narrative.story import parse_story
from yabot.features.rewards.feature import FEATURE
from yabot.log.leases import SoleLeases
from yabot.log.unit_of_work import UnitOfWork
from yabot.storage.documents.store import DocumentStore
from yabot.storage.relational.database import Database
from yabot.subscriber import Subscriber

STORY_FILE = """\
start: porch
hints:
  spark:
    title: {es: La chispa, en: The spark}
    text: {es: Salta., en: It jumps.}
    earned: 4
  blaze:
    title: {es: La llama, en: The blaze}
    text: {es: Arde., en: It burns.}
    earned: 9
fragments:
  porch:
    title: {es: El porche, en: The porch}
    content: {es: Fuera., en: Outside.}
    reactions: {"❤": 2, "🔥": 3}
    choices: [{id: enter, text: {es: Entrar, en: Enter}, next: hall}]
  hall:
    title: {es: La sala, en: The hall}
    content: {es: Dentro., en: Inside.}
    reactions: {"👏": 5}
    choices:
      - {id: stay, text: {es: Quedarse, en: Stay}, next: attic}
      - {id: light, text: {es: Encender, en: Light it}, next: attic, requires_hint: spark}
      - {id: burn, text: {es: Quemar, en: Burn it}, next: attic, requires_hint: blaze}
  attic:
    title: {es: El desván, en: The attic}
    content: {es: Fin., en: The end.}
    reactions: {"🎉": 4}
    ending: true
"""
STORY = parse_story(STORY_FILE, "house.yaml")


@dataclass
class House:
    world: World
    subscribers: Sequence[Subscriber[Any]] = field(init=False)

    def __post_init__(self) -> None:
        assert FEATURE.subscribers is not None
        self.subscribers = FEATURE.subscribers(self.world.services)

    @property
    def database(self) -> Database:
        return self.world.services.database

    @property
    def besitos(self) -> BesitosService:
        return self.world.services[BesitosService]

    async def join(self, user_id: str, language: str = "es") -> None:
        telegram = TelegramUser(
            id=int(user_id), is_bot=False, first_name="Ana", language_code=language
        )
        await self.world.register(f"join {uuid7()}", telegram)

    async def leave(self, user_id: str) -> None:
        await self.world.delete(f"leave {uuid7()}", user_id)

    async def react(self, user_id: str, content_id: str, *reactions: str) -> None:
        """As one update tells of it; also of one whom nobody knows any more."""

        async def tell(work: UnitOfWork) -> None:
            for reaction in reactions:
                event = ReactionDetected(content_id=content_id, reaction_type=reaction)
                work.publish(event, user_id)

        await self.world.decide(f"update {uuid7()}", tell)

    async def award(self, user_id: str, amount: int) -> None:
        """By some other part of the program."""

        async def give(work: UnitOfWork) -> None:
            key = f"daily:{uuid7()}"
            await self.besitos.award(
                work, user_id, amount, reason="reaction", source="daily", key=key
            )

        await self.world.decide(f"daily {uuid7()}", give)

    async def work(self) -> None:
        """As often as anything has happened: the group begins, handles what there is, and ends."""
        while not await self._is_done():
            group = self.group()
            await look(group)
            await group.stop(PATIENCE)

    def group(self) -> SubscriberGroup:
        """As a program has it that has just been started."""
        return build_group(
            FEATURE.name, self.subscribers, self.world.services.commits, SoleLeases(PARTITIONS)
        )

    async def rewind(self) -> None:
        """As after a kill: the position is behind what has been handled."""
        await rewind(self.database, FEATURE.name)

    async def events(self, user_id: str) -> list[Envelope]:
        rows = await events_of(self.database, user_id)
        return [Envelope.model_validate_json(row["envelope"]) for row in rows]

    async def told(self, user_id: str) -> list[str]:
        """The types of what the rewards have published about the reader, in order."""
        kinds = [event.event_type for event in await self.events(user_id)]
        return [kind for kind in kinds if kind in {"besitos_awarded", "narrative_hint_unlocked"}]

    async def hints(self, user_id: str) -> list[str]:
        found = await self.world.users.get(user_id)
        assert found is not None
        return list(PROGRESS.of(found[1]).hints_unlocked)

    async def said(self, user_id: str) -> list[Said]:
        return await said_to(self.database, user_id)

    async def _is_done(self) -> bool:
        positions = await self.database.read(positions_of(FEATURE.name))
        return positions == await self.database.read(log_ends)


async def open_house(database: Database, documents: DocumentStore) -> House:
    world = new_world(database, documents)
    world.services.texts = build_texts(FEATURES)
    await database.write(declare_groups([FEATURE.name]))
    return House(world)
