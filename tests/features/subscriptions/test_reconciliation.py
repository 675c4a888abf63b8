"""What Telegram's messages did not tell us, its list does."""

import asyncio

import pytest
from aiogram.types import LabeledPrice

from tests.e2e.reader import Reader, buttons, readers
from tests.features.subscriptions.shop import Cashier, Json, Shop, buy, invoice, pay
from tests.waiting import wait_until

# Each starts a program, most of them more than once.
pytestmark = pytest.mark.slow

LEFT = "SELECT count(*) FROM outbox WHERE event_type = 'charges_left'"


@pytest.mark.criterion("2.2.3", "3.1.4")
async def test_a_charge_whose_update_never_came_is_honoured_at_the_next_start(shop: Shop) -> None:
    async with readers(shop.telegram_url, "Ana") as (reader,):
        await reader.ask("/start")
        charge = await pay_unheard_of(shop, reader, "premium")
        await reader.ask("/vip")
        assert shop.payments(reader.user_id) == []
        assert shop.program.stop() == 0
        shop.program.start()
        await reader.until(lambda chat: "¡Gracias!" in chat[-1].get("text", ""))
        (payment,) = shop.payments(reader.user_id)
        assert payment["telegram_payment_charge_id"] == charge
        assert payment["state"] == "activated"
        assert shop.told(reader.user_id) == [("premium", "active")]

        shop.lose()
        await reader.ask("/vip")
        assert shop.told(reader.user_id) == [("premium", "active")]


@pytest.mark.criterion("2.2.3", "3.1.4")
async def test_a_charge_is_honoured_though_the_list_is_of_tomorrow(shop: Shop) -> None:
    """aiogram can read none of its partners. A checkout of tomorrow is refused, and in time."""
    async with readers(shop.telegram_url, "Ana") as (reader,):
        await reader.ask("/start")
        message_id = await invoice(reader)
        shop.meddler.deliver = of_tomorrow
        outcome = await reader.client.pay(reader.user_id, message_id)
        assert outcome["outcome"] == "refused"
        assert "no se te ha cobrado nada" in outcome["message"]
        await pay_unheard_of(shop, reader, "premium")
        assert shop.program.stop() == 0
        await reader.client.faults({"kind": "undecodable", "method": "getStarTransactions"})
        shop.program.start()
        await reader.until(lambda chat: "¡Gracias!" in chat[-1].get("text", ""))
        (payment,) = shop.payments(reader.user_id)
        assert payment["state"] == "activated"
        assert shop.told(reader.user_id) == [("premium", "active")]


async def test_a_refund_that_nobody_told_of_ends_access_at_the_next_start(shop: Shop) -> None:
    async with readers(shop.telegram_url, "Berta") as (reader,):
        await reader.ask("/start")
        charge = await buy(reader)
        shop.lose("refunded_payment")
        async with shop.bot() as bot:
            await bot.refund_star_payment(reader.user_id, charge)
        await reader.ask("/vip")
        assert [row["status"] for row in shop.subscriptions(reader.user_id)] == ["active"]
        assert shop.program.stop() == 0
        shop.program.start()
        await reader.until(lambda chat: "vuelven a estar cerradas" in chat[-1].get("text", ""))
        assert [row["status"] for row in shop.subscriptions(reader.user_id)] == ["expired"]
        assert [row["state"] for row in shop.payments(reader.user_id)] == ["refunded"]


async def test_a_charge_paid_and_given_back_unheard_of_changes_nothing(shop: Shop) -> None:
    async with readers(shop.telegram_url, "Celia") as (reader,):
        await reader.ask("/start")
        charge = await pay_unheard_of(shop, reader, "vip", "refunded_payment")
        async with shop.bot() as bot:
            await bot.refund_star_payment(reader.user_id, charge)
        assert shop.program.stop() == 0
        shop.program.start()
        wait_until(lambda: len(shop.payments(reader.user_id)) == 1)
        assert [row["state"] for row in shop.payments(reader.user_id)] == ["refunded"]
        assert shop.subscriptions(reader.user_id) == []
        assert shop.told(reader.user_id) == []


@pytest.mark.criterion("3.1.4")
@pytest.mark.parametrize("told", ["by its message", "by the list alone"])
async def test_charges_that_cannot_be_honoured_are_given_back(shop: Shop, told: str) -> None:
    """Another price, another plan, nobody who could have it."""
    async with readers(shop.telegram_url, "Dora", "Elsa") as (dora, elsa), shop.bot() as bot:
        await dora.ask("/start")
        await elsa.ask("/forget")
        await elsa.press("forget:yes")
        assert shop.program.stop() == 0
        cashier = Cashier(bot)
        for reader, payload, stars in (
            (dora, f"subscription:vip:{dora.user_id}", 3),
            (dora, f"subscription:gold:{dora.user_id}", 250),
            (elsa, f"subscription:vip:{elsa.user_id}", 250),
        ):
            await pay_whatever(cashier, reader, payload, stars)
        if told == "by the list alone":
            shop.lose("successful_payment")
        shop.program.start()

        def given_back() -> bool:
            rows = shop.payments(dora.user_id) + shop.payments(elsa.user_id)
            return [row["state"] for row in rows] == ["refunded"] * 3

        wait_until(given_back)
        assert (await bot.get_my_star_balance()).amount == 0
        assert shop.told(dora.user_id) == shop.told(elsa.user_id) == []
        assert shop.stores.value("SELECT count(*) FROM audit_log WHERE kind = 'refund'") == 3
        chat = await dora.until(lambda chat: "Te he devuelto 250" in str(chat))
        assert "no puedo darte lo que pagaste" in str(chat)
        registered = "SELECT count(*) FROM user_profiles WHERE user_id = ?"
        assert shop.stores.value(registered, str(elsa.user_id)) == 0


@pytest.mark.criterion("3.1.4")
async def test_a_refund_that_telegram_refuses_is_told_of_and_asked_for_again(shop: Shop) -> None:
    async with readers(shop.telegram_url, "Ada", "Gala") as (admin, reader), shop.bot() as bot:
        shop.be_looked_after_by(admin)
        await admin.ask("/start")
        await reader.ask("/start")
        assert shop.program.stop() == 0
        await reader.client.faults({"kind": "bad_request", "method": "refundStarPayment"})
        payload = f"subscription:gold:{reader.user_id}"
        await pay_whatever(Cashier(bot), reader, payload, stars=70)
        shop.program.start()
        await admin.until(lambda chat: "refundStarPayment" in chat[-1].get("text", ""))
        assert [row["state"] for row in shop.payments(reader.user_id)] == ["refunding"]

        await reader.client.clear_faults()
        shop.program.pass_time(days=1)
        assert shop.program.stop() == 0
        shop.program.start()
        await reader.until(lambda chat: "Te he devuelto 70" in str(chat))
        assert [row["state"] for row in shop.payments(reader.user_id)] == ["refunded"]
        assert (await bot.get_my_star_balance()).amount == 0


async def test_charges_of_another_bot_with_our_token_are_left_alone(shop: Shop) -> None:
    async with readers(shop.telegram_url, "Fina") as (reader,), shop.bot() as bot:
        await reader.ask("/start")
        assert shop.program.stop() == 0
        await pay_whatever(Cashier(bot), reader, "vip_30_days", 70)
        shop.lose("successful_payment")
        shop.program.start()
        wait_until(lambda: bool(shop.program.logged("payments.left")))
        await reader.ask("/vip")
        assert shop.payments(reader.user_id) == []
        assert (await bot.get_my_star_balance()).amount == 70


async def test_refunds_of_another_bot_with_our_token_are_not_told_again(shop: Shop) -> None:
    async with readers(shop.telegram_url, "Hugo", "Iris") as (hugo, iris), shop.bot() as bot:
        await hugo.ask("/start")
        await iris.ask("/start")
        ours = await pay_unheard_of(shop, iris, "vip", "refunded_payment")
        assert shop.program.stop() == 0
        cashier = Cashier(bot)
        for payload in ("vip_30_days", f"subscription:vip:{hugo.user_id}:2024-05"):
            await pay_whatever(cashier, hugo, payload, 70)
        _, *others = (await bot.get_star_transactions()).transactions
        for charge in others:
            await bot.refund_star_payment(hugo.user_id, charge.id)
        await bot.refund_star_payment(iris.user_id, ours)
        shop.program.start()
        # Of the refunds it is the last.
        await iris.until(lambda chat: "Te he devuelto" in str(chat))
        assert [row["state"] for row in shop.payments(iris.user_id)] == ["refunded"]
        assert shop.payments(hugo.user_id) == []
        assert "Te he devuelto" not in str(await hugo.chat())


@pytest.mark.criterion("3.1.4")
async def test_a_database_that_does_not_know_the_payer_gives_nothing_back(shop: Shop) -> None:
    """An empty one with the same token, or a backup of before they came."""
    async with readers(shop.telegram_url, "Ada", "Inés") as (admin, reader), shop.bot() as bot:
        shop.be_looked_after_by(admin)
        await admin.ask("/start")
        await reader.ask("/start")
        charge = await buy(reader)
        assert shop.program.stop() == 0
        for table in ("payments", "subscriptions", "user_profiles", "user_counters"):
            shop.stores.change(f"DELETE FROM {table} WHERE user_id = ?", str(reader.user_id))
        shop.program.start()
        await admin.until(lambda chat: "Estrellas de otro sitio" in str(chat))
        assert [row["state"] for row in shop.payments(reader.user_id)] == ["left"]
        assert (await bot.get_my_star_balance()).amount == 250
        # Told once, however often it starts; and an administrator can still give it back.
        assert shop.program.stop() == 0
        shop.program.start()
        (question,) = await admin.ask(f"/refund {charge}")
        assert "no es de aquí" in question["text"]
        await admin.press(buttons(question)[0])
        wait_until(lambda: [row["state"] for row in shop.payments(reader.user_id)] == ["refunded"])
        assert (await bot.get_my_star_balance()).amount == 0
        assert shop.stores.value(LEFT) == 1


async def pay_unheard_of(shop: Shop, reader: Reader, plan: str, *also_lost: str) -> str:
    """The charge's id. The program hears the question before the payment, and not of it."""
    message_id = await invoice(reader, plan)
    shop.lose("successful_payment", *also_lost)
    outcome = await pay(reader, message_id)
    return str(outcome["telegram_payment_charge_id"])


def of_tomorrow(updates: list[Json]) -> list[Json]:
    """With a kind of person in each checkout that nobody knows yet."""
    for update in updates:
        if "pre_checkout_query" in update:
            update["pre_checkout_query"]["from"] |= {"first_name": {"kind": "of_tomorrow"}}
    return updates


async def pay_whatever(cashier: Cashier, reader: Reader, payload: str, stars: int) -> None:
    """Pay an invoice that the program would not have made, to a bot that confirms everything."""
    prices = [LabeledPrice(label="VIP", amount=stars)]
    sent = await cashier.bot.send_invoice(reader.user_id, "VIP", "VIP", payload, "XTR", prices)
    paying = asyncio.create_task(reader.client.pay(reader.user_id, sent.message_id))
    await (await cashier.query()).answer(ok=True)
    assert (await paying)["outcome"] == "paid"
