"""The methods that the playground knows, by lower-case name, and those it only knows of."""

from collections.abc import Callable
from typing import Any

import aiogram.methods
from aiogram.methods import TelegramMethod

from yabot.playground.bot_api import (
    answering,
    chats,
    editing,
    files,
    invoices,
    profile,
    sending,
    stars,
    webhooks,
)
from yabot.playground.bot_api.params import Params
from yabot.playground.store.database import Transaction

Method = Callable[[Transaction, Params], Any]

METHODS: dict[str, Method] = {
    "getme": profile.get_me,
    "sendmessage": sending.send_message,
    "sendchataction": sending.send_chat_action,
    "setmessagereaction": sending.set_message_reaction,
    "editmessagetext": editing.edit_message_text,
    "editmessagereplymarkup": editing.edit_message_reply_markup,
    "deletemessage": editing.delete_message,
    "deletemessages": editing.delete_messages,
    "answercallbackquery": answering.answer_callback_query,
    "editmessagecaption": editing.edit_message_caption,
    "sendphoto": files.sender("photo"),
    "senddocument": files.sender("document"),
    "sendsticker": files.sender("sticker"),
    "sendvoice": files.sender("voice"),
    "getfile": files.get_file,
    "sendinvoice": invoices.send_invoice,
    "answerprecheckoutquery": stars.answer_pre_checkout_query,
    "refundstarpayment": stars.refund_star_payment,
    "getstartransactions": stars.get_star_transactions,
    "getmystarbalance": stars.get_my_star_balance,
    "setmycommands": profile.set_my_commands,
    "getmycommands": profile.get_my_commands,
    "deletemycommands": profile.delete_my_commands,
    "setmyname": profile.setter("name"),
    "getmyname": profile.getter("name"),
    "setmydescription": profile.setter("description"),
    "getmydescription": profile.getter("description"),
    "setmyshortdescription": profile.setter("short_description"),
    "getmyshortdescription": profile.getter("short_description"),
    "getchat": chats.get_chat,
    "getchatmember": chats.get_chat_member,
    "getchatmembercount": chats.get_chat_member_count,
    "deletewebhook": webhooks.delete_webhook,
    "setwebhook": webhooks.set_webhook,
    "getwebhookinfo": webhooks.get_webhook_info,
}


def _all_of_telegram() -> dict[str, str]:
    exported = (getattr(aiogram.methods, name) for name in aiogram.methods.__all__)
    names = [
        method.__api_method__
        for method in exported
        if isinstance(method, type)
        and issubclass(method, TelegramMethod)
        and isinstance(method.__api_method__, str)
    ]
    return {name.lower(): name for name in names}


ALL_OF_TELEGRAM = _all_of_telegram()
