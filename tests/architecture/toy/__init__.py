"""A guest book: the toy feature that shows what a later phase has to bring, and no more."""

from pathlib import Path

from aiogram import BaseMiddleware, Router

from tests.architecture.toy import handlers
from tests.architecture.toy.book import CARDS, EVENTS, GuestBook
from tests.architecture.toy.tables import signatures
from yabot.feature import Feature, Services
from yabot.log.personal_data import PersonalData

HERE = Path(__file__).parent


def _personal_data(services: Services) -> PersonalData:
    book = services[GuestBook]
    return PersonalData(book.export, book.erase)


def _middleware(services: Services) -> BaseMiddleware:
    return handlers.Signatures(services[GuestBook])


def _router(_services: Services) -> Router:
    return handlers.router()


FEATURE = Feature(
    name="guest_book",
    events=EVENTS,
    tables=(signatures,),
    migrations=HERE / "migrations",
    collections=(CARDS,),
    texts=HERE / "texts",
    commands=("sign",),
    service=lambda services: GuestBook(services.database),
    personal_data=_personal_data,
    middleware=_middleware,
    router=_router,
)
