"""The story in the chat: /story, choices, reactions."""

import re
from collections.abc import Iterable

from aiogram import Router
from aiogram.filters import Command
from aiogram.types import (
    CallbackQuery,
    MessageReactionUpdated,
    ReactionTypeEmoji,
    ReactionTypeUnion,
    TelegramObject,
)

from yabot.bot.filters import Pressed
from yabot.bot.localization import Localizer
from yabot.bot.turn import Turn
from yabot.canonical import STORY_ID, VARIATION_SELECTOR, reaction
from yabot.features.narrative import messages
from yabot.features.narrative.service import Arrived, NarrativeService, Refusal
from yabot.features.narrative.story import scene
from yabot.features.narrative.story.reactions import REACTIONS
from yabot.features.narrative.story.scene import Scene
from yabot.features.users.service import User
from yabot.storage.relational.database import Database

# Telegram's reactions, with or without the variation selectors that keyboards add.
ANY_REACTION = "|".join(
    f"{VARIATION_SELECTOR}?".join(map(re.escape, [*emoji, ""])) for emoji in sorted(REACTIONS)
).join(("(?:", ")"))


def router() -> Router:
    routes = Router(name="narrative")
    routes.message.register(continue_story, Command("story"))
    routes.callback_query.register(continue_story, Pressed("story"))
    routes.callback_query.register(stay, Pressed("story:stay"))
    routes.callback_query.register(ask_to_restart, Pressed("story:again"))
    routes.callback_query.register(restart, Pressed("story:restart"))
    routes.callback_query.register(choose, Pressed(f"c:{STORY_ID}:{STORY_ID}"))
    routes.callback_query.register(react_by_button, Pressed(f"r:{STORY_ID}:{ANY_REACTION}"))
    routes.message_reaction.register(react)
    return routes


async def continue_story(
    _event: TelegramObject,
    turn: Turn,
    user: User,
    t: Localizer,
    narrative: NarrativeService,
    database: Database,
) -> None:
    turn.interaction("story")
    found = await narrative.resume(turn.work, user)
    if not isinstance(found, Scene):
        _refuse(turn, t, found)
        return
    turn.acknowledge()
    await show_instead(turn, user, t, found, database)


async def stay(
    query: CallbackQuery,
    turn: Turn,
    user: User,
    t: Localizer,
    narrative: NarrativeService,
    database: Database,
) -> None:
    """The answer is no: delete the question, so that nobody presses yes by mistake, and go on."""
    turn.drop_pressed()
    await continue_story(query, turn, user, t, narrative, database)


async def choose(
    query: CallbackQuery, turn: Turn, user: User, t: Localizer, narrative: NarrativeService
) -> None:
    _, fragment_id, choice_id = (query.data or "").split(":")
    turn.interaction("choice", fragment_id=fragment_id, choice_id=choice_id)
    result = await narrative.choose(turn.work, user, fragment_id, choice_id)
    if not isinstance(result, Arrived):
        _refuse(turn, t, result)
        return
    turn.acknowledge()
    turn.drop_pressed()
    if result.hint is not None:
        turn.say(scene.hint_text(result.hint, user.language, t))
    show(turn, user, t, result.scene)


async def react_by_button(
    query: CallbackQuery, turn: Turn, user: User, t: Localizer, narrative: NarrativeService
) -> None:
    """Refused for a page that was never shown to the reader: a client can send any data."""
    _, content_id, pressed = (query.data or "").split(":", 2)
    emoji = reaction(pressed) or ""
    turn.interaction("reaction", content_id=content_id)
    refused = await narrative.react(turn.work, user, content_id, [emoji])
    if refused is not None:
        _refuse(turn, t, refused)
        return
    turn.acknowledge(t("narrative-reacted", emoji=emoji))


async def react(
    change: MessageReactionUpdated,
    turn: Turn,
    user: User,
    narrative: NarrativeService,
    database: Database,
) -> None:
    """Only added reactions count; those that were there before or were taken back do not."""
    turn.operation = "reaction"
    before, now = map(_kinds, (change.old_reaction, change.new_reaction))
    added = [kind for kind in now if kind not in before]
    content_id = await messages.content_of(database, turn.chat_id, change.message_id)
    if content_id is None or not added:
        return
    turn.interaction("reaction", content_id=content_id)
    # This cannot be refused: the message that was found shows the page.
    await narrative.react(turn.work, user, content_id, added)


def _kinds(reactions: Iterable[ReactionTypeUnion]) -> list[str]:
    told = (each.emoji if isinstance(each, ReactionTypeEmoji) else "custom" for each in reactions)
    return [kind for kind in map(reaction, told) if kind is not None]


async def ask_to_restart(_event: TelegramObject, turn: Turn, t: Localizer) -> None:
    turn.interaction("restart")
    turn.acknowledge()
    answers = [("narrative-restart-yes", "story:restart"), ("narrative-restart-no", "story:stay")]
    turn.say(t("narrative-restart-ask"), [[(t(key), data)] for key, data in answers])


async def restart(
    _query: CallbackQuery,
    turn: Turn,
    user: User,
    t: Localizer,
    narrative: NarrativeService,
    database: Database,
) -> None:
    turn.interaction("restart_confirmed")
    result = await narrative.restart(turn.work, user)
    if not isinstance(result, Scene):
        _refuse(turn, t, result)
        return
    turn.acknowledge()
    turn.drop_pressed()
    await show_instead(turn, user, t, result, database)


async def show_instead(
    turn: Turn, user: User, t: Localizer, shown: Scene, database: Database
) -> None:
    """Like ``show``, but first remove the keyboard of the fragment that was shown last."""
    last = await messages.newest_scene(database, turn.chat_id)
    if last is not None:
        turn.drop_keyboard(last)
    show(turn, user, t, shown)


def show(turn: Turn, user: User, t: Localizer, shown: Scene) -> None:
    """Send the fragment as a new message, with its id, by which a reaction finds the fragment."""
    language = user.language
    turn.say(
        scene.text(shown, language),
        scene.keyboard(shown, language, t),
        content_id=shown.fragment.fragment_id,
    )


def _refuse(turn: Turn, t: Localizer, why: Refusal) -> None:
    turn.reject(why)
    if why == "outdated":
        _lead_on(turn, t, "narrative-outdated", "narrative-outdated-continue")
    elif why == "changed":
        _lead_on(turn, t, "narrative-changed", "narrative-changed-continue")
    elif why in ("vip_required", "page_shut"):
        turn.acknowledge()
        ways = [("narrative-vip-keys", "vip"), ("narrative-again", "story:again")]
        text = t("narrative-vip" if why == "vip_required" else "narrative-page-shut")
        turn.say(text, [[(t(key), data)] for key, data in ways])
    else:
        turn.acknowledge()
        turn.say(t("narrative-none"))


def _lead_on(turn: Turn, t: Localizer, noted: str, said: str) -> None:
    turn.acknowledge(t(noted))
    turn.say(t(said), [[(t("narrative-continue"), "story")]])
