"""Reactions of readers and of the bot."""

import pytest
from aiogram import Bot
from aiogram.exceptions import TelegramBadRequest
from aiogram.types import ReactionTypeCustomEmoji, ReactionTypeEmoji

from yabot.errors import InvalidInput
from yabot.playground.client import PlaygroundClient


async def test_a_change_of_reaction_tells_before_and_after(
    bot: Bot, client: PlaygroundClient, alma: int
) -> None:
    await bot.get_updates(offset=-1, allowed_updates=["message_reaction"])
    message = await bot.send_message(alma, "a story")
    for emoji in ("❤", "❤", "👍", None):
        await client.react(alma, message.message_id, emoji)
    changes = [update.message_reaction for update in (await bot.get_updates())[1:]]
    told = [
        ([old.emoji for old in change.old_reaction], [new.emoji for new in change.new_reaction])  # type: ignore[union-attr]
        for change in changes
        if change is not None
    ]
    assert told == [([], ["❤"]), (["❤"], ["👍"]), (["👍"], [])]
    assert (await client.chat(alma))[-1]["reactions"] == []


async def test_the_bot_reacts_without_an_update(
    bot: Bot, client: PlaygroundClient, alma: int
) -> None:
    await bot.get_updates(allowed_updates=["message_reaction"])
    assert await bot.set_message_reaction(alma, 1, [ReactionTypeEmoji(emoji="🔥")])
    assert (await client.chat(alma))[0]["reactions"] == [{"user_id": bot.id, "emoji": "🔥"}]
    assert len(await bot.get_updates()) == 1
    assert await bot.set_message_reaction(alma, 1)
    assert (await client.chat(alma))[0]["reactions"] == []


async def test_what_is_no_reaction_is_refused(
    bot: Bot, client: PlaygroundClient, alma: int
) -> None:
    for reaction in (
        ReactionTypeEmoji(emoji="🥑"),
        ReactionTypeCustomEmoji(custom_emoji_id="5"),
    ):
        with pytest.raises(TelegramBadRequest) as refused:
            await bot.set_message_reaction(alma, 1, [reaction])
        assert refused.value.message == "Bad Request: REACTION_INVALID"
    with pytest.raises(TelegramBadRequest) as refused:
        await bot.set_message_reaction(alma, 99, [ReactionTypeEmoji(emoji="🔥")])
    assert refused.value.message == "Bad Request: message to react not found"
    with pytest.raises(InvalidInput, match="no reaction"):
        await client.react(alma, 1, "🥑")
