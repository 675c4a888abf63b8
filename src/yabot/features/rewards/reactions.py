"""From reactions to besitos: the story sets the amounts, and each page pays a reader once."""

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
        # Also late events: the first reaction to a page that comes is the one that pays.
        return Subscriber("rewards.reaction", ReactionDetected, self.pay, late="apply")

    async def pay(self, event: Event[ReactionDetected], work: UnitOfWork) -> None:
        """Pays nothing for a reaction without a price, a page that is gone, a reader who left."""
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
        """Tell only of the first award: a message each time is noise. /balance shows the rest."""

        def say(t: Localizer) -> str:
            return t("rewards-first", amount=amount)

        await self._notices.tell(work, user_id, say)
