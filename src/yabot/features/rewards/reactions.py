"""From a reaction to besitos: the story says what it is worth, and a page pays its reader once."""

from yabot.bot.localization import Localizer
from yabot.features.besitos.service import BesitosService
from yabot.features.narrative.events import ReactionDetected
from yabot.features.narrative.service import NarrativeService
from yabot.features.users.notices import Notices
from yabot.log.unit_of_work import UnitOfWork
from yabot.subscriber import Event, Subscriber


class ReactionRewards:
    def __init__(
        self, besitos: BesitosService, narrative: NarrativeService, notices: Notices
    ) -> None:
        self._besitos = besitos
        self._narrative = narrative
        self._notices = notices

    @property
    def subscriber(self) -> Subscriber[ReactionDetected]:
        # Late or not: whichever reaction to a page comes first is the one that pays.
        return Subscriber("rewards.reaction", ReactionDetected, self.pay, late="apply")

    async def pay(self, event: Event[ReactionDetected], work: UnitOfWork) -> None:
        """Nothing for a reaction without a price, a page that is gone, a reader who has left."""
        user_id, content_id = event.user_id, event.payload.content_id
        amount = await self._narrative.pays(content_id, event.payload.reaction_type)
        if not amount:
            return
        earned = await self._besitos.earned(user_id)
        key = f"reaction:{user_id}:{content_id}"
        paid = await self._besitos.award(
            work, user_id, amount, reason="reaction", source="rewards", key=key
        )
        if paid == "awarded" and not earned:
            await self._introduce(work, user_id, amount)

    async def _introduce(self, work: UnitOfWork, user_id: str, amount: int) -> None:
        """Whoever has earned before knows, and /balance tells: a message each time is noise."""

        def say(t: Localizer) -> str:
            return t("rewards-first", amount=amount)

        await self._notices.tell(work, user_id, say)
