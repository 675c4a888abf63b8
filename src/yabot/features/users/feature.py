from collections.abc import Sequence
from pathlib import Path

from aiogram import BaseMiddleware, Bot, Router

from yabot.feature import Feature, Services
from yabot.features.users import api, handlers
from yabot.features.users.events import EVENTS
from yabot.features.users.forgotten import ForgottenList
from yabot.features.users.middleware import UserMiddleware
from yabot.features.users.model import UserState
from yabot.features.users.repeating import RepeatedDeletions
from yabot.features.users.service import UserService
from yabot.features.users.states import COLLECTION
from yabot.features.users.tables import user_profiles
from yabot.log.commit_log import Committed
from yabot.log.personal_data import PersonalData, Privacy
from yabot.runtime.loops import WakingLoop
from yabot.storage.documents.model import Collection
from yabot.storage.documents.parts import composed

HERE = Path(__file__).parent


def _service(services: Services) -> UserService:
    users = UserService(
        services.database,
        services.documents,
        services.personal_data,
        ForgottenList(services.data_dir),
        composed(UserState, services.state_parts),
    )

    def cut_log(committed: Committed) -> None:
        """Cut the database's own log, so that deleted data does not stay in it."""
        if any(change.document is None for _, change in committed.documents):
            services.database.cut_log()

    services.commits.followers += [users.cache.notice, cut_log]
    return users


def _loops(services: Services, _bot: Bot) -> Sequence[WakingLoop]:
    users = services[UserService]
    return [RepeatedDeletions(services.commits, users, users.forgotten).loop]


def _personal_data(services: Services) -> PersonalData:
    users = services[UserService]
    privacy = Privacy("users-keeps", "users-lasts", "users-forget")
    return PersonalData(users.export_own, users.erase_own, privacy=privacy)


def _middleware(services: Services) -> BaseMiddleware:
    return UserMiddleware(services[UserService], services.texts)


def _router(_services: Services) -> Router:
    return handlers.router()


FEATURE = Feature(
    name="users",
    events=EVENTS,
    tables=(user_profiles,),
    migrations=HERE / "migrations",
    collections=(Collection(COLLECTION, UserState),),
    texts=HERE / "texts",
    commands=("notices", "mydata", "forget", "privacy"),
    service=_service,
    personal_data=_personal_data,
    middleware=_middleware,
    router=_router,
    api=api.routes,
    loops=_loops,
    prepare=lambda services: services[UserService].require_states(),
    on_blocked=lambda services: services[UserService].deactivate,
)
