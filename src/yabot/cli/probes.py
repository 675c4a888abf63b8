"""Asks each service that YABOT depends on one question, and waits three seconds for an answer."""

import asyncio
import os
import sqlite3
import ssl
from collections.abc import Awaitable, Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import psycopg
from aiogram import Bot
from aiogram.client.telegram import PRODUCTION, TelegramAPIServer
from aiogram.exceptions import AiogramError
from aiogram.types import WebhookInfo
from aiohttp import ClientError, ClientSession, ClientTimeout
from pydantic import SecretStr
from pymongo import AsyncMongoClient
from pymongo.errors import PyMongoError
from redis.asyncio import Redis
from sqlalchemy.engine import make_url

from yabot.app.stores import must_ask
from yabot.bot.own_webhooks import place_of
from yabot.bot.session import OnTime, TelegramSession
from yabot.bot.telegram import SelfKnowingBot
from yabot.bus.topologies.client import describe, open_client
from yabot.embedded.engine import EmbeddedEngine
from yabot.embedded.mongod import EmbeddedMongod
from yabot.embedded.ports import LOOPBACK
from yabot.embedded.valkey import EmbeddedValkey
from yabot.error_text import kind_of
from yabot.errors import ConfigurationError, StartupError, StoreUnavailable
from yabot.runtime.http import host_in_url
from yabot.runtime.lock import is_locked
from yabot.settings import Settings
from yabot.storage.relational.handshake import connect
from yabot.trusted_clock import ClockDistrusted, TrustedClock

State = Literal["ok", "warning", "problem", "off"]
PATIENCE_S = 3
INTAKE = "Telegram's deliveries"
PROGRAM = "running program"
FAILURES = (PyMongoError, psycopg.Error, sqlite3.Error, AiogramError, OSError)


@dataclass(frozen=True, slots=True)
class Check:
    """One finding. If something is wrong, ``message`` says how to mend it."""

    name: str
    state: State
    message: str


async def telegram(settings: Settings) -> Check:
    """Whether Telegram answers to BOT_TOKEN, and its clock agrees with ours."""
    clock = TrustedClock()

    async def look(bot: Bot) -> Check:
        me = await bot.get_me()
        try:
            clock.now()
        except ClockDistrusted as error:
            return Check("Telegram", "warning", f"answers as @{me.username}; {error}")
        return Check("Telegram", "ok", f"answers as @{me.username}")

    return await _ask_telegram(settings, "Telegram", look, clock.hear)


async def intake(settings: Settings) -> Check:
    """Where Telegram delivers, and whether it can. A poll would end the running program's."""
    ours = settings.telegram.webhook_url

    async def look(bot: Bot) -> Check:
        return judge_intake(await bot.get_webhook_info(), ours)

    return await _ask_telegram(settings, INTAKE, look)


def judge_intake(info: WebhookInfo, ours: str | None) -> Check:
    """``ours`` is WEBHOOK_URL."""
    where = place_of(info.url)
    if info.url and ours is None:
        return Check(
            INTAKE,
            "warning",
            f"Telegram delivers to a webhook at {where} and answers no poll; a start takes it away"
            " if this installation has set it, else stop whatever has and run"
            " `yabot webhook remove`",
        )
    if info.url and info.url != ours:
        return Check(
            INTAKE,
            "problem",
            f"Telegram delivers to another webhook than WEBHOOK_URL, at {where}; stop the other"
            " program with this BOT_TOKEN, or give it a token of its own",
        )
    if info.pending_update_count and info.last_error_message:
        return Check(
            INTAKE,
            "warning",
            f"{info.pending_update_count} updates wait at Telegram; the last time that it could"
            f" not deliver it heard: {info.last_error_message}",
        )
    if ours and not info.url:
        return Check(INTAKE, "warning", "no webhook stands; `yabot run` sets WEBHOOK_URL")
    return Check(INTAKE, "ok", "delivers to WEBHOOK_URL" if ours else "answers polls")


async def _ask_telegram(
    settings: Settings,
    name: str,
    question: Callable[[Bot], Awaitable[Check]],
    on_time: OnTime | None = None,
) -> Check:
    token = settings.telegram.token
    if token is None:
        port = settings.playground_port
        return Check(name, "off", f"no BOT_TOKEN, so the playground, port {port}")
    base = settings.telegram.api_url
    server = TelegramAPIServer.from_base(base) if base else PRODUCTION
    session = TelegramSession(server, PATIENCE_S, on_time)
    bot = SelfKnowingBot(token.get_secret_value(), session=session)
    try:
        mend = "check BOT_TOKEN, TELEGRAM_API_URL and the way to that server"
        return await answer(name, question(bot), mend)
    finally:
        await bot.session.close()


async def program(settings: Settings) -> Check:
    """What a program that runs on this machine says of itself."""
    api = settings.api
    scheme = "https" if api.tls_cert_file else "http"
    addresses = [
        f"{scheme}://{host_in_url(api.host)}:{port}/health/ready"
        for port in (api.port, api.health_port)
    ]
    if settings.locks_data_dir and not is_locked(settings.data_dir):
        return await _another_program(addresses[0], settings)
    for address in addresses:
        if (found := await _ask_program(address, api.tls_cert_file)) is not None:
            return found
    return Check(PROGRAM, "off", f"none answers at {' or '.join(addresses)}")


async def _another_program(address: str, settings: Settings) -> Check:
    """No program runs on this data directory: if one answers at the address, it is another one."""
    none = f"none runs on {settings.data_dir}"
    if await _ask_program(address, settings.api.tls_cert_file) is not None:
        none += f"; another program answers at {address}"
    return Check(PROGRAM, "off", none)


async def _ask_program(address: str, certificate: Path | None) -> Check | None:
    """None if nothing answers there."""
    try:
        patience, trusted = ClientTimeout(total=PATIENCE_S), _trusting(certificate)
        async with (
            ClientSession(timeout=patience) as session,
            session.get(address, ssl=trusted) as answer,
        ):
            return judge_program(await answer.json())
    except (ClientError, TimeoutError, OSError, ValueError):
        return None


def _trusting(certificate: Path | None) -> ssl.SSLContext | bool:
    """Trusts this certificate under any name: we do not know the name that it is for."""
    if certificate is None:
        return True
    context = ssl.create_default_context(cafile=certificate)
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.check_hostname = False
    return context


def judge_program(health: Any) -> Check:
    components = health.get("components") if isinstance(health, dict) else None
    if not isinstance(components, dict):
        return Check(PROGRAM, "off", "something else answers where it should listen")
    troubled = [name for name, each in components.items() if each.get("status") != "ok"]
    if not troubled:
        return Check(PROGRAM, "ok", "all its components are well")
    named = ", ".join(f"{name} ({components[name]['status']})" for name in troubled)
    return Check(PROGRAM, "warning", f"it says that these are not well: {named}; its log says why")


async def mongodb(settings: Settings) -> Check:
    uri = settings.mongodb.uri
    if uri is None:
        return _engine("MongoDB", EmbeddedMongod(settings.data_dir), settings.production)
    client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(
        uri.get_secret_value(), serverSelectionTimeoutMS=(PATIENCE_S - 1) * 1000
    )
    try:
        mend = "check MONGODB_URI, and that the server runs"
        return await answer("MongoDB", _hello(client), mend)
    finally:
        await client.close()


async def _hello(client: AsyncMongoClient[dict[str, Any]]) -> Check:
    await client.admin.command("ping")
    hello = await client.admin.command("hello")
    if "setName" in hello or hello.get("msg") == "isdbgrid":
        return Check("MongoDB", "ok", "answers")
    return Check(
        "MongoDB",
        "warning",
        "answers, but is a standalone server, which may lose acknowledged writes in a crash;"
        " make it a replica set of one",
    )


async def redis(settings: Settings) -> Check:
    chosen = settings.redis
    if chosen.embedded:
        return _engine("Redis", EmbeddedValkey(settings.data_dir), settings.production)
    async with open_client(chosen) as client:
        mend = "check REDIS_URL and REDIS_PASSWORD, and that the server runs"
        if chosen.sentinels:
            mend = "check REDIS_SENTINELS, and that the Sentinels and the primary run"
        return await answer("Redis", _reached(client), mend)


async def _reached(client: Redis) -> Check:
    return Check("Redis", "ok", f"answers: {await describe(client)}")


async def sql(settings: Settings) -> Check:
    url = settings.sql.database_url
    if url is not None:
        mend = "check DATABASE_URL, and that the server runs"
        return await answer(
            "PostgreSQL", asyncio.to_thread(_select_one, url, must_ask(settings)), mend
        )
    path = settings.sql.sqlite_path
    if not path.exists():
        return Check("SQLite", "ok", f"{path} will be created")
    mend = "check SQLITE_DATABASE_PATH, and who may read and write that file"
    return await answer("SQLite", asyncio.to_thread(_open_sqlite, path), mend)


def _select_one(url: SecretStr, demands: Mapping[str, str]) -> Check:
    address = make_url(url.get_secret_value())
    # The parameters with which the program connects: libpq would read SQLAlchemy's URL otherwise.
    _, parameters = address.get_dialect()().create_connect_args(address)
    options = {**parameters, "connect_timeout": PATIENCE_S - 1, **demands}
    with connect(**options) as connection:
        connection.execute("SELECT 1")
    return Check("PostgreSQL", "ok", "answers")


def _open_sqlite(path: Path) -> Check:
    if not os.access(path, os.W_OK):
        raise PermissionError(f"{path} cannot be written")
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
        connection.execute("SELECT count(*) FROM sqlite_master")
    return Check("SQLite", "ok", f"{path} can be read")


def _engine(name: str, engine: EmbeddedEngine, production: bool) -> Check:
    try:
        binary, port = engine.binary(), engine.running_on()
    except (ConfigurationError, StartupError) as error:
        return Check(name, "problem", str(error))
    running = f", runs at {LOOPBACK}:{port}" if port else ""
    remark = f" {engine.remark()}" if engine.remark() else ""
    age = f"; {engine.warning()}" if engine.warning() else ""
    state: State = "warning" if age and production else "ok"
    return Check(name, state, f"embedded: {binary}{remark}{running}{age}")


async def answer(name: str, question: Awaitable[Check], mend: str) -> Check:
    try:
        async with asyncio.timeout(PATIENCE_S):
            return await question
    except TimeoutError:
        return Check(name, "problem", f"no answer within {PATIENCE_S} s; {mend}")
    except (ConfigurationError, StartupError) as error:
        return Check(name, "problem", _in_a_line(str(error)))
    except StoreUnavailable as error:
        return Check(name, "problem", f"{error.reason}; {mend}")
    except FAILURES as error:
        return Check(name, "problem", f"{kind_of(error)}; {mend}")


def _in_a_line(told: str) -> str:
    """The message on one line: differences stand on lines below their sentence."""
    first, *rest = (line.strip(" -") for line in told.splitlines())
    return f"{first} {'; '.join(rest)}".strip()
