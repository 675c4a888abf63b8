"""Users as other services list them and find them by name."""

import pytest

from tests.features.harness import Harness
from tests.features.users.lucia import register
from yabot_client import AsyncClient
from yabot_client.codes import CursorInvalid


async def listed(yabot: AsyncClient, limit: int, username: str | None = None) -> list[str]:
    """The ids on all pages, each of ``limit``."""
    users = yabot.iterate_users(limit=limit, username=username)
    return [user["user_id"] async for user in users]


async def test_users_are_listed_page_by_page(yabot: AsyncClient, harness: Harness) -> None:
    assert await listed(yabot, 2) == []
    ids = sorted([(await harness.join()).user_id for _ in range(5)])
    first = await yabot.list_users(limit=2)
    assert [user["user_id"] for user in first["items"]] == ids[:2]
    assert await listed(yabot, 2) == ids
    # The last page says that it is the last.
    assert (await yabot.list_users(limit=5))["next"] is None


async def test_users_are_found_by_their_username(yabot: AsyncClient, harness: Harness) -> None:
    await harness.join()
    await register(yabot)
    await register(yabot, "4243", username="lucia_m")
    assert await listed(yabot, 1, "LUCIA_M") == ["4242", "4243"]
    assert await listed(yabot, 1, "nobody") == []


async def test_a_cursor_is_for_the_list_that_gave_it(yabot: AsyncClient) -> None:
    await register(yabot)
    await register(yabot, "4243")
    cursor = (await yabot.list_users(limit=1))["next"]
    with pytest.raises(CursorInvalid):
        await yabot.list_users(after=cursor, username="lucia_m")
    with pytest.raises(CursorInvalid):
        await yabot.list_users(after=f"x{cursor}")
