from collections.abc import Sequence
from pathlib import Path
from typing import Any

from aiogram import Bot

from yabot.feature import Feature, Services
from yabot.features.alerts.service import AlertService
from yabot.features.alerts.subscribers import subscribers
from yabot.features.alerts.tables import alerts
from yabot.features.users.notices import Notices
from yabot.features.users.service import UserService
from yabot.runtime.loops import WakingLoop
from yabot.subscriber import Subscriber

HERE = Path(__file__).parent
# Seconds between two looks for counted alerts that are due.
LOOK_EVERY = 60.0


def _service(services: Services) -> AlertService:
    notices = Notices(services[UserService], services.texts)
    return AlertService(services.commits, notices, services.admins)


def _subscribers(services: Services) -> Sequence[Subscriber[Any]]:
    return subscribers(services[AlertService])


def _loops(services: Services, _bot: Bot) -> Sequence[WakingLoop]:
    return [WakingLoop("alerts", services[AlertService].tell_what_was_counted, LOOK_EVERY)]


FEATURE = Feature(
    name="alerts",
    tables=(alerts,),
    migrations=HERE / "migrations",
    texts=HERE / "texts",
    service=_service,
    subscribers=_subscribers,
    loops=_loops,
)
