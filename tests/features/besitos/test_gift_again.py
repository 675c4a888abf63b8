"""What a giver is told, where the decision about it has to be made again."""

import pytest

from tests.bot.processing.bench import at_the_bench, written
from tests.bot.processing.payments import incoming
from tests.bot.sender.recorder import recording
from tests.features.harness import Harness
from tests.storage.failing_writes import FailingWrites
from tests.waiting import PATIENCE
from yabot.app.features import FEATURES
from yabot.bot.incoming import Incoming
from yabot.features.besitos.gift import SEARCHES_AT_ONCE, Gift
from yabot.features.besitos.service import BesitosService
from yabot.log.unit_of_work import UnitOfWork
from yabot.storage.documents.store import DocumentStore
from yabot.storage.relational.database import Database

NOBODY = 987654321


def pressed(update_id: int, user_id: int) -> Incoming:
    """A button that nobody was shown."""
    someone = {"id": user_id, "is_bot": False, "first_name": "Ana"}
    chat = {"id": user_id, "type": "private"}
    message = {"message_id": 1, "date": 0, "chat": chat, "text": "a question"}
    query = {"id": "1", "from": someone, "chat_instance": "1", "message": message}
    return incoming(update_id, callback_query={**query, "data": Gift(f"{NOBODY}", 1, 1).data})


@pytest.mark.parametrize("by_button", [False, True])
async def test_the_last_search_is_one_however_often_it_is_decided(
    sqlite_database: Database, documents: DocumentStore, by_button: bool
) -> None:
    database = FailingWrites(sqlite_database)
    harness = await Harness.open(FEATURES, database, documents)
    ana = await harness.join("Ana", "es")

    async def award(work: UnitOfWork) -> None:
        await harness.services[BesitosService].award(
            work, ana.user_id, 10, reason="gift", source="rewards", key=work.cause.id
        )

    await harness.commit(award)
    user_id, dispatcher = int(ana.user_id), harness.dispatcher
    async with (
        recording() as recorder,
        at_the_bench(database, recorder, alone=True, dispatcher=dispatcher) as bench,
    ):
        await bench.look()
        for number in range(1, SEARCHES_AT_ONCE + 1):
            update = written(number, user_id, f"/gift {NOBODY} 1")
            if number == SEARCHES_AT_ONCE:
                update = pressed(number, user_id) if by_button else update
                # It is stored, and its first commit fails.
                database.fail(behind=1)
            await bench.receive(update)
            assert await bench.processor.lanes.drain(PATIENCE)
        await bench.finish()
    assert database.has_failed
    said = [call.text for call in recorder.calls if call.method == "sendMessage"]
    assert said[-1].startswith("Esa persona no está" if by_button else "Entre mis lectores no")
