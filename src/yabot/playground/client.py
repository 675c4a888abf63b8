"""The reader's side for programs: tests and benches chat with the bot through this."""

import asyncio
import json
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

import aiohttp

from yabot.errors import InvalidInput

Json = dict[str, Any]
Messages = list[Json]


class PlaygroundClient:
    """Speaks HTTP to a playground at ``url``; a refused request raises ``InvalidInput``."""

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")

    async def __aenter__(self) -> Self:
        # No keep-alive: an idle connection may be closed just when it is used again, and a POST is
        # not sent twice.
        self._session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True))
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

    async def bot(self) -> Json:
        """Telegram's User of the bot."""
        shown: Json = await self._ask("GET", "/bot")
        return shown

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

    async def send_photo(self, user_id: int, body: bytes, caption: str = "") -> Json:
        """The message; ``body`` is a PNG, JPEG, GIF or WebP."""
        return await self._send_file(user_id, "photo", body, "photo.jpg", caption)

    async def send_sticker(self, user_id: int, body: bytes) -> Json:
        return await self._send_file(user_id, "sticker", body, "sticker.webp")

    async def send_voice(self, user_id: int, body: bytes) -> Json:
        return await self._send_file(user_id, "voice", body, "voice.ogg")

    async def send_document(self, user_id: int, body: bytes, name: str, caption: str = "") -> Json:
        return await self._send_file(user_id, "document", body, name, caption)

    async def _send_file(
        self, user_id: int, kind: str, body: bytes, name: str, caption: str = ""
    ) -> Json:
        form = aiohttp.FormData({"kind": kind, "caption": caption}, quote_fields=False)
        form.add_field("file", body, filename=name)
        sent: Json = await self._ask("POST", f"/users/{user_id}/files", form=form)
        return sent

    async def press(self, user_id: int, message_id: int, data: str) -> None:
        where = f"/users/{user_id}/messages/{message_id}/press"
        await self._ask("POST", where, {"data": data})

    async def react(self, user_id: int, message_id: int, emoji: str | None) -> None:
        """``None`` takes the reaction back."""
        where = f"/users/{user_id}/messages/{message_id}/reaction"
        await self._ask("PUT", where, {"emoji": emoji})

    async def pay(self, user_id: int, message_id: int) -> Json:
        """How the payment ended: ``outcome`` (paid, refused or expired), ``message`` and
        ``telegram_payment_charge_id``. Waits for the bot's answer, ten seconds at most."""
        outcome: Json = await self._ask("POST", f"/users/{user_id}/messages/{message_id}/pay")
        return outcome

    async def set_stars(self, user_id: int, stars: int) -> None:
        """Play money: everybody begins with 1000."""
        await self._ask("PATCH", f"/users/{user_id}", {"stars": stars})

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
        """The chat once ``predicate`` holds; a ``TimeoutError`` shows the chat as it was last."""
        deadline = asyncio.get_running_loop().time() + timeout
        while not predicate(messages := await self.chat(user_id)):
            if asyncio.get_running_loop().time() > deadline:
                raise TimeoutError(f"not within {timeout} s; the chat was:\n{_told(messages)}")
            await asyncio.sleep(0.02)
        return messages

    async def add_group(
        self, title: str, *members: int, with_bot: bool = True, bot_hears_all: bool = False
    ) -> int:
        """The new group's chat id. The first of ``members`` adds the bot."""
        body = {
            "title": title,
            "members": list(members),
            "with_bot": with_bot,
            "bot_hears_all": bot_hears_all,
        }
        return int((await self._ask("POST", "/groups", body))["id"])

    async def groups(self) -> list[Json]:
        """Each with ``id``, ``title``, ``members`` and ``has_bot``."""
        found: list[Json] = await self._ask("GET", "/groups")
        return found

    async def send_to_group(
        self,
        chat_id: int,
        user_id: int,
        text: str,
        reply_to: int | None = None,
        topic: int | None = None,
    ) -> Json:
        """The message. The bot hears only of commands and of replies to what it said, unless it
        hears all in that group."""
        body = {"user_id": user_id, "text": text, "reply_to": reply_to, "topic": topic}
        sent: Json = await self._ask("POST", f"/groups/{chat_id}/messages", body)
        return sent

    async def open_topic(self, chat_id: int, user_id: int, name: str) -> int:
        """The new topic's id."""
        body = {"user_id": user_id, "name": name}
        return int((await self._ask("POST", f"/groups/{chat_id}/topics", body))["message_id"])

    async def press_in_group(self, chat_id: int, user_id: int, message_id: int, data: str) -> None:
        where = f"/groups/{chat_id}/messages/{message_id}/press"
        await self._ask("POST", where, {"user_id": user_id, "data": data})

    async def add_bot_to_group(self, chat_id: int, user_id: int) -> None:
        await self._ask("PUT", f"/groups/{chat_id}/bot", {"user_id": user_id})

    async def remove_bot_from_group(self, chat_id: int, user_id: int) -> None:
        await self._ask("POST", f"/groups/{chat_id}/bot/removal", {"user_id": user_id})

    async def group_chat(self, chat_id: int) -> Messages:
        found: Messages = (await self._ask("GET", f"/groups/{chat_id}/chat"))["messages"]
        return found

    async def deliver(self, *updates: Any) -> list[int]:
        """Queue these updates without any check; returns the ``update_id`` of each."""
        answer = await self._ask("POST", "/updates", form=json.dumps(updates))
        return [int(number) for number in answer["update_ids"]]

    async def faults(self, *faults: Json, seed: int = 0) -> None:
        """Replace all faults; each has a ``kind`` and other fields of ``faults.fault.Fault``."""
        await self._ask("PUT", "/faults", {"faults": list(faults), "seed": seed})

    async def clear_faults(self) -> None:
        await self._ask("DELETE", "/faults")

    async def file(self, file_id: str) -> bytes:
        async with self._session.get(f"{self._url}/playground/files/{file_id}") as answer:
            if answer.status >= 400:
                raise InvalidInput(f"the file {file_id}: {answer.status}")
            return await answer.read()

    async def present_faults(self) -> Json:
        """``seed`` and ``faults``, each with its ``hits``."""
        present: Json = await self._ask("GET", "/faults")
        return present

    async def _ask(
        self,
        verb: str,
        path: str,
        body: Json | None = None,
        form: aiohttp.FormData | str | None = None,
    ) -> Any:
        url = f"{self._url}/playground{path}"
        async with self._session.request(verb, url, json=body, data=form) as answer:
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
