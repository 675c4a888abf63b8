"""The reader's side for programs: tests and benches chat with the bot through this."""

import asyncio
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

import aiohttp

from yabot.errors import InvalidInput

Json = dict[str, Any]
Messages = list[Json]


class PlaygroundClient:
    """Speaks HTTP to a playground at ``url``; what it refuses is an ``InvalidInput``."""

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._session.close()

    async def users(self) -> list[Json]:
        found: list[Json] = await self._ask("GET", "/users")
        return found

    async def add_user(
        self, first_name: str, language_code: str | None = "es", username: str | None = None
    ) -> int:
        """The new user's Telegram id."""
        body = {"first_name": first_name, "language_code": language_code, "username": username}
        return int((await self._ask("POST", "/users", body))["id"])

    async def send(self, user_id: int, text: str) -> Json:
        """The message, as Telegram tells the bot of it."""
        sent: Json = await self._ask("POST", f"/users/{user_id}/messages", {"text": text})
        return sent

    async def press(self, user_id: int, message_id: int, data: str) -> None:
        where = f"/users/{user_id}/messages/{message_id}/press"
        await self._ask("POST", where, {"data": data})

    async def react(self, user_id: int, message_id: int, emoji: str | None) -> None:
        """``None`` takes the reaction back."""
        where = f"/users/{user_id}/messages/{message_id}/reaction"
        await self._ask("PUT", where, {"emoji": emoji})

    async def block(self, user_id: int) -> None:
        await self._ask("PUT", f"/users/{user_id}/block")

    async def unblock(self, user_id: int) -> None:
        await self._ask("DELETE", f"/users/{user_id}/block")

    async def remove_user(self, user_id: int) -> None:
        await self._ask("DELETE", f"/users/{user_id}")

    async def chat(self, user_id: int) -> Messages:
        """Telegram's Message objects, oldest first, with ``reactions`` ({user_id, emoji}) and
        ``pending`` (the data of the pressed buttons that the bot has not answered)."""
        found: Messages = (await self._ask("GET", f"/users/{user_id}/chat"))["messages"]
        return found

    async def wait_for(
        self,
        user_id: int,
        predicate: Callable[[Messages], Any],
        timeout: float = 10.0,  # noqa: ASYNC109 waiting is what it is for
    ) -> Messages:
        """The chat once ``predicate`` holds; ``TimeoutError`` tells the chat as it was last."""
        deadline = asyncio.get_running_loop().time() + timeout
        while not predicate(messages := await self.chat(user_id)):
            if asyncio.get_running_loop().time() > deadline:
                raise TimeoutError(f"not within {timeout} s; the chat was:\n{_told(messages)}")
            await asyncio.sleep(0.02)
        return messages

    async def _ask(self, verb: str, path: str, body: Json | None = None) -> Any:
        url = f"{self._url}/playground{path}"
        async with self._session.request(verb, url, json=body) as answer:
            if answer.status >= 400:
                raise InvalidInput(f"{verb} {path}: {answer.status} {await answer.text()}")
            return None if answer.status == 204 else await answer.json()


def _told(messages: Messages) -> str:
    return "\n".join(_line(message) for message in messages) or "(empty)"


def _line(message: Json) -> str:
    rows = message.get("reply_markup", {}).get("inline_keyboard", [])
    buttons = [f"[{button['text']}]" for row in rows for button in row]
    return " ".join(
        [
            f"{message['message_id']} {message['from']['first_name']}:",
            message.get("text", ""),
            *buttons,
        ]
    )
