"""Users, for other services."""

from datetime import datetime
from typing import Annotated

from fastapi import Query
from starlette.responses import Response

from yabot import canonical
from yabot.api.answering.answers import Answer
from yabot.api.answering.problems import (
    OUTCOME_UNKNOWN,
    PRECONDITION_FAILED,
    Problem,
    Refused,
)
from yabot.api.operations.cursors import CURSOR_INVALID, After, Cursors, Page
from yabot.api.operations.door import Door
from yabot.api.operations.parameters import NAME, Limit, UserId
from yabot.api.operations.requests import Asking, AskingAgain, Changing, PostingAnew, etag_of, tag
from yabot.api.operations.routes import PREFIX, Routes
from yabot.errors import StoreUnavailable
from yabot.feature import Services
from yabot.features.users.api_models import (
    PreferencesBody,
    ProfileBody,
    Registration,
    Shapes,
    UserProfile,
    UserSummary,
    etag_of_user,
)
from yabot.features.users.model import Preferences
from yabot.features.users.service import User, UserService
from yabot.log.unit_of_work import UnitOfWork

DELETED = 204
USER_UNKNOWN = Problem(404, "user_unknown", "There is no such user.")
USER_EXISTS = Problem(409, "user_exists", "There is such a user already.")
SeenAs = Annotated[
    str | None,
    Query(
        pattern=f"^{canonical.USERNAME}$",
        description="Only those who were seen last under this username, in any case.",
    ),
]
Reason = Annotated[
    str,
    Query(pattern=NAME, description="In a word, for the event that tells it."),
]


async def known(users: UserService, user_id: str) -> User:
    """Raises Refused when there is no such user, StoreUnavailable when SQL cannot tell."""
    return there(await users.find(user_id))


def there(user: User | None) -> User:
    """The user. Raises Refused for None."""
    if user is None:
        raise USER_UNKNOWN.refuse(
            "There is no user with this id; who has never written to the bot is registered with "
            "POST /api/v1/users."
        )
    return user


def routes(services: Services, door: Door) -> Routes:
    routes = Routes("users")
    users, shapes = services[UserService], Shapes(services.state_parts)
    _offer_list(routes, users, Cursors(services.database))
    _offer_users(routes, users, door, shapes)
    _offer_deletion(routes, users, door)
    _offer_profile(routes, users, door)
    _offer_state(routes, users, door, shapes)
    return routes


def _offer_list(routes: Routes, users: UserService, cursors: Cursors) -> None:
    @routes.get("/users", needs="users:read", gives=Page[UserSummary], refuses=[CURSOR_INVALID])
    async def list_users(
        asking: Asking, limit: Limit = 50, after: After = None, username: SeenAs = None
    ) -> Response:
        """All users as SQL knows them, in the order of their ids as text.

        Several may have been seen under one username: Telegram gives a name that somebody has
        dropped to somebody else.
        """
        name = None if username is None else canonical.username(username)
        listing = await cursors.of("list_users", username=name or "")
        found = await users.page(listing.position(after, begin=""), limit + 1, name)
        told = [UserSummary.of(profile) for profile in found]
        return asking.answer(listing.page(told, limit, place=lambda user: user.user_id))


def _offer_users(routes: Routes, users: UserService, door: Door, shapes: Shapes) -> None:
    @routes.post(
        "/users", needs="users:write", gives=shapes.user, status=201, refuses=[USER_EXISTS]
    )
    async def register_user(body: Registration, change: PostingAnew) -> Response:
        """Register somebody who has not written to the bot yet.

        The bot cannot write to them before they have written to it.
        """

        async def decide(work: UnitOfWork) -> Answer:
            user = await users.register(work, body.contact)
            if user is None:
                raise USER_EXISTS.refuse()
            told = shapes.user_of(user, await users.state(user))
            where = f"{PREFIX}/user/{user.user_id}"
            return Answer.of(told, 201, ETag=etag_of_user(user), Location=where)

        return await door.change(change, decide, body.user_id)

    @routes.get("/user/{user_id}", needs="users:read", gives=shapes.user, refuses=[USER_UNKNOWN])
    async def get_user(user_id: UserId, asking: AskingAgain) -> Response:
        """A user as one thing: what SQL and MongoDB know of them, as of one moment."""
        user = await known(users, user_id)
        if asking.knows(etag_of_user(user)):
            return asking.unchanged(etag_of_user(user))
        user = there(await users.whole(user))
        return asking.answer(shapes.user_of(user, await users.state(user)), etag_of_user(user))


def _offer_deletion(routes: Routes, users: UserService, door: Door) -> None:
    @routes.delete(
        "/user/{user_id}", needs="users:write", refuses=[USER_UNKNOWN, PRECONDITION_FAILED]
    )
    async def delete_user(
        user_id: UserId, change: Changing, reason: Reason = "requested_by_service"
    ) -> Response:
        """Delete a user, as /forget does: besitos, items, subscription and progress are lost.

        Ids alone stay, in the ledger and in events. Nobody asks the user whether they mean it:
        that is the client's part. The ETag that If-Match names is that of the user.
        """

        noted: list[datetime] = []

        async def decide(work: UnitOfWork) -> Answer:
            user = await known(users, user_id)
            change.require_match(etag_of_user(user))
            users.guard_profile(work, user)
            noted.append(await users.forget(work, user, reason))
            return Answer.of(None, DELETED)

        async def stays() -> None:
            """Take back the note of a deletion that is not made: the next start would make it."""
            for registered in noted:
                await users.forgotten.take_back(user_id, registered)

        try:
            response = await door.change(change, decide, user_id)
        except (Refused, StoreUnavailable) as refusal:
            if refusal.code != OUTCOME_UNKNOWN.code:
                await stays()
            raise
        if response.status_code != DELETED:
            await stays()
        return response


def _offer_profile(routes: Routes, users: UserService, door: Door) -> None:
    @routes.get(
        "/user/{user_id}/profile", needs="users:read", gives=UserProfile, refuses=[USER_UNKNOWN]
    )
    async def get_user_profile(user_id: UserId, asking: AskingAgain) -> Response:
        """What Telegram tells of a user."""
        found = UserProfile.of((await known(users, user_id)).profile)
        return asking.answer(found, etag_of(found))

    @routes.put(
        "/user/{user_id}/profile",
        needs="users:write",
        gives=UserProfile,
        refuses=[USER_UNKNOWN, PRECONDITION_FAILED],
    )
    async def put_user_profile(user_id: UserId, body: ProfileBody, change: Changing) -> Response:
        """Replace what is known of a user until Telegram tells it anew, with whatever they do next.

        It gives the profile as it is then: a language's tag in lower case.
        """

        async def decide(work: UnitOfWork) -> Answer:
            user = await known(users, user_id)
            change.require_match(etag_of(UserProfile.of(user.profile)))
            users.guard_profile(work, user)
            contact = body.contact(user_id)
            users.correct_profile(work, user, contact.values)
            told = UserProfile.of(contact)
            return Answer.of(told, ETag=etag_of(told))

        return await door.change(change, decide, user_id)


def _offer_state(routes: Routes, users: UserService, door: Door, shapes: Shapes) -> None:
    @routes.get(
        "/user/{user_id}/state", needs="users:read", gives=shapes.context, refuses=[USER_UNKNOWN]
    )
    async def get_user_state(user_id: UserId, asking: AskingAgain) -> Response:
        """Where a user stands: menu, preferences, progress, inventory.

        The ETag is that of all of it: it changes with every step of the user.
        """
        user = await known(users, user_id)
        if asking.knows(tag(user.state_version)):
            return asking.unchanged(tag(user.state_version))
        user = there(await users.whole(user))
        return asking.answer(shapes.context_of(await users.state(user)), tag(user.state_version))

    @routes.get(
        "/user/{user_id}/preferences",
        needs="users:read",
        gives=Preferences,
        refuses=[USER_UNKNOWN],
    )
    async def get_user_preferences(user_id: UserId, asking: AskingAgain) -> Response:
        """A user's preferences; the ETag is that of the preferences alone."""
        user = there(await users.find_whole(user_id))
        found = (await users.state(user)).preferences
        return asking.answer(found, etag_of(found))

    @routes.put(
        "/user/{user_id}/preferences",
        needs="users:write",
        gives=Preferences,
        refuses=[USER_UNKNOWN, PRECONDITION_FAILED],
    )
    async def put_user_preferences(
        user_id: UserId, body: PreferencesBody, change: Changing
    ) -> Response:
        """Replace a user's preferences, and give them as they are then.

        The ETag is that of the preferences alone.
        """

        async def decide(work: UnitOfWork) -> Answer:
            user = await known(users, user_id)
            before = (await users.state(user)).preferences
            change.require_match(etag_of(before))
            # Also when nothing changes: no answer may be kept about a user deleted meanwhile.
            users.guard_known(work, user_id)
            wanted = Preferences(**body.model_dump())
            given = before.model_dump()
            changed = {name: to for name, to in body.model_dump().items() if given[name] != to}
            if changed:
                users.update_preferences(work, user, changed)
            return Answer.of(wanted, ETag=etag_of(wanted))

        return await door.change(change, decide, user_id)
