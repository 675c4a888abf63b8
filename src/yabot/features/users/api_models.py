"""What other services send about users, and what they get of them."""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, create_model

from yabot import canonical
from yabot.api.answering.shown import Shown
from yabot.api.operations.parameters import USER_ID
from yabot.api.operations.requests import etag_of, tag
from yabot.api.operations.routes import StrictBody
from yabot.bot.localization import LANGUAGES
from yabot.features.users.contact import Contact
from yabot.features.users.model import CurrentState, Preferences, Profile, UserState
from yabot.features.users.service import User
from yabot.storage.documents.parts import StatePart, composed


def _possible(user_id: str) -> str:
    if canonical.user_id(user_id) is None:
        raise ValueError("Telegram gives no such id")
    return user_id


UserIdText = Annotated[
    str, Field(pattern=USER_ID, examples=["123456789"]), AfterValidator(_possible)
]
FirstName = Annotated[str, Field(min_length=1, max_length=64)]
LastName = Annotated[str, Field(min_length=1, max_length=64)]
Username = Annotated[str, Field(pattern=f"^{canonical.USERNAME}$", description="without the @")]
LanguageCode = Annotated[str, Field(pattern=f"^{canonical.LANGUAGE}$", examples=["es", "pt-br"])]
# Only languages that the bot speaks.
Language = Annotated[str, Field(pattern=f"^({'|'.join(LANGUAGES)})$", examples=[LANGUAGES[0]])]


class ProfileBody(StrictBody):
    """All of what Telegram tells of a user: it overwrites this when they next do anything."""

    first_name: FirstName
    last_name: LastName | None
    username: Username | None
    language_code: LanguageCode | None = Field(description="of their Telegram")

    def contact(self, user_id: str) -> Contact:
        return Contact.told(user_id, **dict(self))


class Registration(StrictBody):
    """Somebody who has not written to the bot yet; Telegram tells what is left out when they do."""

    user_id: UserIdText = Field(description="Telegram's id of the user")
    first_name: FirstName
    last_name: LastName | None = None
    username: Username | None = None
    language_code: LanguageCode | None = Field(None, description="of their Telegram")

    @property
    def contact(self) -> Contact:
        return Contact.told(**dict(self))


class PreferencesBody(StrictBody):
    """All of a user's preferences."""

    language: Language | None = Field(description="null: as Telegram's language_code says")
    notifications_enabled: bool
    theme: Literal["auto", "light", "dark"]


class UserProfile(Shown):
    """What Telegram tells of a user."""

    first_name: str
    last_name: str | None
    username: str | None
    language_code: str | None

    @classmethod
    def of(cls, profile: Profile | Contact) -> "UserProfile":
        return cls(
            first_name=profile.first_name,
            last_name=profile.last_name,
            username=profile.username,
            language_code=profile.language_code,
        )


class UserSummary(Shown):
    """What SQL knows of a user."""

    user_id: str
    profile: UserProfile
    registration_date: datetime
    last_login: datetime = Field(
        description="to ten minutes; 1970: brought from another bot, and not here since"
    )
    is_active: bool = Field(
        description="false: the bot cannot write to them: they have blocked it, or not written yet"
    )

    @classmethod
    def of(cls, profile: Profile) -> "UserSummary":
        return cls(
            user_id=profile.user_id,
            profile=UserProfile.of(profile),
            registration_date=profile.registration_date,
            last_login=profile.last_login,
            is_active=profile.is_active,
        )


class UserContext(Shown):
    """What MongoDB knows of a user, without the parts that other features bring."""

    model_config = ConfigDict(json_schema_serialization_defaults_required=True)

    user_id: str
    version: int = Field(description="rises with every step")
    current_state: CurrentState
    preferences: Preferences
    created_at: datetime
    updated_at: datetime


class Shapes:
    """The API's models of a user, with the parts that features keep in the user's document."""

    def __init__(self, parts: Iterable[StatePart[Any]]) -> None:
        self.context = composed(UserContext, parts)
        self.user = create_model("RegisteredUser", __base__=UserSummary, state=(self.context, ...))
        self._fields = [name for name in self.context.model_fields if name != "user_id"]

    def context_of(self, state: UserState) -> UserContext:
        fields = {name: getattr(state, name) for name in self._fields}
        return self.context.model_construct(user_id=state.id, **fields)

    def user_of(self, user: User, state: UserState) -> BaseModel:
        summary = UserSummary.of(user.profile)
        return self.user.model_construct(**dict(summary), state=self.context_of(state))


def etag_of_user(user: User) -> str:
    """The ETag of a RegisteredUser, made of what SQL knows alone."""
    summary = etag_of(UserSummary.of(user.profile)).strip('"')
    version = user.loaded.version if user.loaded else user.state_version
    return tag(f"{version}-{summary}")
