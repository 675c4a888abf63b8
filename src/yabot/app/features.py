"""The list of features: the one module that knows them all.

A new feature is one package under ``features``, whose ``feature.py`` says what it brings, and one
line here. Each may use the services of those before it; the menu stands last, because it answers
whatever nobody else has. Readers see the commands in the opposite order: the story before the shop,
and their data at the end.
"""

from yabot.feature import Feature
from yabot.features.alerts import feature as alerts
from yabot.features.besitos import feature as besitos
from yabot.features.items import feature as items
from yabot.features.legacy import feature as legacy
from yabot.features.menu import feature as menu
from yabot.features.narrative import feature as narrative
from yabot.features.rewards import feature as rewards
from yabot.features.shop import feature as shop
from yabot.features.subscriptions import feature as subscriptions
from yabot.features.users import feature as users

FEATURES: tuple[Feature, ...] = (
    users.FEATURE,
    besitos.FEATURE,
    subscriptions.FEATURE,
    items.FEATURE,
    shop.FEATURE,
    narrative.FEATURE,
    rewards.FEATURE,
    legacy.FEATURE,
    alerts.FEATURE,
    menu.FEATURE,
)
