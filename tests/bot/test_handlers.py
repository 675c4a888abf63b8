"""A handler that asks for what it will not get ends the start, with a sentence that names it; and
which handlers a press is handed to.
"""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from aiogram import Bot, Dispatcher, F, Router
from aiogram.filters import Command, CommandObject, Filter
from aiogram.types import CallbackQuery, Message, Update

from yabot.bot.filters import Pressed, PressObserver
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


class Noted(Pressed):
    """Remembers of which data it was asked."""

    def __init__(self, pattern: str) -> None:
        super().__init__(pattern)
        self.asked: list[str] = []

    async def __call__(self, query: CallbackQuery) -> bool:
        self.asked.append(query.data or "")
        return await super().__call__(query)


class Never(Filter):
    async def __call__(self, _query: CallbackQuery) -> bool:
        return False


async def test_a_press_is_handed_to_those_alone_whom_it_fits_in_their_order() -> None:
    dispatcher, routes = Dispatcher(disable_fsm=True), Router(name="presents")
    PressObserver.put_into(dispatcher)
    give, early, late = Noted("give:[a-z]+"), Noted("keep"), Noted("keep|leave\n")
    heard: list[str] = []

    def answering(word: str) -> Callable[[CallbackQuery], Awaitable[None]]:
        async def answer(query: CallbackQuery) -> None:
            heard.append(f"{word} {query.data}")

        return answer

    routes.callback_query.register(answering("give"), give)
    routes.callback_query.register(answering("never"), early, Never())
    routes.callback_query.register(answering("late"), late)
    routes.callback_query.register(answering("other"))
    take_handlers(dispatcher, "presents", routes, {})
    assert dispatcher.resolve_used_update_types() == ["callback_query"]
    for data in ("give:ana", "keep", "leave\n", "give:", None):
        await dispatcher.feed_update(Bot("99:test"), pressing(data))
    assert heard == ["give give:ana", "late keep", "late leave\n", "other give:", "other None"]
    assert (give.asked, early.asked, late.asked) == (["give:ana"], ["keep"], ["keep", "leave\n"])


def pressing(data: str | None) -> Update:
    ana = {"id": 7, "is_bot": False, "first_name": "Ana"}
    query = {"id": "1", "from": ana, "chat_instance": "1", "data": data}
    return Update.model_validate({"update_id": 1, "callback_query": query})
