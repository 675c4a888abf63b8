"""What readers write and are sent: /mydata does not show it, /forget blanks it."""

from sqlalchemy import Connection, bindparam, delete, update

from yabot.bot.tables import shown_pages, updates
from yabot.log.personal_data import PersonalData, Privacy
from yabot.log.tables import BLANK, outgoing
from yabot.log.unit_of_work import UnitOfWork

_pages = delete(shown_pages).where(shown_pages.c.chat_id == bindparam("chat"))
# Not the waiting ones: they came after the update that asks to be forgotten, and still need an
# answer.
_past = (
    update(updates)
    .where(updates.c.user_id == bindparam("user"), updates.c.state != "waiting")
    .values(payload=BLANK, state="erased")
)
_said = (
    update(outgoing)
    .where(outgoing.c.chat_id == bindparam("chat"))
    .values(payload=BLANK, state="erased")
)


def personal_data() -> PersonalData:
    return PersonalData(
        erase=_erase,
        privacy=Privacy("bot-keeps", "bot-lasts", "bot-forget"),
        unshown=(updates, outgoing, shown_pages),
        stays=(updates, outgoing),
    )


def _erase(work: UnitOfWork, user_id: str) -> None:
    def remove(connection: Connection) -> None:
        # Telegram gives a private chat the id of its user.
        chat = {"chat": int(user_id)}
        connection.execute(_pages, chat)
        connection.execute(_past, {"user": user_id})
        connection.execute(_said, chat)

    work.add(remove)
