"""The end by deadline, refunds by an administrator, and kill -9 around a payment."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.e2e.kill_points import KillPoint
from tests.e2e.moved_clock import begin_ahead
from tests.e2e.reader import Reader, buttons, readers, said_by_bot
from tests.features.subscriptions.shop import PERIOD, Json, Shop, buy, invoice, moment
from tests.waiting import PATIENCE, wait_until

pytestmark = pytest.mark.slow


@pytest.mark.criterion("2.2.3", "3.1.1", "3.1.5")
async def test_the_end_is_announced_and_comes(shop: Shop) -> None:
    async with readers(shop.telegram_url, "Ana") as (reader,):
        await reader.ask("/start")
        await buy(reader)
        wait_until(lambda: shop.stores.value("SELECT state FROM workflows") == "running")
        shop.program.pass_time(days=28)
        chat = await reader.until(lambda chat: "⏳" in chat[-1].get("text", ""))
        assert buttons(chat[-1]) == ["vip", "notices:off"]
        assert [row["status"] for row in shop.subscriptions(reader.user_id)] == ["active"]
        shop.program.pass_time(days=3)
        await reader.until(lambda chat: "🔒" in chat[-1].get("text", ""))
        assert [row["status"] for row in shop.subscriptions(reader.user_id)] == ["expired"]
        assert shop.told(reader.user_id) == [("vip", "active"), ("vip", "expired")]
        # When the workflow has heard of it, too.
        wait_until(lambda: shop.stores.value("SELECT state FROM workflows") == "finished")
        (offer,) = await reader.press("vip")
        assert "vip:cancel" not in buttons(offer)


@pytest.mark.criterion("3.1.1")
async def test_nothing_ends_by_a_clock_that_was_wrong_at_the_start(shop: Shop) -> None:
    async with readers(shop.telegram_url, "Ana") as (reader,):
        await reader.ask("/start")
        await buy(reader)
        wait_until(lambda: shop.stores.value("SELECT state FROM workflows") == "running")
        assert shop.program.stop() == 0
        # Telegram's answers are in the time that is right; the program adds what it is ahead.
        shop.meddler.says = datetime.now(UTC) - timedelta(days=40)
        begin_ahead(shop.program.folder, timedelta(days=40))
        shop.program.start()
        reasons = {each["reason"] for each in shop.program.logged("loop.paused")}
        assert reasons == {
            "the wall clock is 57600 minutes ahead of Telegram's, so neither a deadline nor an age "
            "is believed: set it right"
        }
        assert [row["status"] for row in shop.subscriptions(reader.user_id)] == ["active"]
        assert shop.program.health("ready")[1]["components"]["retention"]["status"] == "degraded"
        shop.meddler.says = None
        await reader.until(lambda chat: "🔒" in chat[-1].get("text", ""))
        assert [row["status"] for row in shop.subscriptions(reader.user_id)] == ["expired"]


async def test_an_administrator_gives_a_charge_back(shop: Shop) -> None:
    async with readers(shop.telegram_url, "Ada", "Berta") as (admin, reader):
        shop.be_looked_after_by(admin)
        await reader.ask("/start")
        charge = await buy(reader)
        (unknown,) = await reader.ask(f"/refund {charge}")
        assert "no está en este libro" in unknown["text"]
        (mistaken,) = await admin.ask("/refund stx-nothing")
        assert "No conozco ningún cobro" in mistaken["text"]
        (refused,) = await forwarded(admin, f"/refund {charge}")
        assert "ha escrito otra persona" in refused["text"]
        (question,) = await admin.ask(f"/refund {charge}")
        yes, no = buttons(question)
        (kept,) = await admin.press(no)
        assert kept["text"] == "Entonces no cambia nada."
        assert [row["state"] for row in shop.payments(reader.user_id)] == ["activated"]
        # Who is no administrator presses in vain, whatever stands on the button.
        await forged_press(reader, yes)
        await reader.ask("/help")
        assert [row["state"] for row in shop.payments(reader.user_id)] == ["activated"]
        await admin.ask(f"/refund {charge}")
        (begun,) = await admin.press(yes)
        assert str(reader.user_id) in begun["text"]
        await reader.until(lambda chat: "Te he devuelto 250" in str(chat))
        assert [row["state"] for row in shop.payments(reader.user_id)] == ["refunded"]
        assert [row["status"] for row in shop.subscriptions(reader.user_id)] == ["expired"]
        async with shop.bot() as bot:
            assert (await bot.get_my_star_balance()).amount == 0


async def forwarded(admin: Reader, text: str) -> list[Json]:
    """What the bot answers to somebody else's words, passed on."""
    origin = {"type": "hidden_user", "sender_user_name": "Eva", "date": 1_790_000_000}
    before = len(await admin.answers())
    await admin.client.deliver({"message": said(admin, text) | {"forward_origin": origin}})
    await admin.until(lambda chat: len(said_by_bot(chat)) > before)
    return (await admin.answers())[before:]


async def forged_press(reader: Reader, data: str) -> None:
    press = {"id": "forged", "from": sender(reader), "chat_instance": "1", "data": data}
    await reader.client.deliver({"callback_query": press | {"message": said(reader, "a page")}})


def said(reader: Reader, text: str) -> Json:
    chat = {"id": reader.user_id, "type": "private", "first_name": "A"}
    command = {"type": "bot_command", "offset": 0, "length": len(text.split()[0])}
    return {
        "message_id": 9000,
        "date": 1_790_000_000,
        "chat": chat,
        "from": sender(reader),
        "text": text,
        "entities": [command],
    }


def sender(reader: Reader) -> Json:
    return {"id": reader.user_id, "is_bot": False, "first_name": "A", "language_code": "es"}


@pytest.mark.criterion("3.1.5")
@pytest.mark.parametrize(
    "point",
    [
        KillPoint("commit", "INSERT INTO payments"),
        KillPoint("log", "update.handled", n=2),
    ],
    ids=str,
)
async def test_a_payment_survives_a_kill(shop: Shop, point: KillPoint) -> None:
    async with readers(shop.telegram_url, "Celia") as (reader,):
        await reader.ask("/start")
        message_id = await invoice(reader)
        shop.program.arm(point)
        outcome = await reader.client.pay(reader.user_id, message_id)
        assert outcome["outcome"] == "paid"
        assert shop.program.exit_code(PATIENCE) == -9
        shop.program.start()
        await reader.until(lambda chat: "¡Gracias!" in chat[-1].get("text", ""))
        (row,) = shop.subscriptions(reader.user_id)
        assert moment(row, "end_date") - moment(row, "start_date") == PERIOD
        assert [each["state"] for each in shop.payments(reader.user_id)] == ["activated"]
        assert shop.told(reader.user_id) == [("vip", "active")]
        waiting = "SELECT count(*) FROM updates WHERE state = 'waiting'"
        wait_until(lambda: shop.stores.value(waiting) == 0)
