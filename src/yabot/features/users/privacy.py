"""/privacy: one page, put together from what each part of the program says it keeps."""

from collections.abc import Sequence

from yabot.bot.localization import Localizer
from yabot.log.personal_data import Privacy


def privacy_page(told: Sequence[Privacy], t: Localizer) -> str:
    sections = [
        [t("users-privacy-kept"), *(t(each.keeps) for each in told)],
        [t("users-privacy-purpose")],
        [t("users-privacy-lasting"), *(t(each.lasts) for each in told if each.lasts)],
        [t("users-privacy-forget"), *(t(each.forget) for each in told if each.forget)],
        [t("users-privacy-own")],
    ]
    return "\n\n".join("\n".join(section) for section in sections)
