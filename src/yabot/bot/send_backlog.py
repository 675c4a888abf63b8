"""How many unsent messages are kept in memory, and of which chats some were left in SQL."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class BacklogBounds:
    """How many messages are kept in memory; the rest stays in SQL until there is room."""

    # For all chats. As many ``alone`` calls come on top: answers to presses wait for no backlog.
    held: int = 2000
    of_a_chat: int = 20
    # With more than this waiting for a chat, SQL included, what its reader sends is turned away.
    owed_to_a_chat: int = 100


BACKLOG = BacklogBounds()


@dataclass(slots=True)
class LeftInSql:
    """Chats of which messages were left in SQL: later messages have to wait behind those."""

    chats: set[int] = field(default_factory=set)
    # Messages of any chat may have been left.
    of_any_chat: bool = False

    def concerns(self, chat_id: int) -> bool:
        return self.of_any_chat or chat_id in self.chats
