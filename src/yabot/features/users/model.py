"""A user: the profile in SQL, the state in MongoDB."""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from yabot.clock import utc_now
from yabot.storage.documents.model import VersionedDocument


class Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class Profile(Part):
    """One row of ``user_profiles``."""

    user_id: str
    telegram_user_id: int
    username: str | None
    first_name: str
    last_name: str | None
    language_code: str | None
    registration_date: datetime
    last_login: datetime
    is_active: bool


class ChoiceMade(Part):
    fragment_id: str
    choice_id: str
    made_at: datetime


class NarrativeProgress(Part):
    current_fragment: str | None = None
    completed_fragments: tuple[str, ...] = ()
    choices_made: tuple[ChoiceMade, ...] = ()
    hints_unlocked: tuple[str, ...] = ()


class CurrentState(Part):
    menu_context: str = "main"
    narrative_progress: NarrativeProgress = NarrativeProgress()
    session_data: dict[str, Any] = Field(default_factory=dict)


class Preferences(Part):
    # None: as Telegram's language_code says.
    language: str | None = None
    notifications_enabled: bool = True
    theme: Literal["auto", "light", "dark"] = "auto"


class InventoryEntry(Part):
    item_id: str
    quantity: int = Field(ge=1)


class UserState(VersionedDocument):
    """One document of the collection ``users``."""

    current_state: CurrentState = CurrentState()
    preferences: Preferences = Preferences()
    inventory: tuple[InventoryEntry, ...] = ()
    created_at: datetime
    updated_at: datetime


def new_state(user_id: str) -> UserState:
    now = utc_now()
    return UserState(id=user_id, version=1, created_at=now, updated_at=now)
