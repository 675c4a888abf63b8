"""Two decisions are compared in all that they would change, and not in what the clock says."""

from collections.abc import Awaitable, Callable
from uuid import uuid4

import pytest

from tests.events.samples import envelope
from tests.features.contract.decisions import decided, differing
from tests.features.harness import Harness
from yabot.bot.message import message
from yabot.clock import rfc3339, utc_now
from yabot.errors import InvalidInput
from yabot.features.besitos.service import BesitosService
from yabot.features.users.events import UserRegistered
from yabot.features.users.service import UserService
from yabot.log.audit import audited
from yabot.log.unit_of_work import UnitOfWork
from yabot.subscriber import Event, Subscriber

Handle = Callable[[Harness, Event[UserRegistered], UnitOfWork], Awaitable[None]]


async def pay(harness: Harness, event: Event[UserRegistered], work: UnitOfWork, key: str) -> None:
    besitos = harness.services[BesitosService]
    await besitos.award(work, event.user_id, 3, reason="test", source="test", key=key)


async def sound(harness: Harness, event: Event[UserRegistered], work: UnitOfWork) -> None:
    """Also what says when it was, in a column, a text and a document."""
    await pay(harness, event, work, f"test:{event.envelope.event_id}")
    work.add(audited("test", {"at": rfc3339(utc_now())}))
    work.send(message(1, f"Since {rfc3339(utc_now())}"))
    users = harness.services[UserService]
    user = await users.find(event.user_id)
    assert user is not None
    await users.state(user)
    users.update_preferences(work, user, {"notifications_enabled": False})


async def another_key(harness: Harness, event: Event[UserRegistered], work: UnitOfWork) -> None:
    await pay(harness, event, work, f"test:{uuid4()}")


async def another_word(_harness: Harness, _event: object, work: UnitOfWork) -> None:
    work.send(message(1, f"{uuid4()}"))


SEEN: list[str] = []


async def at_first(_harness: Harness, _event: object, work: UnitOfWork) -> None:
    if not SEEN:
        work.publish(UserRegistered(), "7")
    SEEN.append("an event")


async def fails_later(_harness: Harness, _event: object, work: UnitOfWork) -> None:
    if SEEN:
        raise InvalidInput("not again")
    SEEN.append("an event")
    work.publish(UserRegistered(), "7")


@pytest.mark.parametrize(
    ("handle", "told"),
    [
        (sound, "nothing"),
        (another_key, "in INSERT INTO transactions, 'test:"),
        (another_word, "in the message, '{"),
        (at_first, "1 changes became 0"),
        (fails_later, "the event user_registered became it fails with"),
    ],
    ids=lambda each: getattr(each, "__name__", ""),
)
async def test_two_decisions_are_the_same_or_it_is_told_why_not(
    harness: Harness, handle: Handle, told: str
) -> None:
    SEEN.clear()
    ana = await harness.join()

    async def handler(event: Event[UserRegistered], work: UnitOfWork) -> None:
        await handle(harness, event, work)

    subscriber = Subscriber("test", UserRegistered, handler)
    about = envelope("user_registered", {}, user_id=ana.user_id)
    database = harness.services.database
    first, again = [await decided(database, subscriber, about, UserRegistered()) for _ in range(2)]
    assert (differing(first, again) or "nothing").startswith(told)
    assert await ana.heard() == []
