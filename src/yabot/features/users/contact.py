"""A user's identity as Telegram or another service gives it, in the forms that are stored."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from yabot import canonical
from yabot.features.users.model import Profile

if TYPE_CHECKING:  # audits import users, but not aiogram
    from aiogram.types import User as TelegramUser


@dataclass(frozen=True, slots=True)
class Contact:
    """The profile fields that Telegram sends with everything that a user does."""

    user_id: str
    first_name: str
    last_name: str | None
    username: str | None
    language_code: str | None

    @classmethod
    def told(
        cls,
        user_id: str,
        first_name: str,
        last_name: str | None,
        username: str | None,
        language_code: str | None,
    ) -> Contact:
        """Convert what came from outside; ``user_id`` is in the program's form already."""
        return cls(
            user_id,
            canonical.storable(first_name),
            _stored(last_name),
            _stored(username),
            canonical.language(language_code or ""),
        )

    @classmethod
    def of(cls, user: TelegramUser) -> Contact:
        return cls.told(
            str(user.id), user.first_name, user.last_name, user.username, user.language_code
        )

    @property
    def values(self) -> dict[str, Any]:
        """The values by the names of Profile's fields."""
        return {
            "username": self.username,
            "first_name": self.first_name,
            "last_name": self.last_name,
            "language_code": self.language_code,
        }

    def profile(self, *, registered: datetime, last_login: datetime, is_active: bool) -> Profile:
        return Profile(
            user_id=self.user_id,
            telegram_user_id=int(self.user_id),
            registration_date=registered,
            last_login=last_login,
            is_active=is_active,
            **self.values,
        )


def _stored(text: str | None) -> str | None:
    return None if text is None else canonical.storable(text)
