"""What the page sends: a mistake in it is told by its place, never with what was written."""

from pydantic import BaseModel, ConfigDict


class Body(BaseModel):
    model_config = ConfigDict(hide_input_in_errors=True)
