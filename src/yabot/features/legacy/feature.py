from pathlib import Path

from yabot.feature import Feature, Services
from yabot.features.legacy.events import EVENTS
from yabot.features.legacy.personal_data import personal_data
from yabot.features.legacy.state import LEGACY
from yabot.features.legacy.still_set import warn_of_unused_store
from yabot.features.legacy.tables import TABLES
from yabot.log.personal_data import PersonalData

HERE = Path(__file__).parent


def _personal_data(services: Services) -> PersonalData:
    return personal_data(services.database)


FEATURE = Feature(
    name="legacy",
    events=EVENTS,
    tables=TABLES,
    migrations=HERE / "migrations",
    state=(LEGACY,),
    texts=HERE / "texts",
    personal_data=_personal_data,
    prepare=warn_of_unused_store,
)
