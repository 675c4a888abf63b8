from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class Item(BaseModel):
    """One document of the collection ``items``: something a reader can come to own."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_by_name=True)

    item_id: str = Field(alias="_id", pattern=r"^[a-z0-9_]{1,24}$")
    name: dict[str, str]
    type: Literal["gift", "achievement", "virtual_item"]
    metadata: dict[str, Any] = Field(default_factory=dict)
