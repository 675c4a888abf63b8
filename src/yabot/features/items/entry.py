"""What an items file may contain."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from yabot.bot.localization import LANGUAGES
from yabot.canonical import STORY_ID
from yabot.features.items.model import MAX_PRICE, Item, ItemMetadata, ItemType, Texts

# Limits with which the shop fits into one message, and each name into a button.
MAX_ITEMS = 30
MAX_NAME = 48
MAX_DESCRIPTION = 400


def _in_every_language(texts: Texts) -> Texts:
    missing = [language for language in LANGUAGES if language not in texts]
    strange = [language for language in texts if language not in LANGUAGES]
    if missing or strange:
        raise ValueError(f"must have a text in each of {', '.join(LANGUAGES)}, and in no other")
    return texts


def _length(limit: int) -> StringConstraints:
    return StringConstraints(strip_whitespace=True, min_length=1, max_length=limit)


_Complete = AfterValidator(_in_every_language)
ItemId = Annotated[str, StringConstraints(pattern=f"^{STORY_ID}$")]
Name = Annotated[str, _length(MAX_NAME)]
Description = Annotated[str, _length(MAX_DESCRIPTION)]


class Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    name: Annotated[dict[str, Name], _Complete]
    description: Annotated[dict[str, Description], _Complete]
    emoji: Annotated[str, _length(8)]
    type: ItemType
    price: int | None = Field(default=None, ge=1, le=MAX_PRICE)
    unique: bool = False

    def item(self, item_id: str) -> Item:
        metadata = ItemMetadata(
            description=self.description, emoji=self.emoji, price=self.price, unique=self.unique
        )
        return Item(item_id=item_id, name=self.name, type=self.type, metadata=metadata)


class ItemsFile(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    items: Annotated[dict[ItemId, Entry], Field(min_length=1, max_length=MAX_ITEMS)]
