"""A reader is forgotten while a page is on its way to them: nothing of what they read stays."""

import pytest

from tests.bot.sender.desk import Desk
from tests.log.units import unit
from tests.storage.dumps import rows_of
from yabot.bot.marks import Marks
from yabot.bot.message import message
from yabot.bot.personal_data import personal_data
from yabot.log.tables import BLANK, outgoing


@pytest.mark.parametrize("came", [True, False], ids=["sent", "refused"])
async def test_what_was_erased_on_its_way_stays_erased(desk: Desk, came: bool) -> None:
    desk.commits.followers.clear()
    page, forgetting = unit("page"), unit("forget")
    page.send(message(7, "page", content_id="gate"))
    await desk.commits.commit(page)
    (row,) = await rows_of(desk.database, outgoing)
    personal_data().erase(forgetting, "7")
    await desk.commits.commit(forgetting)

    marks = Marks(desk.database)
    if came:
        marks.sent(row["id"], 5)
    else:
        marks.refused(row["id"])
    await desk.database.flush()
    (row,) = await rows_of(desk.database, outgoing)
    assert (row["state"], row["message_id"], row["payload"]) == ("erased", None, BLANK)
