"""The definition of a collection, and the base class of documents that follow the log."""

from dataclasses import dataclass
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import override


class FrozenModel(BaseModel):
    """What lies in a document, or beside it in SQL: nothing of it is changed in place."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        hide_input_in_errors=True,
        # What is shown of it has all of its fields.
        json_schema_serialization_defaults_required=True,
    )

    @override
    def __deepcopy__(self, memo: dict[int, Any] | None = None) -> Self:
        """No copy is needed. Pydantic copies default values for each new document, which took a
        fifth of the time of registering a user."""
        return self


class VersionedDocument(FrozenModel):
    """A document that belongs to one user; ``version`` is the ``state_version`` it shows."""

    model_config = ConfigDict(validate_by_name=True)

    id: str = Field(alias="_id")
    version: int = Field(ge=1)


@dataclass(frozen=True)
class Collection:
    """A MongoDB collection; its validator is generated from ``model``."""

    name: str
    model: type[BaseModel]
    # Each index is a tuple of field names, ascending.
    indexes: tuple[tuple[str, ...], ...] = ()
