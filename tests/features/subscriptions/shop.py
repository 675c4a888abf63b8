"""A program that sells, its Telegram, and readers who buy."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from aiogram import Bot
from aiogram.types import PreCheckoutQuery

from tests.e2e.kill_points import KillPoint
from tests.e2e.meddler import Meddler
from tests.e2e.program import Program
from tests.e2e.reader import Reader, said_by_bot
from tests.e2e.stores import Stores
from tests.playground.child import SessionOfCalls
from tests.waiting import PATIENCE, until

Json = dict[str, Any]
PERIOD = timedelta(days=30)
# What /story reads when it has been decided that the reader may enter, and before the commit.
BEFORE_THE_COMMIT = KillPoint("sql", "SELECT shown_pages.message_id", fate="wait")


@dataclass(frozen=True)
class Shop:
    program: Program
    telegram_url: str
    token: str
    meddler: Meddler

    @property
    def stores(self) -> Stores:
        return self.program.stores

    @asynccontextmanager
    async def bot(self) -> AsyncIterator[Bot]:
        """For what only the bot may ask of Telegram: refunds, and its own invoices."""
        async with Bot(self.token, session=SessionOfCalls(self.telegram_url)) as bot:
            yield bot

    def be_looked_after_by(self, admin: Reader) -> None:
        """The program starts anew for that."""
        assert self.program.stop() == 0
        self.program.settings["ADMIN_USER_IDS"] = str(admin.user_id)
        self.program.start()

    def lose(self, *kinds: str) -> None:
        """From now on messages that bring one of these never reach the program."""

        def deliver(updates: list[Json]) -> list[Json]:
            return [each for each in updates if not kinds_in(each) & set(kinds)]

        self.meddler.deliver = deliver

    def subscriptions(self, user_id: int) -> list[Json]:
        query = "SELECT * FROM subscriptions WHERE user_id = ? ORDER BY id"
        return self.stores.rows(query, str(user_id))

    def payments(self, user_id: int) -> list[Json]:
        query = "SELECT * FROM payments WHERE user_id = ? ORDER BY created_at"
        return self.stores.rows(query, str(user_id))

    def charges(self) -> list[str]:
        rows = self.stores.rows("SELECT telegram_payment_charge_id AS charge FROM payments")
        return [row["charge"] for row in rows]

    def told(self, user_id: int) -> list[tuple[str, str]]:
        """Plan and status of each event about the reader's subscription."""
        events = [e["payload"] for e in self.stores.outbox(user_id) if is_update(e)]
        return [(event["plan_type"], event["status"]) for event in events]


class Cashier:
    """Hears, in the program's stead, of what is about to be paid; the rest it leaves in the queue.

    It must not run beside the program: Telegram tells each update to one of them.
    """

    def __init__(self, bot: Bot) -> None:
        self.bot = bot
        self._heard: set[int] = set()

    async def query(self) -> PreCheckoutQuery:
        """The next one that nobody has answered yet."""
        async with asyncio.timeout(PATIENCE):
            while True:
                for update in await self.bot.get_updates(timeout=1):
                    query = update.pre_checkout_query
                    if query is not None and update.update_id not in self._heard:
                        self._heard.add(update.update_id)
                        return query


def kinds_in(update: Json) -> set[str]:
    return set(update.get("message", {})) | set(update)


def is_update(event: Json) -> bool:
    return bool(event["event_type"] == "subscription_updated")


async def invoice(reader: Reader, plan: str = "vip") -> int:
    """The message id of a new invoice."""
    await reader.ask("/vip")
    (shown,) = await reader.press(f"vip:buy:{plan}")
    assert "invoice" in shown
    return int(shown["message_id"])


async def pay(reader: Reader, message_id: int) -> Json:
    """How it ended, which is well. On a busy machine the program may be late: then it refuses, or
    Telegram waits no more, nothing has been paid, and the reader tries again."""
    ended: list[Json] = []

    async def is_paid() -> bool:
        ended.append(await reader.client.pay(reader.user_id, message_id))
        return bool(ended[-1]["outcome"] == "paid")

    await until(is_paid)
    return ended[-1]


async def buy(reader: Reader, plan: str = "vip") -> str:
    """Pay, wait for the thanks; the charge's id."""
    message_id = await invoice(reader, plan)
    before = len(await reader.answers())
    outcome = await pay(reader, message_id)
    chat = await reader.until(lambda chat: len(said_by_bot(chat)) > before)
    assert "¡Gracias!" in chat[-1]["text"]
    return str(outcome["telegram_payment_charge_id"])


def moment(row: Json, name: str) -> datetime:
    return datetime.fromisoformat(row[name])
