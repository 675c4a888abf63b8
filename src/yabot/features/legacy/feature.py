from collections.abc import Sequence
from pathlib import Path

from aiogram import Bot

from yabot.feature import Feature, Services
from yabot.features.legacy.events import EVENTS
from yabot.features.legacy.personal_data import personal_data
from yabot.features.legacy.service import Legacy
from yabot.features.legacy.state import LEGACY
from yabot.features.legacy.still_set import warn_of_unused_store
from yabot.features.legacy.tables import TABLES
from yabot.log.personal_data import PersonalData
from yabot.runtime.loops import WakingLoop

HERE = Path(__file__).parent


def _personal_data(services: Services) -> PersonalData:
    return personal_data(services.database, has_old_store=services.legacy_store is not None)


def _loops(services: Services, _bot: Bot) -> Sequence[WakingLoop]:
    return services[Legacy].loops()


FEATURE = Feature(
    name="legacy",
    events=EVENTS,
    tables=TABLES,
    migrations=HERE / "migrations",
    state=(LEGACY,),
    texts=HERE / "texts",
    service=Legacy,
    personal_data=_personal_data,
    loops=_loops,
    prepare=warn_of_unused_store,
)
