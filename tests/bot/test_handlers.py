"""A handler that asks for what it will not get ends the start, with a sentence that names it."""

from collections.abc import Callable
from typing import Any

import pytest
from aiogram import Dispatcher, F, Router
from aiogram.filters import Command, CommandObject
from aiogram.types import Message

from yabot.bot.filters import Pressed
from yabot.bot.handlers import take_handlers
from yabot.errors import StartupError


class Presents:
    pass


class Others:
    pass


async def asking_for_all(
    _message: Message, turn: object, command: CommandObject, presents: Presents, word: str
) -> None: ...


async def asking_for_nothing_that_must_be(
    _message: Message, nobody: int = 3, **_rest: object
) -> None: ...


async def misspelt(_message: Message, turn: object, presnts: Presents) -> None: ...


async def of_another_type(_message: Message, presents: Others) -> None: ...


class Methods:
    async def without_its_filter(self, _message: Message, command: CommandObject) -> None: ...


def take(*handlers: Callable[..., Any], filters: tuple[Any, ...] = ()) -> None:
    routes = Router(name="presents")
    for handler in handlers:
        routes.message.register(handler, *filters)
    take_handlers(Dispatcher(disable_fsm=True), "presents", routes, {"presents": Presents()})


def test_what_updates_services_and_filters_give_may_be_asked_for() -> None:
    word = F.text.regexp("a").as_("word")
    take(asking_for_all, asking_for_nothing_that_must_be, filters=(Command("give"), word))


@pytest.mark.parametrize(
    ("handler", "sentence"),
    [
        (
            misspelt,
            "feature 'presents': the handler misspelt asks for 'presnts', which nobody gives it; "
            "it may ask for bot, dispatcher, event_from_user, event_router, event_update, "
            "presents, turn",
        ),
        (
            of_another_type,
            "feature 'presents': the handler of_another_type asks for 'presents' as a Others, "
            "and would get a Presents",
        ),
        (
            Methods().without_its_filter,
            "feature 'presents': the handler Methods.without_its_filter asks for 'command', which",
        ),
    ],
)
def test_what_nobody_gives_is_named(handler: Callable[..., Any], sentence: str) -> None:
    with pytest.raises(StartupError) as refused:
        take(handler)
    assert str(refused.value).startswith(sentence)


def test_what_aiogram_would_ask_of_a_whole_router_is_refused() -> None:
    above, below, filtered = Router(name="above"), Router(name="below"), Router(name="filtered")
    above.include_router(below)
    filtered.callback_query.filter(Pressed("give"))
    for router, why in ((above, "not on routers below it"), (filtered, "of callback_query")):
        with pytest.raises(StartupError, match=why):
            take_handlers(Dispatcher(disable_fsm=True), "presents", router, {})
