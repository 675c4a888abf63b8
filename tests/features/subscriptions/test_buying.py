"""Subscriptions bought in the chat: the whole program, and Telegram's Stars."""

import asyncio

import pytest
from aiogram.types import LabeledPrice

from tests.e2e.player import Player, data_of
from tests.e2e.reader import buttons, readers, said_by_bot
from tests.e2e.route import STORY
from tests.features.subscriptions.conftest import ADMIN, CONTACT
from tests.features.subscriptions.shop import PERIOD, Json, Shop, buy, invoice, moment, pay
from tests.waiting import wait_until


@pytest.mark.criterion("1.1.4", "2.2.3", "3.1.2")
async def test_buying_opens_the_vip_door_and_a_refund_shuts_it(shop: Shop) -> None:
    async with readers(shop.telegram_url, "Nora") as (reader,):
        player = Player(shop.stores, reader)
        await player.begin()
        await player.to("green_door")
        (door,) = [choice for choice in player.walk.open_choices() if player.walk.is_shut(choice)]
        press = data_of(player.walk.fragment, door)
        (refusal,) = await reader.press(press)
        assert "Esta puerta está cerrada" in refusal["text"]
        assert "vip" in buttons(refusal)
        (offer,) = await reader.press("vip")
        assert buttons(offer) == ["vip:buy:premium", "vip:buy:vip"]

        charge = await buy(reader)
        (row,) = shop.subscriptions(reader.user_id)
        assert (row["plan_type"], row["status"]) == ("vip", "active")
        assert moment(row, "end_date") - moment(row, "start_date") == PERIOD
        assert [each["state"] for each in shop.payments(reader.user_id)] == ["activated"]
        (event,) = [e for e in shop.stores.outbox(reader.user_id) if "plan_type" in e["payload"]]
        assert event["payload"] == {
            name: row[name] for name in ("plan_type", "status", "start_date", "end_date")
        }
        (inside,) = await reader.press(press)
        assert inside["text"].startswith(STORY.fragments["winter_garden"].title["es"])

        async with shop.bot() as bot:
            await bot.refund_star_payment(reader.user_id, charge)
        await reader.until(lambda chat: "vuelven a estar cerradas" in chat[-1].get("text", ""))
        (row,) = shop.subscriptions(reader.user_id)
        assert row["status"] == "expired"
        assert [each["state"] for each in shop.payments(reader.user_id)] == ["refunded"]
        (refusal,) = await reader.ask("/story")
        assert "Esta puerta está cerrada" in refusal["text"]
    assert shop.told(reader.user_id) == [("vip", "active"), ("vip", "expired")]


async def test_a_payment_that_comes_often_is_activated_once(shop: Shop) -> None:
    """The same update five times, and its payment in updates of other numbers."""
    async with readers(shop.telegram_url, "Olga") as (reader,):
        await reader.ask("/start")

        def deliver(updates: list[Json]) -> list[Json]:
            twins = [each | {"update_id": each["update_id"] + 1000} for each in updates]
            return [*twins, *updates, *updates]

        message_id = await invoice(reader)
        shop.meddler.deliver = deliver
        await pay(reader, message_id)
        wait_until(lambda: handled_payments(shop, reader.user_id) == 2)
        (row,) = shop.subscriptions(reader.user_id)
        assert moment(row, "end_date") - moment(row, "start_date") == PERIOD
        assert len(shop.payments(reader.user_id)) == 1
        assert shop.told(reader.user_id) == [("vip", "active")]
        await reader.ask("/vip")
        assert sum("¡Gracias!" in m.get("text", "") for m in await reader.answers()) == 1


@pytest.mark.slow
async def test_more_time_another_plan_and_cancelling(shop: Shop) -> None:
    async with readers(shop.telegram_url, "Pía") as (reader,):
        await reader.ask("/start")
        await buy(reader, "premium")
        await buy(reader, "premium")
        (row,) = shop.subscriptions(reader.user_id)
        assert moment(row, "end_date") - moment(row, "start_date") == 2 * PERIOD

        await buy(reader, "vip")
        (row,) = shop.subscriptions(reader.user_id)
        assert row["plan_type"] == "vip"
        # Sixty days at 100 Stars a month are worth 24 days at 250.
        lasts = moment(row, "end_date") - moment(row, "start_date")
        assert abs((lasts - PERIOD * (1 + 2 * 100 / 250)).total_seconds()) < 60

        (shown,) = await reader.ask("/vip")
        assert "Tienes VIP hasta" in shown["text"]
        await reader.press("vip:cancel")
        (kept,) = await reader.press("vip:cancel:no")
        assert "todo sigue como estaba" in kept["text"]
        old = await reader.find("vip:cancel")
        await reader.press("vip:cancel")
        (done,) = await reader.press("vip:cancel:yes")
        assert "siguen abiertas" in done["text"]
        (cancelled,) = shop.subscriptions(reader.user_id)
        assert (cancelled["status"], cancelled["end_date"]) == ("cancelled", row["end_date"])
        (shown,) = await reader.ask("/vip")
        assert "vip:cancel" not in buttons(shown)
        before = len(await reader.answers())
        await reader.client.press(reader.user_id, old, "vip:cancel")
        chat = await reader.until(lambda chat: len(said_by_bot(chat)) > before)
        assert "ninguna suscripción que cancelar" in chat[-1]["text"]

        await buy(reader, "vip")
        (again,) = shop.subscriptions(reader.user_id)
        assert again["status"] == "active"
        assert moment(again, "end_date") - moment(row, "end_date") == PERIOD
    assert shop.told(reader.user_id) == [
        ("premium", "active"),
        ("premium", "active"),
        ("vip", "active"),
        ("vip", "cancelled"),
        ("vip", "active"),
    ]


@pytest.mark.slow
async def test_terms_support_data_and_being_forgotten(shop: Shop) -> None:
    async with readers(shop.telegram_url, "Rita") as (reader,):
        await reader.ask("/start")
        (terms,) = await reader.ask("/terms")
        assert "30 días" in terms["text"]
        (support,) = await reader.ask("/paysupport")
        assert "no me has pagado nada" in support["text"]
        charge = await buy(reader, "premium")
        (support,) = await reader.ask("/paysupport")
        assert charge in support["text"]
        assert CONTACT in support["text"]
        assert ADMIN not in support["text"]
        shown = await reader.own_data()
        assert [each["telegram_payment_charge_id"] for each in shown["payments"]] == [charge]
        (question,) = await reader.ask("/forget")
        assert "se pierde" in question["text"]
        await reader.press("forget:yes")
        assert shop.subscriptions(reader.user_id) == []
        assert [each["state"] for each in shop.payments(reader.user_id)] == ["activated"]


@pytest.mark.slow
async def test_what_no_longer_stands_is_refused_before_it_is_paid(shop: Shop) -> None:
    async with readers(shop.telegram_url, "Sara", "Tina") as (sara, tina), shop.bot() as bot:
        await asyncio.gather(sara.ask("/start"), tina.ask("/start"))

        async def offer(payload: str, stars: int) -> str:
            sent = await bot.send_invoice(
                sara.user_id,
                "VIP",
                "VIP",
                payload,
                "XTR",
                [LabeledPrice(label="VIP", amount=stars)],
            )
            outcome = await sara.client.pay(sara.user_id, sent.message_id)
            return f"{outcome['outcome']}: {outcome['message']}"

        stale = "refused: Esta oferta ya no vale"
        assert (await offer(f"subscription:gold:{sara.user_id}", 250)).startswith(stale)
        assert (await offer(f"subscription:vip:{sara.user_id}", 249)).startswith(stale)
        assert (await offer(f"subscription:vip:{tina.user_id}", 250)).startswith(stale)
        assert (await offer("something else", 250)).startswith(stale)
        message_id = await invoice(sara)
        await sara.ask("/forget")
        await sara.press("forget:yes")
        outcome = await sara.client.pay(sara.user_id, message_id)
        assert outcome["outcome"] == "refused"
        assert shop.payments(sara.user_id) == []
        assert (await bot.get_my_star_balance()).amount == 0
        waiting = "SELECT count(*) FROM updates WHERE state = 'waiting'"
        wait_until(lambda: shop.stores.value(waiting) == 0)


def handled_payments(shop: Shop, user_id: int) -> int:
    events = shop.stores.outbox(user_id)
    return sum(event["payload"].get("operation") == "payment" for event in events)


@pytest.mark.slow
async def test_who_is_not_here_any_more_buys_nothing(shop: Shop) -> None:
    """With an invoice of before: it says what to do, and no fault of ours is in the log."""
    async with readers(shop.telegram_url, "Sara") as (reader,):
        await reader.ask("/start")
        message_id = await invoice(reader)
        await reader.ask("/forget")
        await reader.press("forget:yes")
        outcome = await reader.client.pay(reader.user_id, message_id)
        assert outcome["outcome"] == "refused"
        assert outcome["message"] == (
            "Ya no te conozco, y no se te ha cobrado nada. Escribe /start y después /vip."
        )
        assert shop.program.logged("pre_checkout.failed") == []
