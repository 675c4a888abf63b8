from pathlib import Path

from aiogram import BaseMiddleware, Router

from yabot.feature import Feature, PersonalData, Services
from yabot.features.users import handlers
from yabot.features.users.events import EVENTS
from yabot.features.users.middleware import UserMiddleware
from yabot.features.users.model import UserState
from yabot.features.users.service import COLLECTION, UserService
from yabot.features.users.tables import user_profiles
from yabot.storage.documents.model import Collection

HERE = Path(__file__).parent


def _service(services: Services) -> UserService:
    users = UserService(services.database, services.documents, services.personal_data)
    services.commits.followers.append(users.cache.notice)
    return users


def _personal_data(services: Services) -> PersonalData:
    """Erased by ``UserService.delete`` itself, after every other feature's part."""
    return PersonalData(services[UserService].export_own)


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
    on_blocked=lambda services: services[UserService].deactivate,
)
