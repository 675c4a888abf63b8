"""Telegram's limits for sending: 30 messages a second for a bot, one a second for a chat.

https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this
"""

from aiolimiter import AsyncLimiter

BOT_PER_SECOND = 30
# One a second in the long run; Telegram lets a chat have a short burst.
CHAT_BURST = 3
REMEMBERED_CHATS = 10_000
# Answers to a press and signs of work are not messages.
UNCOUNTED = {"answerCallbackQuery", "answerPreCheckoutQuery", "sendChatAction"}


class SendLimits:
    """Every call to Telegram passes ``wait`` first, in whatever lane it is made."""

    def __init__(self) -> None:
        # Evenly spaced: a bucket of thirty would let sixty through within one second.
        self._bot = AsyncLimiter(1, 1 / BOT_PER_SECOND)
        self._chats: dict[int, AsyncLimiter] = {}

    async def wait(self, chat_id: int, method: str) -> None:
        """Return when this call may be made."""
        if method in UNCOUNTED:
            return
        if method.startswith("send"):
            await self._chat(chat_id).acquire()
        await self._bot.acquire()

    def take(self, fraction: float) -> None:
        """Use this fraction of the bot's limit; other processes have the rest."""
        period = 1 / (BOT_PER_SECOND * fraction)
        if period != self._bot.time_period:
            self._bot = AsyncLimiter(1, period)

    def _chat(self, chat_id: int) -> AsyncLimiter:
        if len(self._chats) > REMEMBERED_CHATS:
            self._forget_the_quiet()
        return self._chats.setdefault(chat_id, AsyncLimiter(CHAT_BURST, CHAT_BURST))

    def _forget_the_quiet(self) -> None:
        self._chats = {
            chat_id: limiter
            for chat_id, limiter in self._chats.items()
            if not limiter.has_capacity(CHAT_BURST)
        }
