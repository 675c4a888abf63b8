"""A charge that the running program cannot honour: it tries once more, and gives it back."""

import pytest

from tests.e2e.reader import readers
from tests.features.subscriptions.shop import Shop, buy, invoice, pay
from tests.waiting import wait_until
from yabot.clock import rfc3339, utc_now

# It starts a program more than once.
pytestmark = pytest.mark.slow

FOR_EVER = "9999-12-31T23:59:59.999999Z"


@pytest.mark.criterion("3.1.4")
async def test_what_cannot_be_activated_is_compensated(shop: Shop) -> None:
    """Somebody has been given a subscription for ever: there is no time after it."""
    async with readers(shop.telegram_url, "Flora") as (reader,):
        await reader.ask("/start")
        honoured = await buy(reader)
        shop.stores.change("UPDATE subscriptions SET end_date = ?", FOR_EVER)
        message_id = await invoice(reader)
        await pay(reader, message_id)
        held = "SELECT state FROM workflows WHERE kind = 'held_payment'"
        wait_until(lambda: shop.stores.value(held) == "held")
        # The second try is a minute away.
        now = rfc3339(utc_now())
        shop.stores.change("UPDATE workflows SET deadline = ? WHERE kind = 'held_payment'", now)
        chat = await reader.until(lambda chat: "Te he devuelto" in str(chat))
        assert "no puedo darte lo que pagaste. Te devuelvo" in str(chat)
        states = {
            row["telegram_payment_charge_id"]: row["state"] for row in shop.payments(reader.user_id)
        }
        assert states.pop(honoured) == "activated"
        assert list(states.values()) == ["refunded"]
        async with shop.bot() as bot:
            assert (await bot.get_my_star_balance()).amount == 250
    assert shop.stores.value(held) == "failed"
    compensated = "SELECT count(*) FROM audit_log WHERE kind = 'compensation'"
    assert shop.stores.value(compensated) == 1
