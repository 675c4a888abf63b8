from pathlib import Path

from yabot.feature import Feature, PersonalData, Services
from yabot.features.subscriptions.service import SubscriptionService
from yabot.features.subscriptions.tables import subscriptions


def _personal_data(services: Services) -> PersonalData:
    service = services[SubscriptionService]
    return PersonalData(service.export, service.erase)


FEATURE = Feature(
    name="subscriptions",
    tables=(subscriptions,),
    migrations=Path(__file__).parent / "migrations",
    service=lambda services: SubscriptionService(services.database),
    personal_data=_personal_data,
)
