"""The front desk: /start, /menu, /help, /language, and kind answers to everything else."""

from collections.abc import Sequence

from aiogram import Router
from aiogram.filters import Command, CommandObject, CommandStart
from aiogram.types import CallbackQuery, TelegramObject

from yabot.bot.filters import Brings, IsCommand, Pressed
from yabot.bot.localization import LANGUAGES, Localizer, Texts
from yabot.bot.message import Keyboard
from yabot.bot.turn import Turn
from yabot.canonical import start_parameter
from yabot.errors import StoreUnavailable
from yabot.features.narrative.handlers import show_instead
from yabot.features.narrative.service import NarrativeService
from yabot.features.narrative.state import PROGRESS
from yabot.features.narrative.story.scene import Scene
from yabot.features.users.service import User, UserService
from yabot.observability.logging import get_logger
from yabot.storage.relational.database import Database

log = get_logger(__name__)

# Service messages that Telegram puts into a private chat when its reader changes or uses it.
CHANGES_OF_CHAT = (
    "pinned_message",
    "message_auto_delete_timer_changed",
    "chat_background_set",
    "write_access_allowed",
    "connected_website",
    "forum_topic_created",
    "forum_topic_edited",
    "forum_topic_closed",
    "forum_topic_reopened",
    "checklist_tasks_done",
    "checklist_tasks_added",
    "poll_option_added",
    "poll_option_deleted",
)


class CommandHandler:
    """Answers the commands that every reader knows.

    ``commands`` are those of all features, ``buttons`` what the features bring to /menu.
    """

    def __init__(
        self, users: UserService, texts: Texts, commands: Sequence[str], buttons: Sequence[str]
    ) -> None:
        self._users = users
        self._texts = texts
        self._commands = commands
        self._buttons = buttons

    def router(self) -> Router:
        routes = Router(name="menu")
        routes.message.register(self.start, CommandStart())
        routes.message.register(self.menu, Command("menu"))
        routes.callback_query.register(self.menu, Pressed("menu"))
        routes.message.register(self.help, Command("help", "ayuda"))
        routes.callback_query.register(self.help, Pressed("help"))
        routes.message.register(self.ask_language, Command("language"))
        routes.callback_query.register(self.ask_language, Pressed("language"))
        routes.callback_query.register(self.set_language, Pressed(f"lang:({'|'.join(LANGUAGES)})"))
        routes.message.register(self.unknown_command, IsCommand())
        routes.message.register(self.talk, Brings("text"))
        routes.message.register(self.chat_changed, Brings(*CHANGES_OF_CHAT))
        routes.message.register(self.unsupported)
        routes.callback_query.register(self.unknown_button)
        return routes

    async def start(
        self, _event: TelegramObject, command: CommandObject, turn: Turn, user: User, t: Localizer
    ) -> None:
        payload = start_parameter(command.args or "")
        turn.interaction("start", **({"payload": payload} if payload else {}))
        key = "menu-welcome" if user.is_new else "menu-welcome-back"
        turn.say(t(key, name=user.profile.first_name), _front(t))

    async def menu(self, _event: TelegramObject, turn: Turn, user: User, t: Localizer) -> None:
        turn.interaction("menu")
        turn.acknowledge()
        await self._enter_menu(turn, user, "main")
        turn.say(t("menu-main"), _main(t, self._buttons))

    async def help(self, _event: TelegramObject, turn: Turn, t: Localizer) -> None:
        turn.interaction("help")
        turn.acknowledge()
        lines = [f"/{command} — {t(f'command-{command}')}" for command in self._commands]
        turn.say(f"{t('menu-help')}\n\n" + "\n".join(lines), _front(t))

    async def ask_language(
        self, _event: TelegramObject, turn: Turn, user: User, t: Localizer
    ) -> None:
        turn.interaction("language")
        turn.acknowledge()
        await self._enter_menu(turn, user, "language")
        turn.say(t("menu-language"), [[(t(f"menu-{code}"), f"lang:{code}") for code in LANGUAGES]])

    async def set_language(
        self,
        query: CallbackQuery,
        turn: Turn,
        user: User,
        narrative: NarrativeService,
        database: Database,
    ) -> None:
        """Set the chosen language, and show the reader's page again in it."""
        language = (query.data or "").removeprefix("lang:")
        turn.interaction("language_chosen", language=language)
        t = self._texts.localizer(language)
        progress = await self._users.part(user, PROGRESS)
        self._users.update_preferences(turn.work, user, {"language": language})
        turn.acknowledge()
        turn.drop_pressed()
        turn.say(t("menu-language-set"))
        if progress.current_fragment is not None:
            found = await narrative.resume(turn.work, user)
            if isinstance(found, Scene):
                await show_instead(turn, user, t, found, database)

    async def unknown_command(self, _event: TelegramObject, turn: Turn, t: Localizer) -> None:
        turn.operation = "unknown_command"
        turn.reject("unknown_command")
        turn.say(t("menu-unknown"), _front(t))

    async def talk(self, _event: TelegramObject, turn: Turn, t: Localizer) -> None:
        turn.interaction("talk")
        turn.say(t("menu-talk"), _front(t))

    async def unsupported(self, _event: TelegramObject, turn: Turn, t: Localizer) -> None:
        turn.operation = "unsupported"
        turn.reject("unsupported_message")
        turn.say(t("menu-unsupported"), _front(t))

    async def chat_changed(self, _event: TelegramObject, turn: Turn) -> None:
        """Give no answer: the reader has said nothing."""
        turn.operation = "chat_changed"

    async def unknown_button(self, _event: TelegramObject, turn: Turn, t: Localizer) -> None:
        turn.operation = "unknown_button"
        turn.reject("outdated")
        turn.acknowledge(t("menu-old-button"))

    async def _enter_menu(self, turn: Turn, user: User, context: str) -> None:
        """Note the menu in the state; while MongoDB is away the menu is shown all the same."""
        try:
            state = await self._users.state(user)
        except StoreUnavailable as error:
            log.warning("menu.not_remembered", user_id=user.user_id, reason=str(error))
            return
        if state.current_state.menu_context == context:
            return
        self._users.update_state(turn.work, user, lambda state: state.in_menu(context))


def _front(t: Localizer) -> Keyboard:
    return [[(t("menu-read"), "story")], [(t("menu-more"), "menu")]]


def _main(t: Localizer, brought: Sequence[str]) -> Keyboard:
    """The features' buttons stand in pairs, below the one that opens the story."""
    buttons = [(t(f"menu-{data}"), data) for data in brought]
    return [
        [(t("menu-read"), "story")],
        *(buttons[start : start + 2] for start in range(0, len(buttons), 2)),
        [(t("menu-again"), "story:again")],
        [(t("menu-change-language"), "language"), (t("menu-help-button"), "help")],
    ]
