from collections.abc import Sequence
from pathlib import Path
from typing import Any

from yabot.bot.localization import Localizer
from yabot.feature import Feature, Services
from yabot.features.besitos.events import BesitosAwarded
from yabot.features.besitos.service import BesitosService
from yabot.features.narrative.events import NarrativeHintUnlocked, ReactionDetected
from yabot.features.narrative.service import NarrativeService
from yabot.features.rewards.hints import HintRewards
from yabot.features.rewards.reactions import ReactionRewards
from yabot.features.users.notices import Notices
from yabot.features.users.service import UserService
from yabot.log.personal_data import PersonalData
from yabot.subscriber import Subscriber


def _subscribers(services: Services) -> Sequence[Subscriber[Any]]:
    users, besitos = services[UserService], services[BesitosService]
    narrative, notices = services[NarrativeService], Notices(users, services.texts)
    return [
        ReactionRewards(besitos, narrative, notices).subscriber,
        HintRewards(users, besitos, narrative, notices).subscriber,
    ]


def _personal_data(services: Services) -> PersonalData:
    besitos = services[BesitosService]

    async def losing(user_id: str, t: Localizer) -> str | None:
        """Pages do not pay again after /forget: the ledger remembers by id which have paid."""
        return t("rewards-losing") if await besitos.earned(user_id) else None

    return PersonalData(losing=losing)


FEATURE = Feature(
    name="rewards",
    chains=((ReactionDetected, BesitosAwarded, NarrativeHintUnlocked),),
    texts=Path(__file__).parent / "texts",
    personal_data=_personal_data,
    subscribers=_subscribers,
)
