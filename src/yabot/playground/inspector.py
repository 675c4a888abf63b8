"""What the bot may show of itself beside the chat."""

from collections.abc import AsyncIterator
from typing import Any, Protocol


class Inspector(Protocol):
    """Looks into the bot's stores; implemented by whoever runs bot and playground together.

    An event envelope has ``event_id``, ``event_type``, ``version``, ``timestamp``, ``user_id``
    (the Telegram id as text; may be absent), ``sequence``, ``correlation_id``, ``causation_id``
    and ``payload``. A store that does not answer is a ``TransientError``.
    """

    async def stored_state(self, telegram_user_id: int) -> dict[str, Any]:
        """The user's rows and documents, as ``{"sections": {title: any JSON}}``."""

    async def recent_events(self, telegram_user_id: int, limit: int) -> list[dict[str, Any]]:
        """The last ``limit`` envelopes of that user, oldest first."""

    def live_events(self) -> AsyncIterator[dict[str, Any]]:
        """Envelopes of all users as they happen."""
