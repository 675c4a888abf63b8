"""Somebody whom a service registers."""

from yabot_client import AsyncClient
from yabot_client.types import RegisteredUser


async def register(
    yabot: AsyncClient, user_id: str = "4242", username: str = "Lucia_M"
) -> RegisteredUser:
    return await yabot.register_user(
        user_id=user_id, first_name="Lucía", username=username, language_code="EN-gb"
    )
