from pathlib import Path

from aiogram import Router

from yabot.feature import Feature, Services
from yabot.features.menu.handlers import CommandHandler
from yabot.features.users.service import UserService


def _router(services: Services) -> Router:
    users, texts = services[UserService], services.texts
    return CommandHandler(users, texts, services.commands, services.menu).router()


FEATURE = Feature(
    name="menu",
    texts=Path(__file__).parent / "texts",
    commands=("start", "menu", "help", "language"),
    router=_router,
)
