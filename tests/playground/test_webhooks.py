"""setWebhook and the deliveries: secret, order, side by side, again until a 2xx."""

import asyncio
import ssl
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiogram import Bot, Dispatcher
from aiogram.exceptions import TelegramBadRequest, TelegramConflictError
from aiogram.types import BufferedInputFile, FSInputFile, Message
from aiogram.webhook.aiohttp_server import SimpleRequestHandler
from aiohttp import web

from tests.e2e.fork_server import ForkServer
from tests.waiting import PATIENCE, until
from yabot.playground.bot_api.calls import Calls
from yabot.playground.bot_api.polling import Polling
from yabot.playground.client import PlaygroundClient
from yabot.playground.delivery.courier import Courier
from yabot.playground.faults.injector import FaultInjector
from yabot.playground.feed import Feed
from yabot.playground.server import PlaygroundServer
from yabot.playground.store import webhooks
from yabot.playground.store.database import Database
from yabot.playground.store.webhooks import Webhook

from .child import running
from .receiver import Receiver, receiving


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as started:
        yield started


async def pending(bot: Bot) -> int:
    return (await bot.get_webhook_info()).pending_update_count


async def until_delivered(bot: Bot) -> None:
    async def delivered() -> bool:
        return not await pending(bot)

    await until(delivered)


async def first_error(bot: Bot) -> str:
    told: list[str | None] = []

    async def has_failed() -> bool:
        told[:] = [(await bot.get_webhook_info()).last_error_message]
        return told != [None]

    await until(has_failed)
    return str(told[0])


async def test_pending_and_new_updates_are_delivered_with_the_secret(
    bot: Bot, client: PlaygroundClient, alma: int, receiver: Receiver
) -> None:
    assert await bot.set_webhook(receiver.url, secret_token="s3cret_-", max_connections=7)
    await client.send(alma, "hello")
    await until_delivered(bot)
    assert receiver.texts == ["/start", "hello"]
    assert receiver.secrets == ["s3cret_-", "s3cret_-"]
    info = await bot.get_webhook_info()
    assert (info.url, info.max_connections) == (receiver.url, 7)
    assert not info.has_custom_certificate
    assert info.last_error_date is None


async def test_polling_is_a_conflict_while_a_webhook_is_set(
    server: PlaygroundServer, bot: Bot, client: PlaygroundClient, alma: int, receiver: Receiver
) -> None:
    (start,) = await bot.get_updates()
    poll = asyncio.create_task(bot.get_updates(offset=start.update_id + 1, timeout=30))
    await receiver.until(lambda: server.is_polled)
    await bot.set_webhook(receiver.url)
    with pytest.raises(TelegramConflictError, match="terminated by setWebhook request"):
        await poll
    with pytest.raises(TelegramConflictError) as refused:
        await bot.get_updates()
    assert refused.value.message == (
        "Conflict: can't use getUpdates method while webhook is active; "
        "use deleteWebhook to delete the webhook first"
    )
    assert await bot.delete_webhook()
    await client.send(alma, "by polling again")
    assert [update.message and update.message.text for update in await bot.get_updates()] == [
        "by polling again"
    ]
    assert receiver.received == []


async def test_the_choice_of_updates_goes_with_the_webhook(
    bot: Bot, client: PlaygroundClient, alma: int, receiver: Receiver
) -> None:
    kinds = ["message_reaction"]
    await bot.set_webhook(receiver.url, allowed_updates=kinds, drop_pending_updates=True)
    message = await bot.send_message(alma, "do you like it?")
    await client.send(alma, "not asked for")
    await client.react(alma, message.message_id, "🔥")
    await until_delivered(bot)
    assert [list(update) for update in receiver.received] == [["update_id", "message_reaction"]]
    assert (await bot.get_webhook_info()).allowed_updates == kinds


@pytest.mark.parametrize(
    ("settings", "description"),
    [
        ({"url": "http://192.168.1.7/x"}, "bad webhook: HTTPS url must be provided for webhook"),
        ({"url": "ftp://127.0.0.1/x"}, "bad webhook: HTTPS url must be provided for webhook"),
        (
            {"url": "https://example.org/x"},
            "bad webhook: the playground calls addresses of this machine only",
        ),
        (
            {"url": "http://127.0.0.1/x", "ip_address": "192.0.2.1"},
            "bad webhook: the playground calls addresses of this machine only",
        ),
        ({"url": "http://127.0.0.1:99999/x"}, "bad webhook: invalid URL"),
        (
            {"url": "http://127.0.0.1/x", "secret_token": "not so good"},
            "secret token contains unallowed characters",
        ),
        (
            {"url": "https://127.0.0.1/x", "certificate": BufferedInputFile(b"nothing", "c.pem")},
            "bad webhook: certificate is not in PEM format",
        ),
    ],
)
async def test_refusals(bot: Bot, settings: dict[str, Any], description: str) -> None:
    with pytest.raises(TelegramBadRequest) as refused:
        await bot.set_webhook(**settings)
    assert refused.value.message == f"Bad Request: {description}"
    assert (await bot.get_webhook_info()).url == ""


async def test_an_update_comes_again_until_it_is_accepted_and_in_order(
    bot: Bot, client: PlaygroundClient, alma: int, receiver: Receiver
) -> None:
    answers = iter([500, 302, 200, 200])

    async def refuse_twice(_update: Any) -> web.Response:
        return web.Response(status=next(answers), headers={"Location": "/elsewhere"})

    receiver.answer = refuse_twice
    await client.send(alma, "later")
    await bot.set_webhook(receiver.url)
    await until_delivered(bot)
    assert receiver.texts == ["/start", "/start", "/start", "later"]
    info = await bot.get_webhook_info()
    assert info.last_error_message == "Wrong response from the webhook: 302 Found"
    assert info.last_error_date is not None


async def test_one_readers_refused_update_holds_up_nobody_else(
    bot: Bot, client: PlaygroundClient, alma: int, receiver: Receiver
) -> None:
    bruno = await client.add_user("Bruno")

    async def refuse_alma(update: Any) -> web.Response:
        return web.Response(status=503 if update["message"]["chat"]["id"] == alma else 200)

    receiver.answer = refuse_alma
    await bot.set_webhook(receiver.url)
    for text in ("one", "two"):
        await client.send(bruno, text)
    await receiver.until(lambda: {"one", "two"} <= set(receiver.texts))

    async def one_is_left() -> bool:
        """Whoever was answered is done with a moment later."""
        return await pending(bot) == 1

    await until(one_is_left)


async def test_at_most_max_connections_at_once(
    bot: Bot, client: PlaygroundClient, alma: int, receiver: Receiver
) -> None:
    together = asyncio.Event()

    async def wait_for_three(_update: Any) -> web.Response:
        if receiver.at_once == 3:
            together.set()
        await together.wait()
        await asyncio.sleep(0.05)  # a fourth would come meanwhile
        return web.Response()

    receiver.answer = wait_for_three
    for n in range(8):
        await client.send(await client.add_user(f"Reader {n}"), "hello")
    await bot.set_webhook(receiver.url, max_connections=3)
    await until_delivered(bot)
    assert len(receiver.received) == 9
    assert receiver.most_at_once == 3


async def test_a_bot_that_is_away_gets_its_updates_when_it_is_back(
    bot: Bot, client: PlaygroundClient, alma: int, receiver: Receiver
) -> None:
    await bot.set_webhook(receiver.url, drop_pending_updates=True)
    await receiver.stop()
    await client.send(alma, "anybody there?")
    assert await first_error(bot) == "Connection refused"
    await receiver.start()
    await until_delivered(bot)
    assert receiver.texts == ["anybody there?"]


async def test_the_same_webhook_again_disturbs_no_delivery(
    bot: Bot, client: PlaygroundClient, alma: int, receiver: Receiver
) -> None:
    accepts = asyncio.Event()

    async def wait(_update: Any) -> web.Response:
        await accepts.wait()
        return web.Response()

    receiver.answer = wait
    await bot.set_webhook(receiver.url, secret_token="one")
    await receiver.until(lambda: receiver.received)
    await bot.set_webhook(receiver.url, secret_token="one")
    assert receiver.at_once == 1
    accepts.set()
    await until_delivered(bot)
    assert receiver.texts == ["/start"]
    await bot.set_webhook(receiver.url, secret_token="two")
    await client.send(alma, "hello")
    await until_delivered(bot)
    assert receiver.secrets == ["one", "two"]


async def test_aiograms_own_handler_answers_with_a_method(
    bot: Bot, client: PlaygroundClient, alma: int
) -> None:
    dispatcher = Dispatcher()

    @dispatcher.message()
    async def echo(message: Message) -> Any:
        return message.answer(f"You said: {message.text}")

    app = web.Application()
    SimpleRequestHandler(dispatcher, bot, False, "s3cret").register(app, "/hook")
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    port = runner.addresses[0][1]
    await bot.set_webhook(f"http://127.0.0.1:{port}/hook", secret_token="s3cret")
    await client.send(alma, "hello")
    found = await client.wait_for(alma, lambda chat: len(chat) == 4, PATIENCE)
    said = sorted(message["text"] for message in found)
    assert said == ["/start", "You said: /start", "You said: hello", "hello"]
    await runner.cleanup()


async def test_a_refused_method_in_an_answer_harms_nothing(
    bot: Bot, client: PlaygroundClient, alma: int, receiver: Receiver
) -> None:
    bodies = iter(["{", "null", '{"method": "sendMessage", "chat_id": 1, "text": "x"}', "{}"])

    async def answer_rubbish(_update: Any) -> web.Response:
        return web.Response(text=next(bodies), content_type="application/json")

    receiver.answer = answer_rubbish
    await bot.set_webhook(receiver.url)
    for text in ("one", "two", "three"):
        await client.send(alma, text)
    await until_delivered(bot)
    assert receiver.texts == ["/start", "one", "two", "three"]


async def test_an_answer_that_trips_the_playground_stops_no_delivery(
    bot: Bot, client: PlaygroundClient, alma: int, receiver: Receiver
) -> None:
    """Here by a header of letters that HTTP does not have."""

    async def answer_strangely(_update: Any) -> web.Response:
        return web.Response(headers={"Content-Type": "application/json; of=\N{SNOWMAN}"})

    receiver.answer = answer_strangely
    await client.send(alma, "one")
    await bot.set_webhook(receiver.url)
    await receiver.until(lambda: len(receiver.received) == 2)
    assert receiver.texts == ["/start", "one"]


async def test_what_was_not_accepted_is_delivered_after_a_kill(
    forks: ForkServer, tmp_path: Path
) -> None:
    accepts = asyncio.Event()

    async def wait(_update: Any) -> web.Response:
        await accepts.wait()
        return web.Response()

    async with (
        receiving() as receiver,
        running(forks, tmp_path) as child,
        PlaygroundClient(child.url) as client,
        child.bot() as bot,
    ):
        receiver.answer = wait
        alma = (await client.users())[0]["id"]
        await bot.set_webhook(receiver.url, secret_token="s3cret")
        await client.send(alma, "once upon a time")
        await receiver.until(lambda: receiver.received)
        await child.kill()
        accepts.set()
        await child.start()
        await until_delivered(bot)
        assert receiver.texts == ["once upon a time"] * 2
        assert receiver.secrets == ["s3cret"] * 2


async def test_the_bots_own_certificate_is_trusted(
    bot: Bot, client: PlaygroundClient, alma: int, tmp_path: Path
) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    command = f"openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=bot -keyout {key}"
    extra = f" -out {certificate} -addext subjectAltName=IP:127.0.0.1"
    subprocess.run((command + extra).split(), check=True, capture_output=True)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    received: list[Any] = []

    async def receive(request: web.Request) -> web.Response:
        received.append(await request.json())
        return web.Response()

    app = web.Application()
    app.router.add_post("/hook", receive)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
    url = f"https://127.0.0.1:{runner.addresses[0][1]}/hook"
    await bot.set_webhook(url)
    assert (await first_error(bot)).startswith("SSL error")
    assert received == []
    await bot.set_webhook(url, certificate=FSInputFile(certificate))
    assert (await bot.get_webhook_info()).has_custom_certificate
    await until_delivered(bot)
    assert [update["message"]["text"] for update in received] == ["/start"]
    await runner.cleanup()


async def test_a_stop_while_the_webhook_is_changed_ends_the_deliveries(tmp_path: Path) -> None:
    """At whatever moment of the change it comes."""
    feed = Feed()
    database = Database(tmp_path / "playground.db", lambda _committed: None)
    await database.open()
    await database.run(lambda tx: webhooks.save(tx, Webhook("http://127.0.0.1:1/", "", "", "", 1)))
    calls = Calls(database, Polling(database))
    for moments in range(6):
        courier = Courier(database, calls, FaultInjector(feed))
        courier.start()
        await until(is_delivering)
        courier.reconsider()
        for _ in range(moments):
            await asyncio.sleep(0)
        # Asked from outside: a stop that hangs may swallow the end of its own patience.
        stopping = asyncio.create_task(courier.stop())
        assert (await asyncio.wait([stopping], timeout=PATIENCE))[0], moments
        assert not await is_delivering()
    await database.close()


async def is_delivering() -> bool:
    return any(task.get_name() == "playground-deliveries" for task in asyncio.all_tasks())
