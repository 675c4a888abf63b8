"""What the story keeps in a reader's document."""

from datetime import datetime

from yabot.storage.documents.model import FrozenModel
from yabot.storage.documents.parts import StatePart


class ChoiceMade(FrozenModel):
    fragment_id: str
    choice_id: str
    made_at: datetime


class NarrativeProgress(FrozenModel):
    current_fragment: str | None = None
    completed_fragments: tuple[str, ...] = ()
    choices_made: tuple[ChoiceMade, ...] = ()
    hints_unlocked: tuple[str, ...] = ()


PROGRESS = StatePart("current_state.narrative_progress", NarrativeProgress)
