"""How many states are remembered."""

from yabot.clock import utc_now
from yabot.features.users.cache import StateCache
from yabot.features.users.model import UserState


def state(user_id: str) -> UserState:
    now = utc_now()
    return UserState(id=user_id, version=1, created_at=now, updated_at=now)


def test_keeps_the_newest_only() -> None:
    cache = StateCache(3)
    for user_id in "12345":
        cache.put(state(user_id))
    assert [each for each in "12345" if cache.get(each, 1)] == ["3", "4", "5"]
    cache.keep(1)
    assert [each for each in "12345" if cache.get(each, 1)] == ["5"]
    cache.put(state("6"))
    assert [each for each in "123456" if cache.get(each, 1)] == ["6"]
