"""Messages to readers who have not just written: in their language, if they want to hear of it."""

from collections.abc import Callable, Sequence

from yabot.bot.localization import Localizer, Texts
from yabot.bot.message import message
from yabot.features.users.model import Preferences
from yabot.features.users.service import User, UserService
from yabot.features.users.states import StateLost
from yabot.log.unit_of_work import UnitOfWork

# The text in the reader's language; None when there is nothing to say.
Say = Callable[[Localizer], str | None]
# Data of the buttons that switch notices off and on again.
SWITCH_OFF, SWITCH_ON = "notices:off", "notices:on"


class Notices:
    def __init__(self, users: UserService, texts: Texts) -> None:
        self._users = users
        self._texts = texts

    async def tell(
        self,
        work: UnitOfWork,
        user_id: str,
        say: Say,
        buttons: Sequence[tuple[str, str]] = (),
        *,
        asked_for: bool = False,
    ) -> None:
        """Add a message to the unit; ``buttons`` are pairs of a text's key and data.

        Adds nothing for a user who is unknown or has blocked the bot. ``asked_for``: the message
        answers something that the user did. Any other message is only for users who want notices,
        has a button that switches notices off, and has to wait while a store cannot tell whether
        they want them, or this version cannot read their state.
        Raises StoreUnavailable, GuardFailed; StateUnreadable unless ``asked_for``.
        """
        user = await self._users.find(user_id)
        if user is None or not user.profile.is_active:
            return
        preferences = await self._preferences(user, asked_for=asked_for)
        if not (asked_for or preferences.notifications_enabled):
            return
        t = self._texts.localizer(preferences.language or user.profile.language_code)
        text = say(t)
        if text is not None:
            off = () if asked_for else (("users-notices-off", SWITCH_OFF),)
            keyboard = [[(t(key), data)] for key, data in (*buttons, *off)]
            chat_id = user.profile.telegram_user_id
            work.send(message(chat_id, text, keyboard))

    async def _preferences(self, user: User, *, asked_for: bool) -> Preferences:
        if asked_for:
            return await self._users.preferences(user)
        try:
            return (await self._users.state(user)).preferences
        except StateLost:
            # The user's choice is lost: assume that they want no notices.
            return Preferences(notifications_enabled=False)
