"""Who somebody is, as Telegram or another service tells of them, in the forms that are kept."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from yabot import canonical
from yabot.features.users.model import Profile

if TYPE_CHECKING:  # audits know users, and no Telegram
    from aiogram.types import User as TelegramUser


@dataclass(frozen=True, slots=True)
class Contact:
    """The fields of a profile that Telegram tells with everything that somebody does."""

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
        """As a stranger tells it; ``user_id`` is in the program's form already."""
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
        """By the names of Profile's fields."""
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
