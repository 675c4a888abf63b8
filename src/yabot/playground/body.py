"""Bodies that the page sends; an error names the place of a mistake, never the text there."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError


def _whole(text: str) -> str:
    """Refuse a lone surrogate: JSON can spell it, but no store or answer can hold it."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise PydanticCustomError("half_character", "It holds half of a character.") from None
    return text


Written = Annotated[str, AfterValidator(_whole)]

# The id of a user, a chat or a message: 64 bits, at Telegram and in the store.
Id = Annotated[int, Field(ge=-(2**63), lt=2**63)]


class Body(BaseModel):
    model_config = ConfigDict(hide_input_in_errors=True)
