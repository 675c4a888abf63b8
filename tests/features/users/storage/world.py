"""Users as the program has them: its services, over the test's stores."""

from dataclasses import dataclass
from pathlib import Path

from aiogram.types import User as TelegramUser

from tests.storage.dumps import Rows, events_of
from tests.storage.fixtures import new_commits
from yabot.app.assembly import framework_data
from yabot.app.features import FEATURES
from yabot.bot.localization import Texts
from yabot.feature import Services, state_parts
from yabot.features.narrative.service import NarrativeService
from yabot.features.users.service import User, UserService
from yabot.log.commit_log import Committed, Decision
from yabot.log.unit_of_work import Cause, UnitOfWork
from yabot.storage.documents.store import DocumentStore
from yabot.storage.relational.database import Database


@dataclass(frozen=True)
class World:
    services: Services

    @property
    def users(self) -> UserService:
        return self.services[UserService]

    @property
    def narrative(self) -> NarrativeService:
        return self.services[NarrativeService]

    async def decide(self, cause_id: str, decision: Decision[object]) -> Committed:
        """Decide and commit; again when somebody else was faster."""
        cause = Cause("test", cause_id, cause_id)
        return (await self.services.commits.decide(cause, decision, attempts=100)).committed

    async def register(self, cause_id: str = "start", telegram: TelegramUser | None = None) -> User:
        """The user after /start."""
        telegram_user = telegram or ana()

        async def meet(work: UnitOfWork) -> None:
            await self.users.meet(work, telegram_user)

        await self.decide(cause_id, meet)
        return await self.known(str(telegram_user.id))

    async def known(self, user_id: str = "7") -> User:
        user = await self.users.find(user_id)
        assert user is not None
        return user

    async def delete(self, cause_id: str = "forget", user_id: str = "7") -> Committed:
        async def forget(work: UnitOfWork) -> None:
            self.users.delete(work, await self.known(user_id), "requested_by_user")

        return await self.decide(cause_id, forget)

    async def prefer(self, cause_id: str, language: str, user_id: str = "7") -> Committed:
        async def choose(work: UnitOfWork) -> None:
            user = await self.known(user_id)
            await self.users.state(user)
            self.users.update_preferences(work, user, {"language": language})

        return await self.decide(cause_id, choose)


def new_world(
    database: Database,
    documents: DocumentStore,
    texts: Texts | None = None,
    *,
    legacy_store: Path | None = None,
    data_dir: Path | None = None,
) -> World:
    """One process, as ``build_services`` makes it but without reading all texts each time."""
    services = Services(
        database,
        documents,
        new_commits(database),
        texts or Texts(()),
        commands=(),
        state_parts=state_parts(FEATURES),
        legacy_store=legacy_store,
        data_dir=data_dir,
    )
    for feature in FEATURES:
        if feature.service is not None:
            services.add(feature.name, feature.service(services))
        if feature.personal_data is not None:
            services.personal_data[feature.name] = feature.personal_data(services)
    services.personal_data |= framework_data(database)
    return World(services)


def ana(**changed: str | None) -> TelegramUser:
    values = {"first_name": "Ana", "username": "ana", "language_code": "es", "last_name": None}
    return TelegramUser.model_validate({"id": 7, "is_bot": False, **values, **changed})


async def told_of(database: Database, user_id: str = "7") -> list[str]:
    """The types of the user's events, in their order."""
    rows: Rows = await events_of(database, user_id)
    return [row["event_type"] for row in rows]
