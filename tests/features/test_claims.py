"""What two features claim ends the start of all of them, in the program as in their tests."""

import pytest
from aiogram import Router
from aiogram.filters import Command
from aiogram.types import TelegramObject

from tests.features.harness import Harness
from yabot.app.features import FEATURES
from yabot.bot.filters import Pressed
from yabot.errors import StartupError
from yabot.feature import Feature, Services


async def answer(_event: TelegramObject) -> None: ...


def router(_services: Services) -> Router:
    routes = Router()
    routes.message.register(answer, Command("claimed"))
    routes.callback_query.register(answer, Pressed("claimed|shop"))
    return routes


@pytest.mark.parametrize(
    ("feature", "said"),
    [
        (Feature("claiming", commands=("gift",)), "'besitos' and 'claiming' both declare /gift"),
        (Feature("claiming", router=router), "'shop' and 'claiming' both take buttons"),
        (Feature("claiming", menu=("claimed",)), "button 'claimed' to /menu, and has no handler"),
    ],
)
async def test_what_another_feature_has_is_refused(
    harness: Harness, feature: Feature, said: str
) -> None:
    services = harness.services
    features = (*FEATURES[:-1], feature, FEATURES[-1])
    with pytest.raises(StartupError, match=said):
        await Harness.open(features, services.database, services.documents)
