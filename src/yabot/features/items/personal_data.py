"""What readers own is part of their state, which the users feature exports and erases."""

from yabot.bot.localization import Localizer
from yabot.errors import StoreUnavailable
from yabot.features.items.service import ItemService
from yabot.features.users.service import UserService
from yabot.features.users.states import StateUnusable
from yabot.log.personal_data import PersonalData, Privacy


def personal_data(users: UserService, items: ItemService) -> PersonalData:
    async def losing(user_id: str, t: Localizer) -> str | None:
        """None while MongoDB cannot tell: a user who wants to go need not wait for it."""
        user = await users.find(user_id)
        if user is None:
            return None
        try:
            things = sum((await items.owned(user)).values())
        except (StoreUnavailable, StateUnusable):
            return None
        return t("items-losing", things=things) if things else None

    return PersonalData(losing=losing, privacy=Privacy("items-keeps"))
