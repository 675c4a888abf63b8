"""Registers the features' handlers, and checks at the start that each gets the arguments it needs.

aiogram itself would notice a missing one only at the first such update, and drop that.
"""

import inspect
from collections.abc import Iterator, Mapping
from typing import Any, TypeGuard, get_type_hints

from aiogram import Dispatcher, Router
from aiogram.dispatcher.event.handler import FilterObject, HandlerObject
from aiogram.dispatcher.event.telegram import TelegramEventObserver
from aiogram.filters import Command
from aiogram.utils.magic_filter import AsFilterResultOperation

from yabot.errors import StartupError

# What every update brings, besides what middlewares and filters add.
BROUGHT = ("turn", "bot", "dispatcher", "event_update", "event_router", "event_from_user")


def take_handlers(
    dispatcher: Dispatcher, feature: str, router: Router, given: Mapping[str, object]
) -> None:
    """Register the router's handlers directly with the dispatcher, in the order of the features:
    aiogram spends more time on each router that an update passes than on its handlers.

    ``given`` are arguments by name: a service, or None if its value differs by update. Raises
    StartupError for parts of the router that would be ignored, and for a handler with an argument
    that nobody gives it.
    """
    if router.sub_routers:
        raise StartupError(
            f"feature '{feature}': register the handlers on the router that it brings, not on "
            "routers below it"
        )
    for kind, observer in router.observers.items():
        _require_handlers_alone(feature, kind, observer)
        for handler in observer.handlers:
            _require_given(feature, handler, given)
        dispatcher.observers[kind].handlers += observer.handlers
    _match_in_any_case(router)


def _require_handlers_alone(feature: str, kind: str, observer: TelegramEventObserver) -> None:
    if observer._handler.filters or observer.middleware or observer.outer_middleware:
        raise StartupError(
            f"feature '{feature}': filters and middlewares of a whole router are not asked; give "
            f"each handler of {kind} its filters, and bring a middleware as the feature's own"
        )


def _require_given(feature: str, handler: HandlerObject, given: Mapping[str, object]) -> None:
    callback = inspect.unwrap(handler.callback)
    known = {**dict.fromkeys(BROUGHT), **given, **dict.fromkeys(_from_filters(handler))}
    kinds = get_type_hints(callback)
    # The first one is the event itself.
    for parameter in list(inspect.signature(callback).parameters.values())[1:]:
        if parameter.kind in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL):
            continue
        asked = f"feature '{feature}': the handler {callback.__qualname__} asks for"
        if parameter.name not in known and parameter.default is parameter.empty:
            raise StartupError(
                f"{asked} '{parameter.name}', which nobody gives it; it may ask for "
                f"{', '.join(sorted(known))}"
            )
        service, kind = known.get(parameter.name), kinds.get(parameter.name)
        if service is not None and _is_class(kind) and not isinstance(service, kind):
            raise StartupError(
                f"{asked} '{parameter.name}' as a {kind.__name__}, and would get a "
                f"{type(service).__name__}"
            )


def _is_class(kind: Any) -> TypeGuard[type[Any]]:
    """Whether ``isinstance`` can check it; a protocol cannot be checked at run time."""
    return isinstance(kind, type) and not getattr(kind, "_is_protocol", False)


def _from_filters(handler: HandlerObject) -> Iterator[str]:
    """The arguments that a handler's filters add; one of ours names them as ``gives``."""
    for each in handler.filters or ():
        if isinstance(each.callback, Command):
            yield "command"
        yield from getattr(each.callback, "gives", ())
        yield from _from_magic(each)


def _from_magic(each: FilterObject) -> Iterator[str]:
    operations: tuple[Any, ...] = each.magic._operations if each.magic is not None else ()
    for operation in operations:
        if isinstance(operation, AsFilterResultOperation):
            yield operation.name


def _match_in_any_case(router: Router) -> None:
    """As ``command_in`` does: phones begin a message with a capital letter."""
    for handler in router.message.handlers:
        for each in handler.filters or ():
            if isinstance(each.callback, Command):
                each.callback.ignore_case = True
