"""Whether Telegram answers: one question for all who want to know."""

import asyncio

from aiogram import Bot
from aiogram.exceptions import TelegramAPIError, TelegramNetworkError, TelegramServerError

from yabot.bot.session import GetMeAsTold
from yabot.runtime.backoff import backoff

ANSWER_WITHIN = 10


class TelegramProbe:
    """Asks one question at a time: whoever comes meanwhile gets its answer, or the next one's."""

    def __init__(self, bot: Bot) -> None:
        self._bot = bot
        self._asking, self._waiting = asyncio.Lock(), asyncio.Lock()
        self._questions = self._returns = 0
        self._answered = False

    async def answers(self) -> bool:
        """Whether it answers a question that changes nothing, asked after this was called."""
        questions = self._questions
        async with self._asking:
            # Another one has asked meanwhile, who waited here before.
            if self._questions == questions:
                self._questions += 1
                self._answered = await self._ask()
            return self._answered

    async def wait(self) -> None:
        """Return once it has answered."""
        returns = self._returns
        async with self._waiting:
            if self._returns == returns:
                await self._until_it_answers()
                self._returns += 1

    async def _until_it_answers(self) -> None:
        for pause in backoff(first=0.2, most=30.0):
            if await self.answers():
                return
            await asyncio.sleep(pause)

    async def _ask(self) -> bool:
        try:
            await self._bot(GetMeAsTold(), request_timeout=ANSWER_WITHIN)
        except (TelegramNetworkError, TelegramServerError):
            return False
        except TelegramAPIError:
            return True
        return True
