"""Updates as Telegram sends them, and a story that a reader can walk through for ever."""

from itertools import count
from typing import Any

from aiogram import Bot
from aiogram.types import Update

STORY = """
story: bench
languages: [es, en]
start: hall
fragments:
  hall:
    title: {es: El vestíbulo, en: The hall}
    content: {es: Una puerta da al jardín., en: A door leads to the garden.}
    choices:
      - {id: go, text: {es: Salir, en: Go out}, next: garden}
      - {id: leave, text: {es: Marcharse, en: Leave}, next: street}
  garden:
    title: {es: El jardín, en: The garden}
    content: {es: La puerta sigue abierta., en: The door is still open.}
    choices:
      - {id: go, text: {es: Entrar, en: Go in}, next: hall}
  street:
    title: {es: La calle, en: The street}
    content: {es: Fin., en: The end.}
    ending: true
"""
ROOMS = ("hall", "garden")

_ids = count(1)


class Reader:
    """One reader in a private chat, who goes to and fro between the two rooms."""

    def __init__(self, telegram_id: int, bot: Bot) -> None:
        self._bot = bot
        self.user_id = str(telegram_id)
        self._user = {
            "id": telegram_id,
            "is_bot": False,
            "first_name": "Lucía",
            "username": f"reader_{telegram_id}",
            "language_code": "es",
        }
        self._chat = {"id": telegram_id, "type": "private", "first_name": "Lucía"}
        self._room = 0

    def says(self, text: str) -> Update:
        command = [{"type": "bot_command", "offset": 0, "length": len(text)}]
        return self._update(message=self._message(text) | {"from": self._user, "entities": command})

    def goes_on(self) -> Update:
        """A press on the choice of the room where the reader stands."""
        room = ROOMS[self._room]
        self._room = 1 - self._room
        return self._update(
            callback_query={
                "id": str(next(_ids)),
                "from": self._user,
                "chat_instance": self.user_id,
                "message": self._message(f"{room}: a few words of the story"),
                "data": f"c:{room}:go",
            }
        )

    def _message(self, text: str) -> dict[str, Any]:
        return {"message_id": next(_ids), "date": 1_700_000_000, "chat": self._chat, "text": text}

    def _update(self, **event: Any) -> Update:
        """With its bot, as the client hands it over: the dispatcher would copy it otherwise."""
        return Update.model_validate({"update_id": next(_ids), **event}, context={"bot": self._bot})
