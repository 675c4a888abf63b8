"""Whether Telegram answers: concurrent callers share one request."""

import asyncio

from aiogram import Bot
from aiogram.exceptions import TelegramAPIError, TelegramNetworkError, TelegramServerError

from yabot.bot.session import GetMeAsTold
from yabot.runtime.backoff import backoff

ANSWER_WITHIN = 10


class TelegramProbe:
    """Makes one request at a time; callers that come meanwhile share the next one."""

    def __init__(self, bot: Bot) -> None:
        self._bot = bot
        self._asking, self._waiting = asyncio.Lock(), asyncio.Lock()
        self._questions = self._returns = 0
        # None: nobody has heard the answer to the last question.
        self._answered: bool | None = None

    async def answers(self) -> bool:
        """Whether Telegram answers getMe, asked after this was called."""
        questions = self._questions
        async with self._asking:
            # Otherwise another caller, who waited here before us, has asked meanwhile.
            if self._questions == questions or self._answered is None:
                self._questions += 1
                self._answered = None
                self._answered = await self._ask()
            return self._answered

    async def wait(self) -> None:
        """Return once Telegram has answered."""
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
