"""Users, for other services."""

from typing import Annotated, Literal

from pydantic import Field
from starlette.responses import Response

from yabot.api.answers import Answer
from yabot.api.door import Door
from yabot.api.parameters import UserId
from yabot.api.problems import PRECONDITION_FAILED, Problem
from yabot.api.requests import AskingAgain, Changing, etag_of, tag
from yabot.api.routes import Routes, StrictBody
from yabot.feature import Services
from yabot.features.users.model import Preferences, UserState
from yabot.features.users.service import User, UserService
from yabot.log.unit_of_work import UnitOfWork
from yabot.storage.documents.parts import composed

USER_UNKNOWN = Problem(404, "user_unknown", "There is no such user.")


class PreferencesBody(StrictBody):
    """All of a user's preferences."""

    language: Annotated[str, Field(pattern="^[a-z]{2,3}(-[a-z0-9]{2,8}){0,4}$")] | None = Field(
        description="null: as Telegram's language_code says"
    )
    notifications_enabled: bool
    theme: Literal["auto", "light", "dark"]


async def known(users: UserService, user_id: str) -> User:
    """Raises Refused when there is no such user, StoreUnavailable when SQL cannot tell."""
    user = await users.find(user_id)
    if user is None:
        raise USER_UNKNOWN.refuse(
            "There is no user with this id; who has never written to the bot is registered with "
            "POST /api/v1/users."
        )
    return user


def routes(services: Services, door: Door) -> Routes:
    routes = Routes("users")
    users = services[UserService]

    @routes.get(
        "/user/{user_id}/state",
        needs="users:read",
        gives=composed(UserState, services.state_parts),
        refuses=[USER_UNKNOWN],
    )
    async def get_user_state(user_id: UserId, asking: AskingAgain) -> Response:
        """Where a user stands: menu, preferences, progress, inventory.

        The ETag is that of all of it: it changes with every step of the user.
        """
        user = await known(users, user_id)
        etag = tag(user.state_version)
        if asking.knows(etag):
            return asking.unchanged(etag)
        return asking.answer(await users.state(user), etag)

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
            wanted = Preferences(**body.model_dump())
            given = before.model_dump()
            changed = {name: to for name, to in body.model_dump().items() if given[name] != to}
            if changed:
                users.update_preferences(work, user, changed)
            return Answer.of(wanted, ETag=etag_of(wanted))

        return await door.change(change, decide, user_id)

    return routes
