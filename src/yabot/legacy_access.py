"""The old bot's two functions over this program's stores. An old bot changes one import::

    from yabot.legacy_access import get_user_profile, save_user_profile

They take and give the same dictionaries as before, from any thread, also where an event loop runs,
beside a running program or without one. The stores are those of the environment and ``.env``, as
for ``yabot run``; they are opened by the first call, and closed when the process ends.

Two writers lose nothing to each other: what is saved is what has changed since it was given.
"""

import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from yabot.app.features import FEATURES
from yabot.app.services import open_services
from yabot.errors import InvalidInput, StoreUnavailable
from yabot.features.legacy.access.deprecation import Caller, Callers
from yabot.features.legacy.access.functions import Access
from yabot.runtime.background import Background
from yabot.settings import ConfigManager

T = TypeVar("T")

__all__ = ["StoreUnavailable", "get_user_profile", "save_user_profile"]


def get_user_profile(telegram_id: int) -> dict[str, Any]:
    """Of that user, in the old format; somebody new is created as the old bot did it.

    What it gives carries a mark under ``metadata["yabot"]``: leave it there. Raises ValueError for
    what is no id of Telegram's, StoreUnavailable when a store does not answer, and what `yabot run`
    would end with when the configuration cannot work (a YabotError).
    """
    return _call("get_user_profile", _caller(), lambda access: access.get(telegram_id))


def save_user_profile(profile: dict[str, Any]) -> None:
    """Take from it what has changed since it was given, or all of it when it was not.

    Its mark is renewed, so that it may be changed and saved again. Raises ValueError for a profile
    that cannot be taken, of which then nothing is; else as ``get_user_profile`` does. A save that
    has raised StoreUnavailable may have happened all the same: the same one again does it once, and
    so does one with further changes in the same process.
    """
    _call("save_user_profile", _caller(), lambda access: access.save(profile))


def _call(function: str, caller: Caller, ask: Callable[[Access], Coroutine[Any, Any, T]]) -> T:
    try:
        _callers.warn(caller, function, _stores.call(lambda access: access.phase()))
        return _stores.call(ask)
    except InvalidInput as error:
        raise ValueError(str(error)) from None


@asynccontextmanager
async def _open() -> AsyncIterator[Access]:
    async with open_services(ConfigManager().load(), FEATURES) as services:
        yield Access(services)


def _caller() -> Caller:
    frame = sys._getframe(2)
    return Caller(frame.f_code.co_filename, frame.f_lineno)


_stores = Background(_open)
_callers = Callers()
