"""/mydata is one file, and no second one while the first waits."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from aiogram.methods import SendDocument
from aiogram.types import BufferedInputFile, Update
from sqlalchemy import delete, insert, update

from tests.features.users.storage.world import World, new_world
from tests.storage.dumps import rows_of
from tests.storage.fixtures import mongodb_away
from tests.storage.meanwhile import Meanwhile
from yabot.api import personal_data as api_data
from yabot.api.tables import api_answers
from yabot.app.assembly import build_texts
from yabot.app.features import FEATURES
from yabot.bot.incoming import Incoming
from yabot.bot.outgoing import to_method
from yabot.bot.turn import Turn
from yabot.bus import personal_data as bus_data
from yabot.bus.tables import dead_letters, posted_events
from yabot.errors import GuardFailed
from yabot.features.besitos.service import BesitosService
from yabot.features.users.events import UserUpdated
from yabot.features.users.handlers import show_data
from yabot.log.personal_data import personal_data
from yabot.log.tables import audit_log, outgoing
from yabot.log.unit_of_work import Cause, Message, UnitOfWork
from yabot.storage.relational.database import Database, executing

_numbers = count(1)


@pytest.fixture
async def world(sqlite_database: Database) -> AsyncIterator[World]:
    """Its state waits in SQL: MongoDB is away."""
    async with mongodb_away() as store:
        made = new_world(sqlite_database, store)
        made.services.texts = build_texts(FEATURES)
        await made.register()
        yield made


async def asked(world: World) -> Message:
    """What is sent for it, committed."""
    turn = await decided(world)
    (sent,) = turn.work.messages
    await world.services.commits.commit(turn.work)
    return sent


async def decided(world: World) -> Turn:
    number = next(_numbers)
    ana = {"id": 7, "is_bot": False, "first_name": "Ana"}
    message = {"message_id": number, "date": 0, "chat": {"id": 7, "type": "private"}, "from": ana}
    entry = Update.model_validate({"update_id": number, "message": {**message, "text": "/mydata"}})
    turn = Turn(Incoming.of(entry, 4), UnitOfWork(Cause("bot", f"{number}", f"{number}")), "")
    t = world.services.texts.localizer("en")
    assert entry.message is not None
    await show_data(entry.message, turn, await world.known(), t, world.users)
    return turn


async def test_it_is_a_file_with_all_that_features_keep(world: World) -> None:
    method = to_method(await asked(world))
    assert isinstance(method, SendDocument)
    assert isinstance(method.document, BufferedInputFile)
    shown = json.loads(method.document.data)
    assert shown["profile"]["first_name"] == "Ana"
    assert shown["besitos"] == {"balance": 0, "earned": 0, "movements": []}
    assert [event["event_type"] for event in shown["log"]["events"]] == ["user_registered"]
    assert shown["log"]["counters"] == {"sequence": 1, "state_version": 1}


async def test_of_what_grows_for_ever_it_holds_the_newest(world: World) -> None:
    async def change(work: UnitOfWork) -> None:
        for _ in range(3):
            work.publish(UserUpdated(update_type="profile", updated_fields=("bio",)), "7")

    await world.decide("change", change)
    log = (await personal_data(world.services.database, most=2).export("7"))["log"]
    assert [event["sequence"] for event in log["events"]] == [3, 4]
    assert log["older_events"] == 2


async def test_of_what_services_and_faults_leave_it_holds_the_newest(world: World) -> None:
    database, begun = world.services.database, datetime(2026, 11, 30, tzinfo=UTC)
    for number in range(4):
        moment = begun + timedelta(seconds=number)
        said = {"user_id": "7", "created_at": moment}
        answer = {"service": "orders", "fingerprint": "", "status": 200, "headers": "{}"}
        for table, row in (
            (audit_log, {**said, "kind": "api_request", "details": f"[{number}]"}),
            (api_answers, {**said, **answer, "key": f"{number}", "body": f"[{number}]"}),
            (dead_letters, letter(number, moment)),
        ):
            await database.write(executing(insert(table), row))
    log = (await personal_data(database, most=2).export("7"))["log"]
    assert ([each["details"] for each in log["audit"]], log["older_audit"]) == ([[2], [3]], 2)
    api = await api_data.personal_data(database, most=3).export("7")
    told = [each["body"] for each in api["service_answers"]]
    assert (told, api["older_service_answers"]) == (["[1]", "[2]", "[3]"], 1)
    bus = await bus_data.personal_data(database, most=5).export("7")
    assert (bus["failed_events"], bus["older_failed_events"]) == ([[0], [1], [2], [3]], 0)


def letter(number: int, moment: datetime) -> dict[str, object]:
    texts = ("consumer", "group_name", "event_type", "error_code", "error")
    return {
        **dict.fromkeys(texts, ""),
        **dict.fromkeys(("first_failed_at", "last_failed_at"), moment),
        "event_id": f"{number}",
        "user_id": "7",
        "partition": 0,
        "envelope": f"[{number}]",
        "state": "open",
        "attempts": 1,
    }


async def test_nothing_is_kept_of_who_is_deleted_while_it_is_made(world: World) -> None:
    """By a service: the file would be sent, and stand in the log until then."""
    turn = await decided(world)
    await world.delete()
    with pytest.raises(GuardFailed):
        await world.services.commits.commit(turn.work)
    assert await rows_of(world.services.database, outgoing) == []


async def test_what_is_earned_meanwhile_is_shown_wholly_or_not_at_all(world: World) -> None:
    meanwhile = Meanwhile(world.services.database)
    besitos = BesitosService(meanwhile, world.users)

    async def earn(work: UnitOfWork) -> None:
        await besitos.award(work, "7", 5, reason="gift", source="rewards", key=f"{next(_numbers)}")

    async def earn_meanwhile() -> None:
        await world.decide(f"earn {next(_numbers)}", earn)

    meanwhile.arm(earn_meanwhile)
    shown = (await besitos.export("7"))["besitos"]
    assert meanwhile.has_happened
    assert shown["earned"] == sum(each["amount"] for each in shown["movements"])


async def test_what_was_posted_and_is_refused_meanwhile_is_shown(world: World) -> None:
    """It moves from one table to the other."""
    database = world.services.database
    meanwhile, moment = Meanwhile(database), datetime(2026, 11, 30, tzinfo=UTC)
    row = {"event_id": "1", "service": "web", "user_id": "7", "envelope": "[1]"}
    await database.write(executing(insert(posted_events), {**row, "received_at": moment}))

    async def refuse() -> None:
        await database.write(executing(insert(dead_letters), letter(1, moment)))
        await database.write(executing(delete(posted_events)))

    meanwhile.arm(refuse)
    shown = await bus_data.personal_data(meanwhile).export("7")
    assert meanwhile.has_happened
    assert [each["event"] for each in shown["posted_events"]] + shown["failed_events"] == [[1]]


async def test_none_is_made_while_one_waits(world: World) -> None:
    await asked(world)
    for _ in range(3):
        again = await asked(world)
        assert again.method == "sendMessage"
        assert "on its way already" in again.payload
    sent = update(outgoing).where(outgoing.c.method == "sendDocument").values(state="sent")
    await world.services.database.write(lambda connection: connection.execute(sent) and None)
    assert (await asked(world)).method == "sendDocument"
