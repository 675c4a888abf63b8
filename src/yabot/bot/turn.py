"""What a handler works with: one attempt at one update."""

from dataclasses import dataclass, field
from typing import Any

from aiogram.methods import TelegramMethod
from aiogram.types import Message as TelegramMessage
from aiogram.types import Update

from yabot.bot.incoming import Incoming
from yabot.bot.message import Keyboard, call, message, text_file
from yabot.bot.outgoing import to_message
from yabot.events.operations import Outcome, UserInteraction
from yabot.log.unit_of_work import UnitOfWork
from yabot.runtime.buckets import Tokens


@dataclass(slots=True)
class Turn:
    """Gathers what the update changes and says; nothing is sent before it is committed."""

    incoming: Incoming
    work: UnitOfWork
    operation: str
    outcome: Outcome = "ok"
    error_code: str | None = None
    # Of all attempts.
    tokens: Tokens = field(default_factory=Tokens)

    @property
    def update(self) -> Update:
        return self.incoming.update

    @property
    def chat_id(self) -> int:
        return self.incoming.chat_id

    @property
    def user_id(self) -> str:
        """Empty if the update has no user."""
        return self.incoming.user_id or ""

    def interaction(self, action: str, **context: str) -> None:
        """Name what the reader did, and publish it as UserInteraction."""
        self.operation = action
        self.work.publish(UserInteraction(action=action, context=context), self.user_id)

    def reject(self, error_code: str) -> None:
        """The reader asked for what cannot be done now; the handler says so kindly."""
        self.outcome, self.error_code = "rejected", error_code

    def say(self, text: str, keyboard: Keyboard = (), *, content_id: str | None = None) -> None:
        self.work.send(message(self.chat_id, text, keyboard, content_id, topic=self._topic))

    def attach(self, name: str, text: str, caption: str) -> None:
        """Say ``caption`` under a file of that name, which holds ``text``."""
        self.work.send(text_file(self.chat_id, name, text, caption, topic=self._topic))

    @property
    def _topic(self) -> int | None:
        """The forum topic to answer in. Elsewhere a thread is only a chain of replies, and Telegram
        takes no message into it.
        """
        query = self.update.callback_query
        asked = self.update.message or (query.message if query else None)
        if not isinstance(asked, TelegramMessage) or not asked.is_topic_message:
            return None
        return asked.message_thread_id

    def acknowledge(self, text: str | None = None) -> None:
        """Answer the pressed button, so that its clock stops; ``text`` shows for a moment."""
        query = self.update.callback_query
        if query is not None:
            answer = {"callback_query_id": query.id} | ({"text": text} if text else {})
            self.work.send(call("answerCallbackQuery", self.chat_id, answer))

    def drop_pressed(self) -> None:
        """Take away the keyboard of the pressed button: it has served."""
        query = self.update.callback_query
        if query is not None and query.message is not None:
            self.drop_keyboard(query.message.message_id)

    def decline(self, interaction: str, text: str) -> None:
        """The reader has said no to a question: its buttons go, and ``text`` confirms it."""
        self.interaction(interaction)
        self.acknowledge()
        self.drop_pressed()
        self.say(text)

    def drop_keyboard(self, message_id: int) -> None:
        place = {"chat_id": self.chat_id, "message_id": message_id}
        self.work.send(call("editMessageReplyMarkup", self.chat_id, place))

    def send(self, method: TelegramMethod[Any], content_id: str | None = None) -> None:
        topic = self._topic
        if topic is not None and "message_thread_id" in type(method).model_fields:
            method = method.model_copy(update={"message_thread_id": topic})
        self.work.send(to_message(method, self.chat_id, content_id))
