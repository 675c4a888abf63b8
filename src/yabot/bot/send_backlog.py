"""How much of what waits to be sent is in memory, and what was left in SQL."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class BacklogBounds:
    """How many messages are in memory; what is beyond stays in SQL until some have gone out."""

    # Of all chats. Calls that go out alone may be as many again: a press waits behind no backlog.
    held: int = 2000
    of_a_chat: int = 20
    # With more than so many waiting for a chat, in SQL too, what its reader sends is turned away.
    owed_to_a_chat: int = 100


BACKLOG = BacklogBounds()


@dataclass(slots=True)
class LeftInSql:
    """Chats of which messages were left in SQL: what comes later has to stand behind those."""

    chats: set[int] = field(default_factory=set)
    # There may be messages of any chat.
    of_any_chat: bool = False

    def concerns(self, chat_id: int) -> bool:
        return self.of_any_chat or chat_id in self.chats
