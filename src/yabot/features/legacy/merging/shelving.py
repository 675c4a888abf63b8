"""Items for what readers had in the old bot, so that they can own it here."""

from collections.abc import Iterable

from yabot import canonical
from yabot.bot.localization import LANGUAGES, Texts
from yabot.features.items.entry import MAX_NAME
from yabot.features.items.model import Item, ItemMetadata, ItemType
from yabot.features.items.shelf import MOST_BROUGHT, Shelf
from yabot.features.legacy.merging.things import ThingField, item_id

_TYPES: dict[ThingField, ItemType] = {"inventory": "virtual_item", "achievements": "achievement"}
_EMOJI: dict[ThingField, str] = {"inventory": "🎁", "achievements": "🏆"}


class Shelving:
    def __init__(self, shelf: Shelf, texts: Texts, most: int = MOST_BROUGHT) -> None:
        self._shelf = shelf
        self._texts = texts
        self._most = most
        # None: not read yet. Items that others make meanwhile are made once more, to no effect.
        self._there: set[str] | None = None
        self._brought = 0

    async def shelved(self, field: ThingField, names: Iterable[str]) -> dict[str, str]:
        """Item ids by name; missing items are made, and names without room for more are left out.
        Raises StoreUnavailable.
        """
        ids = {name: item_id(field, name) for name in names}
        if not ids:
            return {}
        if self._there is None:
            self._there, self._brought = await self._shelf.ids()
        missing = {each: name for name, each in ids.items() if each not in self._there}
        if new := [*missing.items()][: max(self._most - self._brought, 0)]:
            await self._shelf.bring([self._item(field, each, name) for each, name in new])
            self._there.update(each for each, _ in new)
            self._brought += len(new)
        return {name: each for name, each in ids.items() if each in self._there}

    def _item(self, field: ThingField, item_id: str, name: str) -> Item:
        shown = canonical.argument(name)[:MAX_NAME]
        spoken = {language: self._texts.localizer(language) for language in LANGUAGES}
        description = {language: t("legacy-thing-description") for language, t in spoken.items()}
        return Item(
            item_id=item_id,
            name={language: shown or t("legacy-thing") for language, t in spoken.items()},
            type=_TYPES[field],
            metadata=ItemMetadata(description=description, emoji=_EMOJI[field], brought=True),
        )
