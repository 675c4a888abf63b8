"""Telegram's list is read once, also when one of its pages does not come."""

from typing import Any

import pytest
from aiogram import Bot
from aiogram.exceptions import TelegramNetworkError
from typing_extensions import override

from tests.features.legacy.house import texts
from tests.features.subscriptions.till import Till
from yabot.clock import utc_now
from yabot.errors import StoreUnavailable
from yabot.features.subscriptions.plans import PLANS, invoice_payload
from yabot.features.subscriptions.reconciliation import PAGE, Reconciliation
from yabot.features.subscriptions.statement import GetRawStarTransactions
from yabot.features.users.notices import Notices


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


def paid(charge_id: str, side: str) -> dict[str, Any]:
    payload = invoice_payload(PLANS["vip"], "7")
    partner = {"type": "user", "user": {"id": 7}, "invoice_payload": payload}
    date = int(utc_now().timestamp())
    return {"id": charge_id, "amount": PLANS["vip"].stars, "date": date, side: partner}


async def test_what_has_been_read_is_not_read_again(till: Till) -> None:
    """And a charge on one page is not honoured whose refund is on another."""
    await till.join()
    filling: list[dict[str, Any]] = [{}] * (PAGE - 1)
    bot = ListingBot([paid("kept", "source"), *filling, paid("back", "source"), *filling])
    bot.listed += [paid("back", "receiver")]
    services = till.world.services
    reconciliation = Reconciliation(
        bot, services.commits, till.payments, Notices(till.world.users, texts())
    )
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
