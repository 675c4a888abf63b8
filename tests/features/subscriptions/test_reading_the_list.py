"""Telegram's list is read once, also when one of its pages does not come."""

import json
from typing import Any

import pytest
from aiogram import Bot
from aiogram.exceptions import TelegramNetworkError
from sqlalchemy import select
from typing_extensions import override

from tests.features.legacy.house import texts
from tests.features.subscriptions.till import Till
from yabot.clock import utc_now
from yabot.errors import StoreUnavailable
from yabot.features.subscriptions.plans import PLANS, invoice_payload
from yabot.features.subscriptions.reconciliation import PAGE, Reconciliation
from yabot.features.subscriptions.statement import GetRawStarTransactions
from yabot.features.users.notices import Notices
from yabot.log.tables import outbox


class ListingBot(Bot):
    """Answers with ``listed``, a page at a time, but the page at ``refused``."""

    def __init__(self, listed: list[dict[str, Any]]) -> None:
        super().__init__("42:TEST")
        self.listed = listed
        self.refused: int | None = None
        self.asked: list[int] = []

    @override
    async def __call__(self, method: Any, request_timeout: int | None = None) -> Any:
        assert isinstance(method, GetRawStarTransactions)
        assert method.offset is not None
        self.asked.append(method.offset)
        if method.offset == self.refused:
            raise TelegramNetworkError(method, "the connection was cut")
        return {"transactions": self.listed[method.offset : method.offset + PAGE]}


def paid(charge_id: str, side: str, plan: str = "vip") -> dict[str, Any]:
    payload = invoice_payload(PLANS[plan], "7")
    partner = {"type": "user", "user": {"id": 7}, "invoice_payload": payload}
    date = int(utc_now().timestamp())
    return {"id": charge_id, "amount": PLANS[plan].stars, "date": date, side: partner}


def reconciliation_of(till: Till, bot: ListingBot) -> Reconciliation:
    services = till.world.services
    notices = Notices(till.world.users, texts())
    return Reconciliation(bot, services.commits, till.payments, notices)


async def test_what_has_been_read_is_not_read_again(till: Till) -> None:
    """And a charge on one page is not honoured whose refund is on another."""
    await till.join()
    filling: list[dict[str, Any]] = [{}] * (PAGE - 1)
    bot = ListingBot([paid("kept", "source"), *filling, paid("back", "source"), *filling])
    bot.listed += [paid("back", "receiver")]
    reconciliation = reconciliation_of(till, bot)
    bot.refused = 2 * PAGE
    for _ in range(2):
        with pytest.raises(StoreUnavailable):
            await reconciliation.reconcile()
    assert await till.payments.states(["kept", "back"]) == {}
    bot.refused = None
    await reconciliation.reconcile()
    assert bot.asked == [0, PAGE, 2 * PAGE, 2 * PAGE, 2 * PAGE]
    expected = {"kept": "activated", "back": "refunded"}
    assert await till.payments.states(["kept", "back"]) == expected
    await reconciliation.reconcile()
    assert bot.asked[-1] == 2 * PAGE + 1


async def test_the_plan_that_was_bought_last_is_the_one_that_runs(till: Till) -> None:
    await till.join()
    bought = ["vip", "premium"] * 6
    bot = ListingBot([paid(f"c{n}", "source", plan) for n, plan in enumerate(bought)])
    await reconciliation_of(till, bot).reconcile()
    told = select(outbox.c.envelope).where(outbox.c.event_type == "subscription_updated")
    rows = await till.database.read(lambda sql: sql.scalars(told.order_by(outbox.c.pos)).all())
    assert [json.loads(row)["payload"]["plan_type"] for row in rows] == bought
