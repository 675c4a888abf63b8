from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from yabot.canonical import STORY_ID

MAX_PRICE = 1_000_000

# By language, as "es".
Texts = dict[str, str]
ItemType = Literal["gift", "achievement", "virtual_item"]


class ItemMetadata(BaseModel):
    """Without a price, in besitos, it is not for sale. Of what is unique a reader has one.

    What was ``brought`` came with readers from another bot: it is theirs, and in no items file.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    description: Texts
    emoji: str
    price: int | None = Field(default=None, ge=1, le=MAX_PRICE)
    unique: bool = False
    brought: bool = False


class Item(BaseModel):
    """One document of the collection ``items``: something a reader can come to own."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", validate_by_name=True, hide_input_in_errors=True
    )

    item_id: str = Field(alias="_id", pattern=f"^{STORY_ID}$")
    name: Texts
    type: ItemType
    metadata: ItemMetadata


def in_language(texts: Texts, language: str) -> str:
    """The text in that language, else in the first that there is."""
    return texts.get(language) or next(iter(texts.values()))
