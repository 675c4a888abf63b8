"""What an operator confides to the program, at the most talkative log level, troubles included."""

import asyncio
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from aiohttp import ClientSession, TCPConnector
from pymongo import MongoClient
from redis import Redis

from tests.api.client import ApiClient
from tests.api.tokens import token_for
from tests.certificates import Authority
from tests.e2e.player import Player
from tests.e2e.program import Program
from tests.e2e.programs import NewProgram
from tests.e2e.reader import readers
from tests.hunting import Hunt, files_in
from tests.ports import free_port
from tests.storage.fixtures import PostgresServer
from tests.uris import as_member, place_of
from tests.waiting import wait_until

MONGODB_PASSWORD = "m0ngo-Hush/Hush?"
REDIS_PASSWORD = "r3dis-Hush:Hush@"
SQL_PASSWORD = "sql-Hush'Hush\"%#71"
WEBHOOK_SECRET = "webhook-Hush-Hush_0123456789-abcdefghij"


@dataclass(frozen=True)
class Guarded:
    """Addresses of servers that ask for a password, and how somebody changes it."""

    mongodb: str
    redis: str
    mongodb_admin: MongoClient[dict[str, Any]]
    redis_admin: Redis

    def change_passwords(self) -> None:
        """Whoever is connected has to show the new one, which nobody tells the program."""
        self.redis_admin.acl_setuser("ana", reset_passwords=True, passwords=["+another"])
        for client in self.redis_admin.client_list():
            if client["user"] == "ana":
                self.redis_admin.client_kill_filter(_id=client["id"])
        self.mongodb_admin.admin.command("dropUser", "ana")


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
            f"mongodb://ana:{quote(MONGODB_PASSWORD, safe='')}@{place_of(mongodb_uri)}",
            f"redis://ana:{quote(REDIS_PASSWORD, safe='')}@{place_of(redis_db)}",
            mongodb,
            redis,
        )
        if mongodb.admin.command("usersInfo", "ana")["users"]:
            mongodb.admin.command("dropUser", "ana")
        redis.acl_deluser("ana")


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

    assert bot.logged("update.handled")
    assert bot.logged("polling.paused")
    leaks = _hunt(bot_settings).found({"chat": said.encode(), **_told(bot), **_told(doctor)})
    assert not leaks, leaks


@pytest.mark.criterion("sec.4")
async def test_nothing_is_written_down_in_production(
    new_program: NewProgram,
    telegram: Program,
    bot_settings: dict[str, str],
    guarded: Guarded,
    postgres_server: PostgresServer,
    tmp_path: Path,
) -> None:
    authority, database = Authority(), postgres_server.create()
    certificate, key = authority.leaf().write(tmp_path / "tls")
    settings = {
        **bot_settings,
        "YABOT_ENV": "production",
        "MONGODB_URI": guarded.mongodb.partition("?")[0] + "?directConnection=true",
        "REDIS_URL": guarded.redis.replace(f":{quote(REDIS_PASSWORD, safe='')}@", "@"),
        "REDIS_PASSWORD": REDIS_PASSWORD,
        "DATABASE_URL": _with_password(postgres_server.url_of(database)),
        "WEBHOOK_PORT": (port := str(free_port())),
        "WEBHOOK_URL": f"http://127.0.0.1:{port}/telegram",
        "WEBHOOK_SECRET": WEBHOOK_SECRET,
        "API_TLS_CERT_FILE": str(certificate),
        "API_TLS_KEY_FILE": str(key),
        "PLAYGROUND_PORT": "",
        "LOG_FILE_PATH": str(tmp_path / "logs" / "yabot.log"),
    }
    bot = new_program(**settings)
    bot.launch()
    await asyncio.to_thread(wait_until, lambda: bool(bot.logged("yabot.started")))
    token = token_for(bot)
    async with readers(telegram.url, "Lucía") as (reader,):
        await reader.ask("/start")
        await _strangers(bot, authority, token)
        guarded.change_passwords()
        await reader.ask("/story")
        await asyncio.to_thread(wait_until, lambda: bool(bot.logged("store.lost")))
    # A store that refuses us is away, and nothing of ours has failed.
    assert {line["event"] for line in bot.alarms()} == {"store.lost"}
    doctors = [
        new_program("doctor", *options, name=f"doctor{len(options)}", **bot.settings)
        for options in ((), ("--json",))
    ]
    assert [doctor.run() for doctor in doctors] == [1, 1]
    assert bot.stop() == 0
    postgres_server.drop(database)

    body = "".join(key.read_text().splitlines()[1:-1])
    also = {"a signature": token.rpartition(".")[2], "a private key": body}
    outputs = {**_told(bot, *doctors), **files_in(tmp_path / "logs")}
    leaks = _hunt(bot_settings, **also).found(outputs)
    assert not leaks, leaks


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


async def _strangers(bot: Program, authority: Authority, token: str) -> None:
    """Deliveries with and without the secret, and requests of every kind, over TLS and without."""
    hook, secret = bot.settings["WEBHOOK_URL"], {"X-Telegram-Bot-Api-Secret-Token": WEBHOOK_SECRET}
    api = f"127.0.0.1:{bot.settings['API_PORT']}"
    async with ClientSession() as session:
        for headers in ({}, secret, {name: value + "x" for name, value in secret.items()}):
            for body in (b"{", b"[]", WEBHOOK_SECRET.encode(), b'{"update_id": "x"}'):
                async with session.post(hook, data=body, headers=headers) as answer:
                    assert answer.status >= 200
    connector = TCPConnector(ssl=authority.trusted())
    async with ClientSession(f"https://{api}", connector=connector) as session:
        service = ApiClient(session, token=token)
        assert (await service.get("/users")).status == 200
        assert (await service.get("/users", Authorization=f"Bearer {token}x")).status == 401
        assert (await service.get(f"/users?username={WEBHOOK_SECRET}")).status < 500
    for said in (
        b"GET / HTTP/1.1\r\nAuthorization: Bearer " + token.encode() + b"\r\n\r\n",
        b"\x16x",
    ):
        with socket.create_connection(("127.0.0.1", int(bot.settings["API_PORT"]))) as plain:
            plain.sendall(said)
    with (
        pytest.raises(ssl.SSLError),
        socket.create_connection(("127.0.0.1", int(bot.settings["API_PORT"]))) as plain,
        Authority("theirs").trusted().wrap_socket(plain, server_hostname="localhost"),
    ):
        pass


def _with_password(url: str) -> str:
    """PostgreSQL asks for none here, and is shown one all the same."""
    return url.replace("postgres@", f"postgres:{quote(SQL_PASSWORD, safe='')}@")


def _told(*programs: Program) -> dict[str, bytes]:
    return {
        f"{program.folder.name} {what}": text.encode()
        for program in programs
        for what, text in (("said", program.said), ("errors", program.errors))
    }


def _hunt(settings: dict[str, str], **also: str) -> Hunt:
    return Hunt(
        {
            "the bot's token": settings["BOT_TOKEN"].partition(":")[2],
            "MongoDB's password": MONGODB_PASSWORD,
            "Redis' password": REDIS_PASSWORD,
            "SQL's password": SQL_PASSWORD,
            "the webhook's secret": WEBHOOK_SECRET,
            **also,
        }
    )
