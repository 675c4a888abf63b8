"""What has become of each message, noted in SQL moments later: a crash before it only repeats."""

from aiogram.methods import AnswerCallbackQuery
from sqlalchemy import Connection, Update, bindparam, case, update

from yabot.log.tables import BLANK, outgoing
from yabot.storage.relational.database import Database, Statement, executing

_this = outgoing.c.id == bindparam("row")
# What answers a press is a line of ours, with nothing of anybody in it.
_is_answer = outgoing.c.method == AnswerCallbackQuery.__api_method__
_left = case((_is_answer, outgoing.c.payload), else_=BLANK)
# Whatever else has become of it stands: what was erased meanwhile is not known to be in a chat.
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
    """Of rows of ``outgoing``. Nothing waits for them, and each may be set again."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def sent(self, row_id: int, message_id: int | None) -> None:
        self._set(row_id, "sent", message_id)

    def refused(self, row_id: int) -> None:
        self._set(row_id, "refused", None)

    def unreadable(self, row_id: int) -> None:
        """What it holds is kept."""
        self._write(_keep, {"row": row_id})

    def uncertain(self, row_id: int, audit: Statement[None]) -> None:
        """Once, and audited with it."""

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
