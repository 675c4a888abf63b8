"""A user: the profile in SQL, the state in MongoDB."""

from datetime import datetime
from typing import Any, Literal, Self

from pydantic import Field

from yabot.storage.documents.model import FrozenModel, VersionedDocument


class Profile(FrozenModel):
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

    @property
    def has_written(self) -> bool:
        """Whether the user has written to this bot, or to the one before.

        Also False for a user who blocked the bot within their first ten minutes: they look like one
        whom a service has registered and who has not written.
        """
        return self.is_active or self.last_login != self.registration_date


class CurrentState(FrozenModel):
    menu_context: str = "main"
    session_data: dict[str, Any] = Field(default_factory=dict)


class Preferences(FrozenModel):
    # None: as Telegram's language_code says.
    language: str | None = None
    notifications_enabled: bool = True
    theme: Literal["auto", "light", "dark"] = "auto"


class UserState(VersionedDocument):
    """One document of the collection ``users``, without the parts that other features bring."""

    current_state: CurrentState = CurrentState()
    preferences: Preferences = Preferences()
    created_at: datetime
    updated_at: datetime

    def in_menu(self, context: str) -> Self:
        """This state, with the user in the menu ``context``."""
        current = self.current_state.model_copy(update={"menu_context": context})
        return self.model_copy(update={"current_state": current})
