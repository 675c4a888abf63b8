"""What the page sends: a mistake in it is told by its place, never with what was written."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError


def _whole(text: str) -> str:
    """JSON can spell half of a surrogate, which neither the store nor an answer can hold."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise PydanticCustomError("half_character", "It holds half of a character.") from None
    return text


Written = Annotated[str, AfterValidator(_whole)]

# Of a user, a chat or a message: Telegram's ids have 64 bits, and so has the store.
Id = Annotated[int, Field(ge=-(2**63), lt=2**63)]


class Body(BaseModel):
    model_config = ConfigDict(hide_input_in_errors=True)
