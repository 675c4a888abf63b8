from pathlib import Path

from aiogram import Router

from yabot.feature import Feature, Services
from yabot.features.narrative import handlers
from yabot.features.narrative.documents import COLLECTIONS
from yabot.features.narrative.events import EVENTS
from yabot.features.narrative.library import Library
from yabot.features.narrative.service import NarrativeService
from yabot.features.subscriptions.service import SubscriptionService
from yabot.features.users.service import UserService


def _service(services: Services) -> NarrativeService:
    return NarrativeService(
        Library(services.documents), services[UserService], services[SubscriptionService]
    )


def _router(_services: Services) -> Router:
    return handlers.router()


FEATURE = Feature(
    name="narrative",
    events=EVENTS,
    collections=COLLECTIONS,
    texts=Path(__file__).parent / "texts",
    commands=("story",),
    service=_service,
    router=_router,
)
