"""The story, for other services."""

from starlette.responses import Response

from yabot.api.door import Door
from yabot.api.parameters import StoryId, UserId
from yabot.api.problems import Problem
from yabot.api.requests import AskingAgain, etag_of, tag
from yabot.api.routes import Routes
from yabot.feature import Services
from yabot.features.narrative.bodies import (
    FragmentBody,
    StoryBody,
    UserChoicesBody,
    told_fragment,
    told_outlook,
    told_story,
)
from yabot.features.narrative.service import NarrativeService
from yabot.features.narrative.story.model import Fragment, Story
from yabot.features.users.api import USER_UNKNOWN, known
from yabot.features.users.service import UserService

# Of the whole story: it is no part of a fragment, which may outlive many revisions unchanged.
STORY_REVISION = "X-Story-Revision"

FRAGMENT_UNKNOWN = Problem(
    404,
    "fragment_unknown",
    "The story has no such fragment; GET /api/v1/narrative names those that it has.",
)
NO_STORY = Problem(404, "no_story", "There is no story yet; `yabot story import` brings one.")


def routes(services: Services, _door: Door) -> Routes:
    routes = Routes("narrative")
    users, narrative = services[UserService], services[NarrativeService]

    async def current() -> Story:
        story = await narrative.library.current()
        if story is None:
            raise NO_STORY.refuse()
        return story

    @routes.get("/narrative", needs="narrative:read", gives=StoryBody, refuses=[NO_STORY])
    async def get_story(asking: AskingAgain) -> Response:
        """The story that readers see, with an entry for each fragment.

        The ETag is that of the whole story.
        """
        story = await current()
        etag = tag(story.revision)
        return (
            asking.unchanged(etag) if asking.knows(etag) else asking.answer(told_story(story), etag)
        )

    @routes.get(
        "/narrative/{fragment_id}",
        needs="narrative:read",
        gives=FragmentBody,
        refuses=[FRAGMENT_UNKNOWN, NO_STORY],
    )
    async def get_fragment(fragment_id: StoryId, asking: AskingAgain) -> Response:
        """A fragment with its choices and metadata, as readers see it.

        The ETag is that of the fragment alone; the header X-Story-Revision names the revision of
        the story in which it stands.
        """
        story = await current()
        fragment = found(story, fragment_id)
        answer = asking.answer(told_fragment(fragment), tag(fragment.revision))
        answer.headers[STORY_REVISION] = story.revision
        return answer

    @routes.get(
        "/user/{user_id}/choices",
        needs="narrative:read",
        gives=UserChoicesBody,
        refuses=[USER_UNKNOWN, NO_STORY],
    )
    async def get_user_choices(user_id: UserId, asking: AskingAgain) -> Response:
        """Where a user stands in the story, and the choices that they see there.

        Asking moves nobody: who has not begun has the start's choices before them.
        """
        outlook = await narrative.outlook(await known(users, user_id))
        if outlook is None:
            raise NO_STORY.refuse()
        choices = told_outlook(outlook)
        return asking.answer(choices, etag_of(choices))

    return routes


def found(story: Story, fragment_id: str) -> Fragment:
    """Raises Refused."""
    fragment = story.fragments.get(fragment_id)
    if fragment is None:
        raise FRAGMENT_UNKNOWN.refuse()
    return fragment
