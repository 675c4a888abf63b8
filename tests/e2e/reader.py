"""A reader at the playground: sends, presses, reacts, and waits for what the bot answers."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from tests.waiting import PATIENCE
from yabot.playground.client import PlaygroundClient

Json = dict[str, Any]


@dataclass
class Reader:
    client: PlaygroundClient
    user_id: int
    language: str = "es"

    @classmethod
    async def new(cls, client: PlaygroundClient, name: str, language: str = "es") -> "Reader":
        return cls(client, await client.add_user(name, language), language)

    async def chat(self) -> list[Json]:
        return await self.client.chat(self.user_id)

    async def send(self, text: str) -> None:
        await self.client.send(self.user_id, text)

    async def ask(self, text: str, answers: int = 1) -> list[Json]:
        """Send, and wait for that many answers of the bot, which are returned."""
        before = await self._newest()
        await self.send(text)
        return await self._answers_after(before, answers)

    async def own_data(self) -> Json:
        """What /mydata brings."""
        (sent,) = await self.ask("/mydata")
        shown: Json = json.loads(await self.client.file(sent["document"]["file_id"]))
        return shown

    async def press(self, data: str, answers: int = 1) -> list[Json]:
        """Press the newest such button, wait until its clock has stopped and for the answers."""
        before = await self._newest()
        await self.touch(data)
        found = await self._answers_after(before, answers)
        await self.until(lambda chat: not any(message["pending"] for message in chat))
        return found

    async def touch(self, data: str) -> None:
        """Press the newest such button, also one that is gone by now, and do not wait."""
        await self.client.press(self.user_id, await self.find(data), data)

    async def find(self, data: str) -> int:
        """The message with such a button; a message that only had it once is found by hand."""
        for message in reversed(await self.chat()):
            if data in buttons(message):
                return int(message["message_id"])
        raise AssertionError(f"no button {data} in the chat of {self.user_id}")

    async def answers(self) -> list[Json]:
        """What the bot has said, oldest first."""
        return said_by_bot(await self.chat())

    async def until(self, condition: Callable[[list[Json]], object]) -> list[Json]:
        return await self.client.wait_for(self.user_id, condition, PATIENCE)

    async def _newest(self) -> int:
        """The id of the last message. Of a long chat the first ones are not shown any more, so that
        nothing is to be counted there."""
        return max((int(message["message_id"]) for message in await self.chat()), default=0)

    async def _answers_after(self, newest: int, number: int) -> list[Json]:
        def later(chat: list[Json]) -> list[Json]:
            return [each for each in said_by_bot(chat) if each["message_id"] > newest]

        return later(await self.until(lambda chat: len(later(chat)) >= number))


@asynccontextmanager
async def readers(url: str, *names: str) -> AsyncIterator[list[Reader]]:
    """New users of the playground at ``url``."""
    async with PlaygroundClient(url) as client:
        yield [await Reader.new(client, name) for name in names]


def said_by_bot(chat: list[Json]) -> list[Json]:
    return [message for message in chat if message["from"]["is_bot"]]


def buttons(message: Json) -> list[str]:
    """The callback data under a message, in reading order."""
    rows = message.get("reply_markup", {}).get("inline_keyboard", [])
    return [button["callback_data"] for row in rows for button in row if "callback_data" in button]


def with_buttons(chat: list[Json]) -> list[Json]:
    return [message for message in chat if buttons(message)]
