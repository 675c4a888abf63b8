"""From besitos to hints: a reader who has earned enough gets them, wherever they stand."""

from yabot.bot.localization import Localizer
from yabot.features.besitos.events import BesitosAwarded
from yabot.features.besitos.model import FROM_MIGRATION
from yabot.features.besitos.service import BesitosService
from yabot.features.narrative.service import NarrativeService
from yabot.features.narrative.story.model import Hint
from yabot.features.narrative.story.scene import hint_text
from yabot.features.users.notices import Notices
from yabot.features.users.service import User, UserService
from yabot.log.unit_of_work import UnitOfWork
from yabot.subscriber import Event, Subscriber

# Shows the page anew, with the choices that the hint has opened.
GO_ON = (("narrative-continue", "story"),)


class HintRewards:
    def __init__(
        self,
        users: UserService,
        besitos: BesitosService,
        narrative: NarrativeService,
        notices: Notices,
    ) -> None:
        self._users = users
        self._besitos = besitos
        self._narrative = narrative
        self._notices = notices

    @property
    def subscriber(self) -> Subscriber[BesitosAwarded]:
        # What counts is what has been earned by now, not what this event says.
        return Subscriber("rewards.hints", BesitosAwarded, self.unlock, late="apply")

    async def unlock(self, event: Event[BesitosAwarded], work: UnitOfWork) -> None:
        """Unlock every hint within reach, also one that a newer story added since the last award.

        For besitos from another bot the hints have been unlocked already, without a notice.
        """
        if event.payload.source == FROM_MIGRATION:
            return
        user = await self._users.find(event.user_id)
        if user is None:
            return
        earned = await self._besitos.earned(user.user_id)
        for hint in await self._narrative.hints_within(user, earned):
            if await self._narrative.unlock_hint(work, user, hint.id):
                await self._tell(work, user, hint)

    async def _tell(self, work: UnitOfWork, user: User, hint: Hint) -> None:
        language = user.language

        def say(t: Localizer) -> str:
            return hint_text(hint, language, t, earned=True)

        await self._notices.tell(work, user.user_id, say, GO_ON)
