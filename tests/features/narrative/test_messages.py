"""Which page a reader was shown last is found without a look at all that they were ever sent."""

from sqlalchemy import insert

from tests.log.test_retention_steps import instructions, selects
from yabot.bot.tables import shown_pages
from yabot.clock import utc_now
from yabot.features.narrative.messages import newest_scene
from yabot.log.tables import outgoing
from yabot.storage.relational.database import Database, executing

MANY = 5000


async def send(database: Database, first: int, many: int, content_id: str | None) -> None:
    row = {"chat_id": 7, "method": "sendMessage", "payload": "", "state": "sent", "n": 0}
    whole = row | {"content_id": content_id, "created_at": utc_now()}
    rows = [
        whole | {"cause_id": f"c{number}", "message_id": number}
        for number in range(first, first + many)
    ]
    await database.write(lambda connection: connection.execute(insert(outgoing), rows) and None)


async def test_the_page_shown_last_is_near_the_end(sqlite_database: Database) -> None:
    assert await newest_scene(sqlite_database, 7) is None
    older = {"chat_id": 7, "message_id": 5, "content_id": "gate"}
    await sqlite_database.write(executing(insert(shown_pages), older))
    assert await newest_scene(sqlite_database, 7) == 5
    await send(sqlite_database, 10, MANY, "hall")
    await send(sqlite_database, 10 + MANY, 3, None)
    with selects() as asked:
        assert await newest_scene(sqlite_database, 7) == 9 + MANY
    assert await newest_scene(sqlite_database, 8) is None
    # It makes several for each row that it passes, and a thousand to read the schema.
    assert sum(instructions(sqlite_database.engine, each) for each in asked) < MANY
