"""The list of features: the one module that knows them all.

A new feature is one package under ``features`` and one line here. Each may use the services of
those before it; the menu stands last, because it answers whatever nobody else has. Readers see the
commands in the opposite order: the story before the shop, and their data at the end.
"""

from yabot.feature import Feature
from yabot.features import (
    alerts,
    besitos,
    items,
    menu,
    narrative,
    rewards,
    shop,
    subscriptions,
    users,
)

FEATURES: tuple[Feature, ...] = (
    users.FEATURE,
    besitos.FEATURE,
    subscriptions.FEATURE,
    items.FEATURE,
    shop.FEATURE,
    narrative.FEATURE,
    rewards.FEATURE,
    alerts.FEATURE,
    menu.FEATURE,
)
