"""Stars: invoice, the bot's word at the checkout, payment, refund, the bot's account."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from aiogram import Bot
from aiogram.exceptions import TelegramBadRequest
from aiogram.types import (
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    LabeledPrice,
    PreCheckoutQuery,
    Update,
)

from tests.e2e.fork_server import ForkServer
from tests.waiting import PATIENCE
from yabot.errors import InvalidInput
from yabot.playground.client import PlaygroundClient

from .child import running

VIP = [LabeledPrice(label="VIP", amount=250)]


async def invoice(bot: Bot, chat_id: int, **changed: Any) -> int:
    fields: dict[str, Any] = {
        "title": "VIP",
        "description": "Thirty days",
        "payload": "vip:30",
        "currency": "XTR",
        "prices": VIP,
    }
    return (await bot.send_invoice(chat_id, **(fields | changed))).message_id


class Cashier:
    """Polls for the bot and gives its word at each checkout."""

    def __init__(self, bot: Bot) -> None:
        self._bot = bot
        self._offset = 0

    async def next(self) -> Update:
        async with asyncio.timeout(PATIENCE):
            while not (found := await self._bot.get_updates(self._offset, limit=1, timeout=5)):
                pass
        self._offset = found[0].update_id + 1
        return found[0]

    async def query(self) -> PreCheckoutQuery:
        while (query := (await self.next()).pre_checkout_query) is None:
            pass
        return query

    async def payment(self, kind: str) -> Any:
        while (message := (await self.next()).message) is None or not getattr(message, kind):
            pass
        return getattr(message, kind)


@pytest.fixture
def cashier(bot: Bot) -> Cashier:
    return Cashier(bot)


async def stars(client: PlaygroundClient, user_id: int) -> int:
    return int(next(user["stars"] for user in await client.users() if user["id"] == user_id))


async def test_an_invoice_is_paid_and_refunded(
    bot: Bot, client: PlaygroundClient, alma: int, cashier: Cashier
) -> None:
    message_id = await invoice(bot, alma)
    paying = asyncio.create_task(client.pay(alma, message_id))
    query = await cashier.query()
    assert (query.from_user.id, query.currency, query.total_amount) == (alma, "XTR", 250)
    assert query.invoice_payload == "vip:30"
    assert await query.answer(ok=True)
    outcome = await paying
    assert outcome["outcome"] == "paid"
    payment = await cashier.payment("successful_payment")
    assert (payment.currency, payment.total_amount, payment.invoice_payload) == (
        "XTR",
        250,
        "vip:30",
    )
    charge = payment.telegram_payment_charge_id
    assert charge == outcome["telegram_payment_charge_id"]
    assert (await stars(client, alma), (await bot.get_my_star_balance()).amount) == (750, 250)

    assert await bot.refund_star_payment(alma, charge)
    refunded = await cashier.payment("refunded_payment")
    assert (refunded.total_amount, refunded.telegram_payment_charge_id) == (250, charge)
    assert (await stars(client, alma), (await bot.get_my_star_balance()).amount) == (1000, 0)
    listed = (await bot.get_star_transactions()).transactions
    assert [(one.id, one.amount) for one in listed] == [(charge, 250), (charge, 250)]
    assert listed[0].source is not None
    assert listed[0].receiver is None
    assert listed[1].receiver is not None
    assert [one.id for one in (await bot.get_star_transactions(offset=2)).transactions] == []
    with pytest.raises(TelegramBadRequest, match="CHARGE_ALREADY_REFUNDED"):
        await bot.refund_star_payment(alma, charge)


async def test_the_bots_refusal_is_told_and_costs_nothing(
    bot: Bot, client: PlaygroundClient, alma: int, cashier: Cashier
) -> None:
    message_id = await invoice(bot, alma)
    paying = asyncio.create_task(client.pay(alma, message_id))
    query = await cashier.query()
    await query.answer(ok=False, error_message="You are VIP already")
    assert await paying == {
        "outcome": "refused",
        "message": "You are VIP already",
        "telegram_payment_charge_id": None,
    }
    assert await stars(client, alma) == 1000
    with pytest.raises(TelegramBadRequest, match="query is too old"):
        await query.answer(ok=True)
    assert (await bot.get_star_transactions()).transactions == []


@pytest.mark.slow
async def test_a_bot_that_says_nothing_within_ten_seconds_sells_nothing(
    bot: Bot, client: PlaygroundClient, alma: int, cashier: Cashier
) -> None:
    message_id = await invoice(bot, alma)
    started = asyncio.get_running_loop().time()
    outcome = await client.pay(alma, message_id)
    assert outcome["outcome"] == "expired"
    assert asyncio.get_running_loop().time() - started >= 10
    query = await cashier.query()
    with pytest.raises(TelegramBadRequest, match="query is too old"):
        await query.answer(ok=True)
    assert await stars(client, alma) == 1000


async def test_who_has_too_few_stars_cannot_pay(
    bot: Bot, client: PlaygroundClient, alma: int
) -> None:
    message_id = await invoice(bot, alma)
    await client.set_stars(alma, 249)
    with pytest.raises(InvalidInput, match="Alma has 249 Stars and needs 250"):
        await client.pay(alma, message_id)
    with pytest.raises(InvalidInput, match="Message 1 is no invoice"):
        await client.pay(alma, 1)


async def test_two_payments_at_once_cannot_spend_the_same_stars(
    bot: Bot, client: PlaygroundClient, alma: int, cashier: Cashier
) -> None:
    await client.set_stars(alma, 300)
    invoices = [await invoice(bot, alma), await invoice(bot, alma)]
    paying = [asyncio.create_task(client.pay(alma, message_id)) for message_id in invoices]
    for query in [await cashier.query(), await cashier.query()]:
        await query.answer(ok=True)
    assert sorted([(await task)["outcome"] for task in paying]) == ["paid", "refused"]
    assert await stars(client, alma) == 50


async def test_a_payment_survives_a_kill(forks: ForkServer, tmp_path: Path) -> None:
    async with (
        running(forks, tmp_path) as child,
        PlaygroundClient(child.url) as client,
        child.bot() as bot,
    ):
        alma = (await client.users())[0]["id"]
        await client.send(alma, "/start")
        paying = asyncio.create_task(client.pay(alma, await invoice(bot, alma)))
        cashier = Cashier(bot)
        await (await cashier.query()).answer(ok=True)
        charge = (await paying)["telegram_payment_charge_id"]
        await child.restart()
        payment = await cashier.payment("successful_payment")
        assert payment.telegram_payment_charge_id == charge
        assert [one.id for one in (await bot.get_star_transactions()).transactions] == [charge]
        assert await stars(client, alma) == 750


@pytest.mark.parametrize(
    ("changed", "description"),
    [
        ({"currency": "EUR"}, "PAYMENT_PROVIDER_INVALID"),
        ({"provider_token": "1:TEST"}, "PAYMENT_PROVIDER_INVALID"),
        ({"prices": VIP * 2}, "STARS_INVOICE_INVALID"),
        ({"prices": []}, "STARS_INVOICE_INVALID"),
        ({"prices": [LabeledPrice(label="VIP", amount=0)]}, "CURRENCY_TOTAL_AMOUNT_INVALID"),
        ({"payload": "x" * 129}, "INVOICE_PAYLOAD_INVALID"),
        ({"title": " "}, "title must be non-empty"),
        ({"title": "x" * 33}, "title is too long"),
        (
            {
                "reply_markup": InlineKeyboardMarkup(
                    inline_keyboard=[[InlineKeyboardButton(text="Later", callback_data="x")]]
                )
            },
            "the first button of an invoice must be a Pay button",
        ),
    ],
)
async def test_invoices_that_telegram_refuses(
    bot: Bot, alma: int, changed: dict[str, Any], description: str
) -> None:
    with pytest.raises(TelegramBadRequest) as refused:
        await invoice(bot, alma, **changed)
    assert refused.value.message == f"Bad Request: {description}"


async def test_refunds_need_a_charge_of_that_user(bot: Bot, alma: int) -> None:
    with pytest.raises(TelegramBadRequest, match="CHARGE_NOT_FOUND"):
        await bot.refund_star_payment(alma, "stx-unknown")


async def test_an_invoice_has_no_text_to_edit(bot: Bot, alma: int) -> None:
    message_id = await invoice(bot, alma)
    with pytest.raises(TelegramBadRequest, match="there is no text in the message to edit"):
        await bot.edit_message_text("x", chat_id=alma, message_id=message_id)
