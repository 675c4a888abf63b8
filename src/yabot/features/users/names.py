"""The name under which other readers see a reader."""

from yabot.bot.localization import Localizer
from yabot.display_name import display_name
from yabot.features.users.model import Profile


def shown_name(profile: Profile, t: Localizer) -> str:
    """The first name, made harmless; "another reader" where nothing is left of it."""
    return display_name(profile.first_name) or t("users-somebody")
