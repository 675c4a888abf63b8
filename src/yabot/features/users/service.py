"""Users as one thing, although their profile is in SQL and their state in MongoDB."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel

from yabot import canonical
from yabot.bot.localization import LANGUAGES, Localizer, closest_language
from yabot.clock import EPOCH, utc_now
from yabot.errors import GuardFailed, InvalidInput, StoreUnavailable
from yabot.features.users import repository
from yabot.features.users.contact import Contact
from yabot.features.users.events import UserDeleted, UserRegistered, UserUpdated
from yabot.features.users.forgotten import ForgottenList
from yabot.features.users.model import Preferences, Profile, UserState
from yabot.features.users.states import (
    StateLost,
    States,
    StateUnreadable,
    StateUnusable,
    require_any,
)
from yabot.log.personal_data import PersonalData, Privacy
from yabot.log.unit_of_work import DocumentChange, UnitOfWork
from yabot.observability.logging import get_logger
from yabot.storage.documents.parts import StatePart
from yabot.storage.documents.store import DocumentStore
from yabot.storage.relational.database import Database

if TYPE_CHECKING:  # audits import users, but not aiogram
    from aiogram.types import User as TelegramUser

log = get_logger(__name__)

P = TypeVar("P", bound=BaseModel)

# Adds to the unit of work that registers a user what other features begin with.
OnRegistered = Callable[[UnitOfWork, "User"], Awaitable[None]]

# When the user with this id was brought from another bot; None: they were not.
BroughtAt = Callable[[str], Awaitable[datetime | None]]

# How exact ``last_login`` is: not every press of a button writes the profile.
LOGIN_RESOLUTION = timedelta(minutes=10)


@dataclass(slots=True)
class User:
    """A user as one unit of work sees them; the state is read only when somebody asks for it."""

    profile: Profile
    state_version: int
    loaded: UserState | None = None
    # Why the state that waits in SQL cannot be read; raised only when the state is asked for.
    unreadable: StateUnreadable | None = None
    # They write for the first time.
    is_new: bool = False

    @property
    def user_id(self) -> str:
        return self.profile.user_id

    @property
    def language(self) -> str:
        """One of ours, by the user's choice if the state has been read, otherwise by Telegram's."""
        chosen = self.loaded.preferences.language if self.loaded else None
        return closest_language(chosen or self.profile.language_code)


class UserService:
    """Reads return what is committed; every other method only adds to the unit of work."""

    def __init__(
        self,
        database: Database,
        documents: DocumentStore,
        personal_data: Mapping[str, PersonalData],
        forgotten: ForgottenList,
        model: type[UserState] = UserState,
    ) -> None:
        """``model`` is the document with the parts that features keep in it."""
        self._database = database
        self._documents = documents
        self._states = States(database, documents, model)
        self._personal_data = personal_data
        self.forgotten = forgotten
        self._model = model
        self.cache = self._states.cache
        # Called in this order for every user who is new here or has come back.
        self.on_registered: list[OnRegistered] = []
        # Called for users who may have registered elsewhere.
        self.brought_at: list[BroughtAt] = []

    async def require_states(self) -> None:
        """Raises StoreUnavailable when MongoDB has no states, although it had some."""
        await require_any(self._documents, self._database.read)

    async def find(self, user_id: str) -> User | None:
        """None: there is no such user. Raises StoreUnavailable when SQL cannot tell."""
        return self._as_user(await self._database.read(repository.find(user_id)))

    async def here_since(self, user: User) -> datetime:
        """When the user came to this database; users brought from another bot had registered there
        before. Raises StoreUnavailable.
        """
        brought = [await asked(user.user_id) for asked in self.brought_at]
        return max([user.profile.registration_date, *(each for each in brought if each)])

    async def has_forgotten(self, user_id: str) -> bool:
        """Whether this user was here and has been deleted. Raises StoreUnavailable."""
        stored = await self._database.read(repository.find(user_id))
        return stored.is_forgotten

    async def find_by_username(self, username: str) -> User | None:
        """The user last seen under that name; its case and a leading @ do not matter."""
        known = canonical.username(username)
        if known is None:
            return None
        user_id = await self._database.read(repository.find_by_username(known))
        return None if user_id is None else await self.find(user_id)

    def guard_known(self, work: UnitOfWork, user_id: str) -> None:
        """Let the unit fail its guard when there is no such user at its commit."""
        work.add(repository.hold(user_id))

    def guard_profile(self, work: UnitOfWork, user: User) -> None:
        """Let the unit fail its guard when the profile has changed by its commit."""
        work.add(repository.hold_as(user.profile))

    async def state(self, user: User) -> UserState:
        """The state at the very version that SQL had when the user was read.

        Raises StoreUnavailable, GuardFailed when the state has moved on since, StateUnusable.
        """
        if user.unreadable is not None:
            raise user.unreadable
        if user.loaded is None:
            user.loaded = await self._states.read(user.user_id, user.state_version)
        return user.loaded

    async def read_ahead(self, stored: Iterable[repository.StoredUser]) -> None:
        """Read with one query the states of users who will be asked for next.

        Raises StoreUnavailable.
        """
        await self._states.read_ahead(
            {
                each.profile.user_id: each.state_version
                for each in stored
                if each.profile is not None and each.pending is None
            }
        )

    async def part(self, user: User, part: StatePart[P]) -> P:
        """What a feature keeps in the user's state. Raises as ``state`` does."""
        return part.of(await self.state(user))

    async def preferences(self, user: User) -> Preferences:
        """The preferences; the defaults without a state. Raises GuardFailed as ``state`` does."""
        try:
            return (await self.state(user)).preferences
        except (StoreUnavailable, StateUnusable):
            return Preferences()

    async def losses(self, user_id: str, t: Localizer) -> list[str]:
        """What the user would lose, as texts to show before they ask to be forgotten."""
        told = [
            await part.losing(user_id, t) for part in self._personal_data.values() if part.losing
        ]
        return [text for text in told if text is not None]

    async def get(self, user_id: str) -> tuple[Profile, UserState] | None:
        """Profile and state as of one version; None when there is no such user."""
        user = await self.find_whole(user_id)
        return None if user is None else (user.profile, await self.state(user))

    async def find_whole(self, user_id: str) -> User | None:
        """As ``find``, with the state as of the same version. Raises StateUnusable, too."""
        user = await self.find(user_id)
        return None if user is None else await self.whole(user)

    async def whole(self, user: User) -> User | None:
        """The user with the state, read again as long as it changes; None: deleted meanwhile."""
        seen: User | None = user
        while seen is not None:
            try:
                await self.state(seen)
            except GuardFailed:
                log.debug("user.read_again", user_id=user.user_id)
                seen = await self.find(user.user_id)
            else:
                break
        return seen

    async def page(self, after: str, limit: int, username: str | None = None) -> list[Profile]:
        """The next users, ordered by id as text; with ``username``, only those of that name."""
        return await self._database.read(repository.page_of_profiles(after, limit, username))

    async def meet(self, work: UnitOfWork, telegram_user: TelegramUser) -> User:
        """The user behind a message: found and brought up to date, or registered."""
        contact = Contact.of(telegram_user)
        stored = await self._database.read(repository.find(contact.user_id))
        return await self._met(work, contact, stored)

    async def register(self, work: UnitOfWork, contact: Contact) -> User | None:
        """Like ``meet``, for a user who has not written yet; None: registered already.

        The user is inactive and new until they write: before that, Telegram lets no bot write to
        them.
        """
        stored = await self._database.read(repository.find(contact.user_id))
        if stored.profile is not None:
            return None
        return await self._register(work, contact, stored.state_version, is_active=False)

    def bring(
        self, work: UnitOfWork, contact: Contact, stored: repository.StoredUser, since: datetime
    ) -> User:
        """Register a user who has used another bot of the same token, since ``since``.

        The user is active, because Telegram lets the bot write to them. ``on_registered`` is not
        called: the caller adds what begins with a user. ``last_login`` is EPOCH, so that of two
        users with one username the one who was here is found.
        """
        now = utc_now()
        profile = contact.profile(registered=since, last_login=EPOCH, is_active=True)
        work.gather(repository.NewProfiles).profiles.append(profile)
        return self._begin(work, profile, stored.state_version, now)

    async def recognize(self, work: UnitOfWork, telegram_user: TelegramUser) -> User | None:
        """Like ``meet``, but None for a forgotten user, who comes back only by writing."""
        stored = await self._database.read(repository.find(str(telegram_user.id)))
        if stored.is_forgotten:
            return None
        return await self._met(work, Contact.of(telegram_user), stored)

    async def deactivate(self, work: UnitOfWork, user_id: str) -> None:
        """The user has blocked the bot: no more notices until they come back."""
        user = await self.find(user_id)
        if user is not None and user.profile.is_active:
            self.update_profile(work, user, {"is_active": False})

    def update_profile(self, work: UnitOfWork, user: User, values: dict[str, Any]) -> None:
        """``values`` by the names of Profile's fields; publishes their names, not the values."""
        user.profile = user.profile.model_copy(update=values)
        work.add(repository.change_profile(user.user_id, values))
        work.publish(UserUpdated(update_type="profile", updated_fields=tuple(values)), user.user_id)

    def correct_profile(self, work: UnitOfWork, user: User, values: Mapping[str, Any]) -> None:
        """As ``update_profile``, with the ``values`` that differ; nothing if none does."""
        known = user.profile.model_dump()
        changed = {name: value for name, value in values.items() if known[name] != value}
        if changed:
            self.update_profile(work, user, changed)

    def update_preferences(self, work: UnitOfWork, user: User, values: dict[str, Any]) -> None:
        """``values`` by the names of Preferences' fields; the state must have been read.

        Raises InvalidInput for a language that the bot does not speak.
        """
        if values.get("language") not in (None, *LANGUAGES):
            raise InvalidInput(f"a language must be one of {', '.join(LANGUAGES)}, or none")

        def change(state: UserState) -> UserState:
            preferences = state.preferences.model_copy(update=values)
            return state.model_copy(update={"preferences": preferences})

        self.update_state(work, user, change)
        work.publish(
            UserUpdated(update_type="preferences", updated_fields=tuple(values)), user.user_id
        )

    def update_state(
        self, work: UnitOfWork, user: User, change: Callable[[UserState], UserState]
    ) -> None:
        """Step the state to its next version; the state must have been read before."""
        if user.loaded is None:
            raise ValueError("read the state before changing it")
        stepped = {"version": user.state_version + 1, "updated_at": utc_now()}
        user.loaded = change(user.loaded).model_copy(update=stepped)
        work.change_document(DocumentChange(user.user_id, user.state_version, user.loaded))

    async def change_part(
        self, work: UnitOfWork, user: User, part: StatePart[P], change: Callable[[P], P]
    ) -> None:
        """Change what a feature keeps in the user's state. Raises as ``state`` does."""
        await self.state(user)
        self.update_state(work, user, lambda state: part.put(state, change(part.of(state))))

    async def forget(self, work: UnitOfWork, user: User, reason: str) -> datetime:
        """Delete the user, also if a backup brings them back. Returns the date that was noted."""
        # A date in the future would delete them again and again after they have come back.
        registered = min(user.profile.registration_date, utc_now())
        await self.forgotten.note(user.user_id, registered)
        self.delete(work, user, reason)
        return registered

    def delete(self, work: UnitOfWork, user: User, reason: str) -> None:
        """Everything of the user goes with one commit; counters and audit stay, by id only."""
        work.add(repository.hold(user.user_id, alone=True))
        # The profile goes last: rows of other features may refer to it.
        for part in reversed([*self._personal_data.values()]):
            part.erase(work, user.user_id)
        work.change_document(DocumentChange(user.user_id, user.state_version, None))
        work.publish(UserDeleted(deletion_reason=reason), user.user_id)

    async def has_file_under_way(self, chat_id: int) -> bool:
        """Whether a file for the chat still waits to be sent. Raises StoreUnavailable."""
        return await self._database.read(repository.has_file_under_way(chat_id))

    async def export(self, user_id: str) -> dict[str, Any]:
        """All that is kept of the user, by every feature and by the framework."""
        exported: dict[str, Any] = {}
        for part in self._personal_data.values():
            exported |= await part.export(user_id)
        return exported

    async def export_own(self, user_id: str) -> dict[str, Any]:
        found = await self.get(user_id)
        if found is None:
            return {}
        profile, state = found
        return {
            "profile": profile.model_dump(mode="json"),
            "state": state.model_dump(mode="json", by_alias=True),
        }

    def erase_own(self, work: UnitOfWork, user_id: str) -> None:
        work.add(repository.erase(user_id))

    @property
    def privacy(self) -> list[Privacy]:
        """What each part that keeps data says of it in /privacy."""
        return [part.privacy for part in self._personal_data.values() if part.privacy]

    def as_user(self, stored: repository.StoredUser) -> User | None:
        """None: there is no such user. Raises StateLost for a profile without a state."""
        if stored.profile is not None and stored.state_version == 0:
            raise StateLost(
                f"SQL has a profile of user {stored.profile.user_id}, and knows of no state"
            )
        return self._as_user(stored)

    def _as_user(self, stored: repository.StoredUser) -> User | None:
        if stored.profile is None:
            return None
        user = User(stored.profile, stored.state_version)
        if stored.pending is not None:
            try:
                user.loaded = self._states.waiting(user.user_id, stored.pending)
            except StateUnreadable as error:
                user.unreadable = error
        return user

    async def _met(self, work: UnitOfWork, contact: Contact, stored: repository.StoredUser) -> User:
        user = self._as_user(stored)
        if user is None:
            return await self._register(work, contact, stored.state_version)
        user.is_new = not user.profile.has_written
        self._refresh(work, user, contact)
        return user

    async def _register(
        self, work: UnitOfWork, contact: Contact, version: int, *, is_active: bool = True
    ) -> User:
        now = since = utc_now()
        if version > 0:
            # Later than all that the user did before, whatever the clock said then: otherwise the
            # note of their deletion would apply again.
            since = max(now, await self._database.read(repository.last_event(contact.user_id)))
        last_login = now if is_active else since
        profile = contact.profile(registered=since, last_login=last_login, is_active=is_active)
        work.gather(repository.NewProfiles).profiles.append(profile)
        user = self._begin(work, profile, version, now)
        for begin in self.on_registered:
            await begin(work, user)
        return user

    def _begin(self, work: UnitOfWork, profile: Profile, version: int, now: datetime) -> User:
        state = self._model(id=profile.user_id, version=version + 1, created_at=now, updated_at=now)
        work.change_document(DocumentChange(profile.user_id, version, state))
        work.publish(UserRegistered(), profile.user_id)
        return User(profile, version, state, is_new=True)

    def _refresh(self, work: UnitOfWork, user: User, contact: Contact) -> None:
        self.correct_profile(work, user, contact.values | {"is_active": True})
        # Also if the clock was ahead when the last login was noted.
        if abs(utc_now() - user.profile.last_login) > LOGIN_RESOLUTION:
            work.add(repository.change_profile(user.user_id, {"last_login": utc_now()}))
