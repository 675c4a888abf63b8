"""A whole session at the most talkative log level, troubles included: no secret anywhere."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import pytest
from pymongo import MongoClient
from redis import Redis

from tests.e2e.player import Player
from tests.e2e.program import Program
from tests.e2e.programs import NewProgram
from tests.e2e.reader import readers
from tests.uris import as_member
from tests.waiting import wait_until

MONGODB_PASSWORD = "m0ngo-Hush/Hush?"
REDIS_PASSWORD = "r3dis-Hush:Hush@"


@dataclass(frozen=True)
class Guarded:
    """Addresses of servers that ask for a password."""

    mongodb: str
    redis: str


@pytest.fixture
def guarded(mongodb_uri: str, redis_db: str) -> Iterator[Guarded]:
    """The engines of the tests, entered by a user of their own with a password."""
    client: MongoClient[dict[str, Any]] = MongoClient(as_member(mongodb_uri))
    with client as mongodb, Redis.from_url(redis_db) as redis:
        roles = ["readWriteAnyDatabase", "dbAdminAnyDatabase"]
        mongodb.admin.command("createUser", "ana", pwd=MONGODB_PASSWORD, roles=roles)
        redis.acl_setuser(
            "ana",
            enabled=True,
            reset=True,
            passwords=[f"+{REDIS_PASSWORD}"],
            keys=["*"],
            channels=["*"],
            categories=["+@all"],
        )
        yield Guarded(
            f"mongodb://ana:{quote(MONGODB_PASSWORD, safe='')}@{_place(mongodb_uri)}",
            f"redis://ana:{quote(REDIS_PASSWORD, safe='')}@{_place(redis_db)}",
        )
        mongodb.admin.command("dropUser", "ana")
        redis.acl_deluser("ana")


def _place(uri: str) -> str:
    """Host, port and what follows, without who enters."""
    return uri.rpartition("@")[2]


@pytest.mark.criterion("sec.4")
async def test_no_secret_is_logged_or_said(
    new_program: NewProgram, telegram: Program, bot_settings: dict[str, str], guarded: Guarded
) -> None:
    addresses = {"MONGODB_URI": guarded.mongodb, "REDIS_URL": guarded.redis}
    bot = new_program(**{**bot_settings, **addresses}, LOG_LEVEL="DEBUG")
    doctor = new_program("doctor", name="doctor", **{**bot.settings, "LOG_FORMAT": "console"})
    assert doctor.run() == 0
    bot.start()
    said = await _a_session_with_troubles(bot, telegram)
    assert bot.stop() == 0

    told = said + "".join(each.said + each.errors for each in (bot, doctor))
    assert bot.logged("update.handled")
    assert bot.logged("polling.paused")
    assert [secret for secret in _secrets(bot_settings) if secret in told] == []


@pytest.mark.criterion("sec.4")
@pytest.mark.parametrize("variable", ["MONGODB_URI", "REDIS_URL"])
def test_a_refused_password_is_not_repeated(
    new_program: NewProgram, bot_settings: dict[str, str], guarded: Guarded, variable: str
) -> None:
    address = guarded.mongodb if variable == "MONGODB_URI" else guarded.redis
    wrong = address.replace("Hush", "Hash")
    program = new_program(**{**bot_settings, variable: wrong})
    assert program.run() == 1
    (sentence,) = program.sentences
    assert variable in sentence
    assert "Hash" not in program.said + program.errors


async def _a_session_with_troubles(bot: Program, telegram: Program) -> str:
    """What readers were told meanwhile."""
    async with readers(telegram.url, "Lucía") as (reader,):
        player = Player(bot.stores, reader)
        await player.begin()
        await player.to("street")
        said = str(await reader.chat())
    assert telegram.stop() == 0
    wait_until(lambda: bool(bot.logged("polling.paused")))
    return said


def _secrets(settings: dict[str, str]) -> list[str]:
    token = settings["BOT_TOKEN"]
    passwords = [MONGODB_PASSWORD, REDIS_PASSWORD]
    quoted = [quote(password, safe="") for password in passwords]
    return [token, token.partition(":")[2], *passwords, *quoted]
