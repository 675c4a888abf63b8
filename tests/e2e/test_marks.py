"""Errors of libraries quote what they complain of: nothing of it leaves the running program."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from redis import Redis

from tests.e2e.meddler import Meddler, meddling_with
from tests.e2e.program import Program
from tests.e2e.programs import NewProgram
from tests.e2e.reader import Reader, readers
from tests.uris import place_of
from tests.waiting import wait_until

# Stands in a reader's name and text, in a refusal of MongoDB and in the name of Redis' user.
MARK = "confided-to-nobody"
NOT_TO_BE_READ = {"forward_origin": {"type": "hidden_user", "date": 1, "of": MARK}}


@pytest.fixture
def user_of_redis(redis_db: str) -> Iterator[str]:
    """The address by which a user called ``MARK`` may do everything.

    Its password is another word: what the program knows to be secret it redacts wherever it stands.
    """
    with Redis.from_url(redis_db) as redis:
        redis.acl_setuser(
            MARK,
            enabled=True,
            reset=True,
            passwords=["+t3lling"],
            keys=["*"],
            channels=["*"],
            categories=["+@all"],
        )
        yield f"redis://{MARK}:t3lling@{place_of(redis_db)}"
        redis.acl_deluser(MARK)


@pytest.mark.criterion("sec.4")
async def test_no_error_of_a_library_tells_what_it_quotes(
    new_program: NewProgram,
    telegram: Program,
    bot_settings: dict[str, str],
    redis_db: str,
    user_of_redis: str,
    tmp_path: Path,
) -> None:
    with meddling_with(telegram.url) as meddler:
        settings = {**bot_settings, "TELEGRAM_API_URL": meddler.url, "REDIS_URL": user_of_redis}
        log_file = tmp_path / "yabot.log"
        program = new_program(**settings, LOG_FILE_PATH=str(log_file), POLLING_TIMEOUT="1")
        program.start()
        async with readers(telegram.url, MARK) as (reader,):
            await cannot_be_read(program, reader)
            with sql_refusing(program):
                await reader.ask(f"/start {MARK}")
            assert (failed := program.logged("update.failed"))
            assert "IntegrityError" in json.dumps(failed)
            (handled,) = [each for each in program.logged("update.handled") if is_failed(each)]
            assert handled["error_code"] == "internal_error"
            await reader.ask("/start")
            with mongodb_refusing(program), redis_refusing(redis_db):
                await reader.ask("/story")
                wait_until(lambda: bool(program.logged("publish.failed")))
                wait_until(lambda: fails(program, "documents_refused"))
                seen = looked_at(program)
            garbled(program, meddler)
        seen += looked_at(program)
        assert program.stop() == 0
    told = seen + program.said + program.errors + log_file.read_text()
    token = bot_settings["BOT_TOKEN"]
    assert [secret for secret in (MARK, token, token.partition(":")[2]) if secret in told] == []


async def cannot_be_read(program: Program, reader: Reader) -> None:
    person = {"id": reader.user_id, "is_bot": False, "first_name": MARK}
    chat = {"id": reader.user_id, "type": "private", "first_name": MARK}
    said = {"message_id": 1, "date": 1, "chat": chat, "from": person, "text": MARK}
    await reader.client.deliver({"message": said | NOT_TO_BE_READ})
    wait_until(lambda: bool(program.logged("update.unreadable")))


@contextmanager
def sql_refusing(program: Program) -> Iterator[None]:
    """New readers, in words of its own; SQLAlchemy adds the statement and its parameters."""
    refuse = f"BEFORE INSERT ON user_profiles BEGIN SELECT RAISE(ABORT, '{MARK}'); END"
    program.stores.change(f"CREATE TRIGGER refusing {refuse}")
    yield
    program.stores.change("DROP TRIGGER refusing")


@contextmanager
def mongodb_refusing(program: Program) -> Iterator[None]:
    """Every document; the error quotes it, and the rule that it breaks."""
    options = program.stores.mongodb.command("listCollections", filter={"name": "users"})
    (users,) = options["cursor"]["firstBatch"]
    rule = {"bsonType": "object", "description": MARK, "required": [MARK]}
    program.stores.mongodb.command("collMod", "users", validator={"$jsonSchema": rule})
    yield
    program.stores.mongodb.command("collMod", "users", validator=users["options"]["validator"])


@contextmanager
def redis_refusing(redis_db: str) -> Iterator[None]:
    """Scripts of the user, whom it names."""
    with Redis.from_url(redis_db) as redis:
        redis.acl_setuser(MARK, enabled=True, commands=["-evalsha", "-eval"])
        yield
        redis.acl_setuser(MARK, enabled=True, categories=["+@all"])


def garbled(program: Program, meddler: Meddler) -> None:
    """Answers that are no HTTP: the error holds the address, and in it the token."""
    before = len(program.logged("polling.paused"))
    meddler.breaks_http = True
    wait_until(lambda: len(program.logged("polling.paused")) > before)
    assert "aiohttp.ClientResponseError" in json.dumps(program.logged("polling.paused"))


def is_failed(line: dict[str, object]) -> bool:
    return line["outcome"] == "failed"


def fails(program: Program, component: str) -> bool:
    _, body = program.health("ready")
    return bool(body["components"][component]["status"] != "ok")


def looked_at(program: Program) -> str:
    """What anybody may ask the program."""
    status, ready = program.health("ready")
    assert status
    return json.dumps(ready) + program.metrics()
