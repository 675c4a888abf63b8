"""A small bot of aiogram's Dispatcher, for pages to play with."""

import asyncio

from aiogram import Bot, Dispatcher, F
from aiogram.filters import CommandStart
from aiogram.types import (
    CallbackQuery,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    Message,
    MessageReactionUpdated,
    PreCheckoutQuery,
)

DOORS = InlineKeyboardMarkup(
    inline_keyboard=[
        [
            InlineKeyboardButton(text="Left", callback_data="left"),
            InlineKeyboardButton(text="Right", callback_data="right"),
        ],
        [InlineKeyboardButton(text="Wait", callback_data="wait")],
    ]
)


class Porter:
    """A bot with three doors; the third opens when the test lets it."""

    def __init__(self) -> None:
        self.waiting = asyncio.Event()
        self.presses: list[str] = []

    def dispatcher(self) -> Dispatcher:
        dispatcher = Dispatcher()
        dispatcher.message.register(self.greet, CommandStart())
        dispatcher.message.register(self.echo, F.text)
        dispatcher.callback_query.register(self.wait, F.data == "wait")
        dispatcher.callback_query.register(self.open)
        dispatcher.message_reaction.register(self.thank)
        dispatcher.pre_checkout_query.register(self.sell)
        return dispatcher

    async def greet(self, message: Message) -> None:
        assert message.from_user is not None
        text = f"<b>Good evening</b>\n{message.from_user.first_name} <tg-spoiler>hush</tg-spoiler>"
        await message.answer(text, parse_mode="HTML", reply_markup=DOORS)

    async def sell(self, query: PreCheckoutQuery) -> None:
        await query.answer(ok=query.invoice_payload == "vip", error_message="Not today")

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
