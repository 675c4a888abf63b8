"""What a reader gets instead of a page that Telegram refuses: what can be shown, and a way on."""

from yabot.bot.failed_messages import RefusedPage
from yabot.bot.localization import Texts, closest_language
from yabot.bot.message import message
from yabot.bot.plain import in_plain_text
from yabot.features.narrative.events import PageRefused
from yabot.features.users.service import UserService
from yabot.log.unit_of_work import UnitOfWork

WAYS_ON = (("narrative-continue", "story"), ("narrative-again", "story:again"))


class RefusedPages:
    def __init__(self, users: UserService, texts: Texts) -> None:
        self._users = users
        self._texts = texts

    async def replace(self, work: UnitOfWork, page: RefusedPage) -> None:
        """Send the page without markup; if that is refused as well, an apology.

        Raises StoreUnavailable, GuardFailed.
        """
        chat_id = page.message.chat_id
        user = await self._users.find(str(chat_id))
        chosen = (await self._users.preferences(user)).language if user else None
        language = closest_language(chosen or (user.profile.language_code if user else None))
        plain = in_plain_text(page.message)
        for part in plain:
            work.send(part)
        if not plain:
            t = self._texts.localizer(language)
            ways = [[(t(key), data)] for key, data in WAYS_ON]
            work.send(message(chat_id, t("narrative-page-refused"), ways))
        refused = PageRefused(
            fragment_id=page.content_id,
            language=language,
            reason=page.reason,
            instead="plain_text" if plain else "apology",
        )
        work.publish(refused, user.user_id if user else None)
