"""Notes in SQL, moments later, what has become of each message. After a crash before the note, the
message is sent again.
"""

from aiogram.methods import AnswerCallbackQuery
from sqlalchemy import Connection, Update, bindparam, case, update

from yabot.log.tables import BLANK, outgoing
from yabot.storage.relational.database import Database, Statement, executing

_this = outgoing.c.id == bindparam("row")
# The answer to a press is our own text, without personal data: it need not be blanked.
_is_answer = outgoing.c.method == AnswerCallbackQuery.__api_method__
_left = case((_is_answer, outgoing.c.payload), else_=BLANK)
# Any other state stays: a message that was erased meanwhile does not become "sent".
_set_state = (
    update(outgoing)
    .where(_this, outgoing.c.state == "waiting")
    .values(state=bindparam("new_state"), message_id=bindparam("sent_id"), payload=_left)
)
_give_up = (
    update(outgoing)
    .where(_this, outgoing.c.state == "waiting")
    .values(state="uncertain", payload=BLANK)
)
_keep = update(outgoing).where(_this, outgoing.c.state == "waiting").values(state="unreadable")
_set_errors = (
    update(outgoing).where(_this, outgoing.c.state == "waiting").values(errors=bindparam("so_far"))
)


class Marks:
    """Marks rows of ``outgoing``. Nothing waits for a mark, and setting it again is harmless."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def sent(self, row_id: int, message_id: int | None) -> None:
        self._set(row_id, "sent", message_id)

    def refused(self, row_id: int) -> None:
        self._set(row_id, "refused", None)

    def unreadable(self, row_id: int) -> None:
        """The message's content is kept."""
        self._write(_keep, {"row": row_id})

    def uncertain(self, row_id: int, audit: Statement[None]) -> None:
        """Mark it and run ``audit`` in the same transaction, once."""

        def mark(connection: Connection) -> None:
            if connection.execute(_give_up, {"row": row_id}).rowcount == 1:
                audit(connection)

        self._database.write_later(mark)

    def errors(self, row_id: int, so_far: int) -> None:
        self._write(_set_errors, {"row": row_id, "so_far": so_far})

    def _set(self, row_id: int, state: str, message_id: int | None) -> None:
        self._write(_set_state, {"row": row_id, "new_state": state, "sent_id": message_id})

    def _write(self, statement: Update, values: dict[str, object]) -> None:
        self._database.write_later(executing(statement, values))
