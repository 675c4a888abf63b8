"""Who has blocked the bot is known to have, once that is committed."""

from tests.features.users.storage.world import World
from yabot.app.assembly import build_on_blocked
from yabot.app.features import FEATURES
from yabot.errors import GuardFailed, StoreUnavailable
from yabot.feature import Feature
from yabot.log.unit_of_work import UnitOfWork


async def test_it_is_told_of_however_often_that_cannot_be_committed(world: World) -> None:
    """Nobody would say so again before the next message."""
    await world.register()
    failures = [GuardFailed("someone was faster"), StoreUnavailable("SQLite", "it is away")]

    async def fail(_work: UnitOfWork, _user_id: str) -> None:
        if failures:
            raise failures.pop()

    failing = Feature(name="failing", on_blocked=lambda _services: fail)
    await build_on_blocked([*FEATURES, failing], world.services)(7)
    assert failures == []
    assert not (await world.known()).profile.is_active
