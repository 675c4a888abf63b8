from pathlib import Path

from aiogram import Router

from yabot.bot.failed_messages import OnRefusedPage
from yabot.feature import Feature, Services
from yabot.features.narrative import api, changes, handlers
from yabot.features.narrative.documents import COLLECTIONS
from yabot.features.narrative.events import EVENTS
from yabot.features.narrative.library import Library
from yabot.features.narrative.refused import RefusedPages
from yabot.features.narrative.service import NarrativeService
from yabot.features.narrative.state import PROGRESS
from yabot.features.narrative.story.demo import DEMO_FILE, demo_story
from yabot.features.narrative.story.parser import parse_story
from yabot.features.narrative.tables import fragment_changes
from yabot.features.subscriptions.service import SubscriptionService
from yabot.features.users.service import UserService
from yabot.log.personal_data import PersonalData, Privacy
from yabot.observability.logging import get_logger

log = get_logger(__name__)

HERE = Path(__file__).parent


def _service(services: Services) -> NarrativeService:
    database = services.database
    library = Library(
        services.documents, lambda number: database.read(changes.changes_after(number))
    )
    return NarrativeService(
        library,
        database,
        services[UserService],
        services[SubscriptionService],
    )


async def _prepare(services: Services) -> None:
    """Import the demo story if there is none yet."""
    library = services[NarrativeService].library
    if await library.current() is not None:
        return
    if await library.fill(parse_story(demo_story(), DEMO_FILE)):
        log.info("story.demo_imported")


def _router(_services: Services) -> Router:
    return handlers.router()


def _on_refused_page(services: Services) -> OnRefusedPage:
    return RefusedPages(services[UserService], services.texts).replace


FEATURE = Feature(
    name="narrative",
    events=EVENTS,
    tables=(fragment_changes,),
    migrations=HERE / "migrations",
    collections=COLLECTIONS,
    state=(PROGRESS,),
    personal_data=lambda _services: PersonalData(privacy=Privacy("narrative-keeps")),
    texts=HERE / "texts",
    commands=("story",),
    service=_service,
    router=_router,
    api=api.routes,
    on_refused_page=_on_refused_page,
    prepare=_prepare,
)
