"""A reader whose answer takes long sees that it is on its way."""

from tests.bot.processing.bench import at_the_bench, written
from tests.bot.sender.desk import texts_to
from tests.bot.sender.recorder import Recorder
from yabot.storage.relational.database import Database

ANA = 7


async def test_the_bot_is_typing_while_an_answer_takes_long(
    sqlite_database: Database, recorder: Recorder
) -> None:
    async with at_the_bench(sqlite_database, recorder, alone=True) as bench:
        await bench.look()
        await bench.receive(written(1, ANA, "slow"))
        await recorder.until(lambda: bool(recorder.actions))
        assert texts_to(recorder, ANA) == []
        bench.handlers.go_on.set()
        await bench.finish()
    assert recorder.parameters["sendChatAction"] == {"chat_id": str(ANA), "action": "typing"}
    assert texts_to(recorder, ANA) == ["slow"]
