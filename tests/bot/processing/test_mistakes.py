"""Whatever goes wrong in our own code: no update is lost, and the bot goes on listening."""

import asyncio
from collections.abc import Awaitable, Sequence

import pytest
from sqlalchemy import Connection
from structlog.testing import capture_logs

from tests.bot.processing.bench import at_the_bench, written
from tests.bot.processing.payments import asked_to_pay
from tests.bot.sender.recorder import TOKEN, Recorder
from tests.cancelling import cancelled_at_each_wait
from tests.storage.dumps import rows_of
from tests.storage.fixtures import NewDatabase
from tests.waiting import PATIENCE, until
from yabot.bot.incoming import Incoming
from yabot.bot.intake_health import IntakeHealth
from yabot.bot.lost_updates import MOST_TIMES
from yabot.bot.polling import Polling
from yabot.bot.reading import Received
from yabot.bot.tables import updates
from yabot.bot.telegram import connect_bot
from yabot.storage.relational.database import Database


async def nothing_stands() -> None:
    """No webhook is in the way of polling."""


def refuse(connection: Connection) -> None:
    """Whatever is committed for an update: also that it did not work."""
    never = "CHECK (consumer <> 'bot') NOT VALID"
    connection.exec_driver_sql(f"ALTER TABLE receipts ADD CONSTRAINT never {never}")


def refuse_the_first(connection: Connection) -> None:
    never = "CHECK (cause_id NOT LIKE 'update:%%:1') NOT VALID"
    connection.exec_driver_sql(f"ALTER TABLE receipts ADD CONSTRAINT never {never}")


def refuse_no_more(connection: Connection) -> None:
    connection.exec_driver_sql("ALTER TABLE receipts DROP CONSTRAINT never")


async def test_a_mistake_does_not_end_the_listening(recorder: Recorder) -> None:
    recorder.results["getUpdates"] = [written(1, 7, "hello").update.model_dump(mode="json")]
    mistakes, told = [RuntimeError("a mistake")], list[str | None]()
    received = asyncio.Event()

    async def receive(_updates: Sequence[Received]) -> None:
        if mistakes:
            raise mistakes.pop()
        received.set()

    async with connect_bot(TOKEN, recorder.url) as bot:
        polling = Polling(
            bot,
            nothing_stands,
            partitions=4,
            timeout=0,
            limit=100,
            on_trouble=told.append,
            intake_health=IntakeHealth(lambda _status, _reason: None, lambda _event: None),
        )
        listening = asyncio.create_task(polling.run(receive, ["message"]))
        async with asyncio.timeout(PATIENCE):
            await received.wait()
        listening.cancel()
    assert (told[0] or "").startswith("RuntimeError at yabot.bot.polling")


async def test_a_reader_hears_that_their_handler_was_cut_off_and_the_next_is_handled(
    sqlite_database: Database, recorder: Recorder
) -> None:
    """By whoever cancelled what it awaited; nothing of it would come of another try."""
    async with at_the_bench(sqlite_database, recorder, alone=True) as bench:
        await bench.look()
        await bench.receive(written(1, 7, "interrupted"), written(2, 7, "next"))
        await bench.finish()
    assert len(recorder.taken) == 2
    assert recorder.taken[1].text == "next"
    states = {row["update_id"]: row["state"] for row in await rows_of(bench.database, updates)}
    assert states == {1: "failed", 2: "done"}


async def test_who_pays_is_refused_where_the_handler_of_the_question_was_cut_off(
    sqlite_database: Database, recorder: Recorder
) -> None:
    async with at_the_bench(sqlite_database, recorder, alone=True) as bench:
        await bench.look()
        bench.handlers.is_ask_interrupted = True
        await bench.receive(asked_to_pay(1, 7))

        async def is_settled() -> bool:
            return [row["state"] for row in await rows_of(bench.database, updates)] == ["failed"]

        await until(is_settled)
        await bench.finish()
    (refusal,) = recorder.taken
    assert refusal.method == "answerPreCheckoutQuery"


async def test_an_update_that_not_even_an_excuse_could_end_is_found_again(
    new_postgres: NewDatabase, recorder: Recorder
) -> None:
    database = new_postgres()
    await database.open()
    async with at_the_bench(database, recorder, rest=0.01) as bench:
        await bench.look()
        await database.write(refuse)
        await bench.receive(written(1, 7, "hello"))
        assert await bench.processor.lanes.drain(PATIENCE)
        await database.write(refuse_no_more)

        async def noted() -> bool:
            await bench.look()
            return (await bench.noted())["7"] == ["hello"]

        await until(noted)
        await bench.finish()


async def test_rounds_leave_such_an_update_alone_for_a_while_and_the_readers_next_does_not(
    new_postgres: NewDatabase, recorder: Recorder
) -> None:
    """What is wrong with all updates would fill the log; and the next is not to overtake it."""
    database = new_postgres()
    await database.open()
    async with at_the_bench(database, recorder, rest=PATIENCE) as bench:
        await bench.look()
        await database.write(refuse)
        with capture_logs() as logs:
            await bench.receive(written(1, 7, "hello"))
            for _round in range(5):
                assert await bench.processor.lanes.drain(PATIENCE)
                await bench.look()
        assert [each["event"] for each in logs].count("update.lost") == 1
        await database.write(refuse_no_more)
        # As another process stores it, which leaves it to ours.
        await bench.intake.store([written(2, 7, "again"), written(3, 8, "me too")])
        await bench.look()
        assert await bench.processor.lanes.drain(PATIENCE)
        assert await bench.noted() == {"8": ["me too"]}
        await bench.receive(written(4, 7, "are you there"))
        await bench.finish()
        assert (await bench.noted())["7"] == ["hello", "again", "are you there"]


@pytest.mark.criterion("3.2.1")
@pytest.mark.parametrize("alone", [True, False])
async def test_what_waits_behind_such_an_update_does_not_overtake_it(
    new_postgres: NewDatabase, recorder: Recorder, alone: bool
) -> None:
    """What is wrong with the first alone."""
    database = new_postgres()
    await database.open()
    async with at_the_bench(database, recorder, alone=alone) as bench:
        await bench.look()
        await database.write(refuse_the_first)
        await bench.receive(*(written(n, 7, f"number {n}") for n in (1, 2, 3)))
        assert await bench.processor.lanes.drain(PATIENCE)
        assert await bench.noted() == {}
        await database.write(refuse_no_more)
        await bench.receive(written(4, 7, "number 4"))
        await bench.finish()
        assert (await bench.noted())["7"] == [f"number {n}" for n in (1, 2, 3, 4)]


async def test_one_that_is_lost_again_and_again_holds_up_its_reader_no_longer_and_that_is_told(
    new_postgres: NewDatabase, recorder: Recorder
) -> None:
    database = new_postgres()
    await database.open()
    async with at_the_bench(database, recorder, rest=0.0) as bench:
        await bench.look()
        await database.write(refuse_the_first)
        with capture_logs() as logs:
            await bench.receive(written(1, 7, "hello"), written(2, 7, "again"))

            async def noted() -> bool:
                assert await bench.processor.lanes.drain(PATIENCE)
                await bench.look()
                return (await bench.noted())["7"] == ["again"]

            await until(noted)
            await bench.finish()
    (told,) = [each for each in logs if each["event"] == "update.overtaken"]
    assert (told["update_id"], told["lost"]) == (1, MOST_TIMES)
    assert [each["event"] for each in logs].count("update.lost") >= MOST_TIMES


async def test_such_a_one_rests_without_its_reader(
    new_postgres: NewDatabase, recorder: Recorder
) -> None:
    """What another process has stored of theirs meanwhile is taken up by the next round."""
    database = new_postgres()
    await database.open()
    async with at_the_bench(database, recorder, rest=PATIENCE) as bench:
        await bench.look()
        await database.write(refuse_the_first)
        await bench.receive(written(1, 7, "hello"))
        with capture_logs() as logs:
            for number in range(2, MOST_TIMES + 1):
                assert await bench.processor.lanes.drain(PATIENCE)
                await bench.receive(written(number, 7, "again"))
            assert await bench.processor.lanes.drain(PATIENCE)
            assert [each["event"] for each in logs].count("update.overtaken") == 1
            logs.clear()
            await bench.intake.store([written(MOST_TIMES + 1, 7, "still there")])
            await bench.look()
            await bench.finish()
        assert (await bench.noted())["7"][-1] == "still there"
        assert "update.lost" not in [each["event"] for each in logs]


async def test_so_it_is_where_no_other_process_looks(
    sqlite_database: Database, recorder: Recorder
) -> None:
    async with at_the_bench(sqlite_database, recorder, alone=True) as bench:
        await bench.look()
        # Stored, and in no lane any more.
        await bench.intake.store([written(1, 7, "hello")])
        bench.rounds.start()

        async def noted() -> bool:
            return (await bench.noted())["7"] == ["hello"]

        await until(noted)
        await bench.finish()


async def test_what_could_not_be_stored_is_told_once_and_the_lane_goes_on(
    sqlite_database: Database, recorder: Recorder
) -> None:
    async with at_the_bench(sqlite_database, recorder, alone=True) as bench:
        await bench.look()
        await bench.receive(written(1, 7, "too much"), written(2, 7, "hello"))
        await bench.finish()
        assert await bench.noted() == {"7": ["hello"]}
        states = {row["update_id"]: row["state"] for row in await rows_of(sqlite_database, updates)}
    assert states == {1: "failed", 2: "done"}
    apology, answer = [call.text for call in recorder.calls if call.method == "sendMessage"]
    assert answer == "hello"
    assert apology != "hello"


async def test_a_button_that_telegram_would_not_take_is_no_silence(
    sqlite_database: Database, recorder: Recorder
) -> None:
    async with at_the_bench(sqlite_database, recorder, alone=True) as bench:
        await bench.look()
        with capture_logs() as logs:
            await bench.receive(written(1, 7, "big button"), written(2, 7, "hello"))
            await bench.finish()
        assert await bench.noted() == {"7": ["hello"]}
        apology, answer = [call.text for call in recorder.calls if call.method == "sendMessage"]
    assert answer == "hello"
    assert apology not in ("", "big button")
    assert [each["event"] for each in logs if each["log_level"] == "error"] == ["update.failed"]


async def test_a_delivery_that_is_cut_off_anywhere_and_comes_again_is_handled_once(
    new_postgres: NewDatabase, recorder: Recorder
) -> None:
    """As when another process leads from now on, or the poll ends that stands in for a webhook."""
    database, delivered = new_postgres(), list[Incoming]()
    await database.open()

    def deliver_the_next() -> Awaitable[None]:
        number = len(delivered) + 1
        delivered.append(written(number, 7, f"{number}"))
        return bench.receive(delivered[-1])

    async with at_the_bench(database, recorder) as bench:
        await bench.look()
        async for _ in cancelled_at_each_wait(deliver_the_next):
            # Whatever is not confirmed comes before all others.
            await bench.receive(delivered[-1])
        await bench.finish()
        assert (await bench.noted())["7"] == [f"{n}" for n in range(1, len(delivered) + 1)]
    assert len(recorder.taken) == len(delivered) > 1
