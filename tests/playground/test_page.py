"""The page in headless Chromium, with a small bot of aiogram's Dispatcher behind it."""

import asyncio
import contextlib
import importlib
import shutil
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from aiogram import Bot, Dispatcher, F
from aiogram.filters import CommandStart
from aiogram.types import (
    BotCommand,
    CallbackQuery,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    Message,
    MessageReactionUpdated,
)

from yabot.playground.client import PlaygroundClient
from yabot.playground.server import PlaygroundServer

from .child import running
from .glass import Glass, envelope

pytestmark = pytest.mark.page

CHROMIUM = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
DOORS = InlineKeyboardMarkup(
    inline_keyboard=[
        [
            InlineKeyboardButton(text="Left", callback_data="left"),
            InlineKeyboardButton(text="Right", callback_data="right"),
        ],
        [InlineKeyboardButton(text="Wait", callback_data="wait")],
    ]
)


def playwright() -> Any:
    """Imported late: only these tests need it, and ``make test`` does without."""
    return importlib.import_module("playwright.async_api")


def expect(what: Any) -> Any:
    return playwright().expect(what)


@pytest.fixture
async def browser() -> AsyncIterator[Any]:
    executable = shutil.which("chromium") or shutil.which("chromium-browser")
    assert executable, "the page tests need Chromium: apt-get install chromium"
    async with playwright().async_playwright() as driver:
        launched = await driver.chromium.launch(executable_path=executable, args=CHROMIUM)
        yield launched
        await launched.close()


@pytest.fixture
async def open_page(browser: Any) -> AsyncIterator[Callable[..., Any]]:
    """Opens pages; none may break the policy or throw. What fails to load is no fault here."""
    complaints: list[str] = []

    async def open_one(url: str, width: int = 1400, **context: Any) -> Any:
        viewport = {"width": width, "height": 860}
        page = await (await browser.new_context(viewport=viewport, **context)).new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda told: complaints.append(told.text))
        await page.goto(url)
        await expect(page.locator("#connection")).to_have_text("Connected")
        return page

    yield open_one
    assert [told for told in complaints if "Failed to load resource" not in told] == []


@pytest.fixture
def glass() -> Glass:
    return Glass()


@pytest.fixture
async def server(tmp_path: Path, glass: Glass) -> AsyncIterator[PlaygroundServer]:
    started = PlaygroundServer(tmp_path / "playground.db", port=0, inspector=glass)
    await started.start()
    yield started
    await started.stop()


class Porter:
    """A bot with three doors; the third opens when the test lets it."""

    def __init__(self) -> None:
        self.waiting = asyncio.Event()
        self.presses: list[str] = []

    def dispatcher(self) -> Dispatcher:
        dispatcher = Dispatcher()
        dispatcher.message.register(self.greet, CommandStart())
        dispatcher.message.register(self.echo)
        dispatcher.callback_query.register(self.wait, F.data == "wait")
        dispatcher.callback_query.register(self.open)
        dispatcher.message_reaction.register(self.thank)
        return dispatcher

    async def greet(self, message: Message) -> None:
        assert message.from_user is not None
        text = f"<b>Good evening</b>\n{message.from_user.first_name} <tg-spoiler>hush</tg-spoiler>"
        await message.answer(text, parse_mode="HTML", reply_markup=DOORS)

    async def echo(self, message: Message) -> None:
        await message.answer(f"You said: {message.text}")

    async def wait(self, query: CallbackQuery) -> None:
        self.presses.append("wait")
        await self.waiting.wait()
        await query.answer("It was worth it")

    async def open(self, query: CallbackQuery) -> None:
        self.presses.append(query.data or "")
        await query.answer(f"The {query.data} door", show_alert=query.data == "right")

    async def thank(self, reaction: MessageReactionUpdated, bot: Bot) -> None:
        if reaction.new_reaction:
            await bot.send_message(reaction.chat.id, "Thank you")


@pytest.fixture
async def porter(bot: Bot) -> AsyncIterator[Porter]:
    porter = Porter()
    await bot.set_my_commands(
        [
            BotCommand(command="story", description="Read on"),
            BotCommand(command="menu", description="All there is"),
        ]
    )
    dispatcher = porter.dispatcher()
    kinds = dispatcher.resolve_used_update_types()
    polling = asyncio.create_task(
        dispatcher.start_polling(bot, handle_signals=False, allowed_updates=kinds)
    )
    yield porter
    porter.waiting.set()
    with contextlib.suppress(RuntimeError):
        await dispatcher.stop_polling()
    await polling


@pytest.fixture
async def page(server: PlaygroundServer, porter: Porter, open_page: Callable[..., Any]) -> Any:
    return await open_page(server.url)


@pytest.fixture
async def chat(page: Any) -> Any:
    """Alma's chat, begun with the Start button."""
    await page.get_by_role("button", name="Start", exact=True).click()
    opened = page.get_by_role("article", name="Chat of Alma")
    await expect(opened.locator(".from-bot")).to_have_count(1)
    return opened


async def test_the_first_visit_begins_with_a_name_and_start(page: Any) -> None:
    await expect(page.get_by_label("Name")).to_have_value("Alma")
    await page.get_by_label("Name").fill("Lucía")
    await page.get_by_role("button", name="Start", exact=True).click()
    await expect(page.locator(".from-reader .text")).to_have_text("/start")
    await expect(page.locator(".from-bot .text")).to_contain_text("Good evening")
    await expect(page.locator(".from-bot .text")).to_contain_text("Lucía")
    await expect(page.get_by_label("Message", exact=True)).to_be_focused()


async def test_a_spoiler_is_hidden_until_it_is_asked_for(page: Any, chat: Any) -> None:
    await chat.get_by_role("button", name="Hidden text: show it").press("Enter")
    await expect(chat.locator(".spoiler-shown")).to_have_text("hush")


async def test_a_pressed_button_is_pending_until_the_bot_answers(
    page: Any, chat: Any, porter: Porter
) -> None:
    button = chat.get_by_role("button", name="Wait")
    await button.dblclick()
    await expect(button).to_have_attribute("aria-busy", "true")
    await expect(button).to_be_focused()
    await page.reload()
    await expect(button).to_have_attribute("aria-busy", "true")
    porter.waiting.set()
    await expect(button).not_to_have_attribute("aria-busy", "true")
    await expect(chat.locator(".toast")).to_have_text("It was worth it")
    assert porter.presses == ["wait"]


async def test_an_alert_is_a_dialog(page: Any, chat: Any) -> None:
    await chat.get_by_role("button", name="Right").click()
    dialog = page.get_by_role("dialog")
    await expect(dialog).to_contain_text("The right door")
    await page.keyboard.press("Enter")
    await expect(dialog).to_have_count(0)


async def test_reactions_are_given_and_taken_back(page: Any, chat: Any) -> None:
    message = chat.locator(".from-bot").first
    await message.locator(".line").hover()
    await message.get_by_role("button", name="React with 🔥").click()
    await expect(chat.locator(".from-bot .text").last).to_have_text("Thank you")
    await expect(message.locator(".chip")).to_have_text("🔥")
    await message.locator(".chip").click()
    await expect(message.locator(".chip")).to_have_count(0)


async def test_the_keyboard_is_enough(page: Any, chat: Any) -> None:
    box = chat.get_by_label("Message", exact=True)
    await box.press_sequentially("/")
    options = chat.get_by_role("option")
    await expect(options).to_have_count(2)
    await box.press("ArrowDown")
    await box.press("Enter")
    await expect(chat.locator(".from-bot .text").last).to_have_text("You said: /menu")
    await expect(box).to_have_value("")
    await chat.get_by_role("button", name="Left").focus()
    await page.keyboard.press("ArrowRight")
    await expect(chat.get_by_role("button", name="Right")).to_be_focused()
    await page.keyboard.press("ArrowDown")
    await expect(chat.get_by_role("button", name="Wait")).to_be_focused()


async def test_only_new_messages_are_announced(page: Any, chat: Any) -> None:
    log = chat.get_by_role("log")
    await expect(log).to_have_attribute("aria-live", "polite")
    first = await log.locator("li").first.element_handle()
    await chat.get_by_label("Message", exact=True).fill("hello")
    await page.keyboard.press("Enter")
    await expect(chat.locator(".from-bot .text").last).to_have_text("You said: hello")
    assert await first.evaluate("element => element.isConnected")


async def test_two_readers_side_by_side_survive_a_reload(page: Any, chat: Any) -> None:
    await page.get_by_role("button", name="Add a reader").click()
    await page.get_by_role("dialog").get_by_label("Name", exact=True).fill("Bruno")
    await page.get_by_role("button", name="Add", exact=True).click()
    bruno = page.get_by_role("article", name="Chat of Bruno")
    await bruno.get_by_role("button", name="Start", exact=True).click()
    await expect(bruno.locator(".from-bot .text")).to_contain_text("Bruno")
    await bruno.get_by_label("Message", exact=True).fill("half a thought")
    await expect(chat.locator(".from-bot")).to_have_count(1)
    await page.reload()
    await expect(bruno.get_by_label("Message", exact=True)).to_have_value("half a thought")
    await expect(chat).to_be_visible()


async def test_events_of_one_cause_light_up_together(
    page: Any, chat: Any, glass: Glass, client: PlaygroundClient
) -> None:
    alma = (await client.users())[0]["id"]
    glass.happen(envelope(alma, 1, "user_registered", "update:1"))
    glass.happen(envelope(alma, 2, "decision_made", "update:2", choice_id="left"))
    glass.happen(envelope(alma, 3, "operation_completed", "update:2", outcome="ok"))
    events = page.locator(".event")
    await expect(events).to_have_count(3)
    await events.nth(2).hover()
    assert [await events.nth(n).evaluate("e => e.matches('.lit')") for n in range(3)] == [
        False,
        True,
        True,
    ]
    await events.nth(1).locator("summary").press("Enter")
    await expect(events.nth(1)).to_contain_text("choice_id")
    await expect(events.nth(1).locator(".ids")).to_contain_text("update:2")
    await page.reload()
    await expect(events).to_have_count(3)


async def test_stored_values_that_change_are_marked(
    page: Any, chat: Any, glass: Glass, client: PlaygroundClient
) -> None:
    alma = (await client.users())[0]["id"]
    glass.state = {"Document": {"version": 1, "language": "es"}}
    glass.happen(envelope(alma, 1, "user_updated", "update:1"))
    await expect(page.locator("#stored")).to_contain_text("version")
    await expect(page.locator(".changed")).to_have_count(2)
    glass.state = {"Document": {"version": 2, "language": "es"}}
    glass.happen(envelope(alma, 2, "user_updated", "update:2"))
    await expect(page.locator(".changed")).to_have_text(["2"])
    glass.is_away = True
    glass.happen(envelope(alma, 3, "store_lost", "update:3"))
    await expect(page.locator("#stored")).to_contain_text("MongoDB does not answer")


async def test_a_blocked_bot_can_be_unblocked(page: Any, chat: Any) -> None:
    await chat.get_by_role("button", name="Change this reader").click()
    await page.get_by_role("button", name="Block the bot").click()
    await expect(chat.get_by_label("Message", exact=True)).to_be_hidden()
    await chat.get_by_role("button", name="Unblock").click()
    await expect(chat.get_by_label("Message", exact=True)).to_be_visible()


async def test_on_a_phone_the_panel_is_views(
    server: PlaygroundServer, open_page: Callable[..., Any]
) -> None:
    page = await open_page(server.url, width=390)
    await expect(page.locator("#chats")).to_be_visible()
    await expect(page.locator("#timeline")).to_be_hidden()
    await page.get_by_role("button", name="Events", exact=True).click()
    await expect(page.locator("#timeline")).to_be_visible()
    await expect(page.locator("#chats")).to_be_hidden()
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")


async def test_the_theme_follows_the_system_until_it_is_chosen(
    server: PlaygroundServer, open_page: Callable[..., Any]
) -> None:
    page = await open_page(server.url, color_scheme="dark")
    paper = "getComputedStyle(document.body).color"
    by_night = await page.evaluate(paper)
    await page.get_by_role("button", name="Switch between light and dark").click()
    by_day = await page.evaluate(paper)
    assert by_day != by_night
    await page.reload()
    assert await page.evaluate(paper) == by_day


async def test_a_killed_server_comes_back_without_a_reload(
    tmp_path: Path, open_page: Callable[..., Any]
) -> None:
    async with running(tmp_path / "playground.db") as child, PlaygroundClient(child.url) as client:
        page = await open_page(child.url)
        await page.get_by_role("button", name="Start", exact=True).click()
        await expect(page.locator(".from-reader .text")).to_have_text("/start")
        await child.kill()
        await expect(page.locator("#connection")).to_have_text("Reconnecting…")
        await page.get_by_label("Message", exact=True).fill("is anybody there?")
        await page.keyboard.press("Enter")
        await expect(page.locator(".toast")).to_contain_text("What you wrote is kept")
        await child.start()
        await expect(page.locator("#connection")).to_have_text("Connected", timeout=15_000)
        await page.get_by_label("Message", exact=True).press("Enter")
        await expect(page.locator(".from-reader .text").last).to_have_text("is anybody there?")
        alma = (await client.users())[0]["id"]
        async with child.bot() as bot:
            await bot.send_message(alma, "I am here again")
        await expect(page.locator(".from-bot .text")).to_have_text("I am here again")
        await expect(page.locator("#panel-note")).to_be_visible()
