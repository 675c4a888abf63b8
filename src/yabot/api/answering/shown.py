"""What every model of an answer has in common."""

from pydantic import BaseModel, ConfigDict


class Shown(BaseModel):
    """A part of what clients are given; an error of its own making quotes nothing of it."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)
