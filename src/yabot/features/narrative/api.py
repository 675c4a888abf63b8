"""The story, for other services."""

from starlette.responses import Response

from yabot.api.answering.answers import Answer
from yabot.api.answering.problems import (
    PRECONDITION_FAILED,
    PRECONDITION_REQUIRED,
    Fault,
    Problem,
    Refused,
)
from yabot.api.operations.cursors import CURSOR_INVALID, After, Cursors, Page
from yabot.api.operations.door import Door
from yabot.api.operations.parameters import Limit, StoryId, UserId
from yabot.api.operations.requests import Asking, AskingAgain, Change, Changing, etag_of, tag
from yabot.api.operations.routes import Routes
from yabot.feature import Services
from yabot.features.narrative.bodies import (
    FragmentBody,
    FragmentChangeBody,
    StoryBody,
    UserChoicesBody,
    told_change,
    told_fragment,
    told_outlook,
    told_story,
)
from yabot.features.narrative.editing import StoryEditor
from yabot.features.narrative.given import FragmentGiven, place
from yabot.features.narrative.library import Library
from yabot.features.narrative.service import NarrativeService
from yabot.features.narrative.story.model import Fragment, Story
from yabot.features.narrative.story.revising import FragmentInvalid
from yabot.features.users.api import USER_UNKNOWN, there
from yabot.features.users.service import UserService
from yabot.log.unit_of_work import UnitOfWork

# The whole story's revision. It is no part of a fragment, which may outlive many revisions.
STORY_REVISION = "X-Story-Revision"
NEWEST = 2**63 - 1

FRAGMENT_UNKNOWN = Problem(
    404,
    "fragment_unknown",
    "The story has no such fragment; GET /api/v1/narrative names those that it has.",
)
NO_STORY = Problem(404, "no_story", "There is no story yet; `yabot story import` brings one.")
FRAGMENT_INVALID = Problem(
    422, "fragment_invalid", "With this fragment the story would break its rules; errors say which."
)


def routes(services: Services, door: Door) -> Routes:
    routes = Routes("narrative")
    narrative = services[NarrativeService]
    editor = StoryEditor(narrative.library, services.database)
    _offer_story(routes, narrative.library)
    _offer_editing(routes, editor, door)
    _offer_history(routes, narrative.library, editor, Cursors(services.database))
    _offer_choices(routes, services[UserService], narrative)
    return routes


def _offer_story(routes: Routes, library: Library) -> None:
    @routes.get("/narrative", needs="narrative:read", gives=StoryBody, refuses=[NO_STORY])
    async def get_story(asking: AskingAgain) -> Response:
        """The story that readers see, with an entry for each fragment.

        The ETag is that of the whole story.
        """
        story = there_is(await library.current())
        etag = tag(story.revision)
        if asking.knows(etag):
            return asking.unchanged(etag)
        return asking.answer(told_story(story), etag)

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
        story = there_is(await library.current())
        fragment = found(story, fragment_id)
        answer = asking.answer(told_fragment(fragment), tag(fragment.revision))
        answer.headers[STORY_REVISION] = story.revision
        return answer


def _offer_editing(routes: Routes, editor: StoryEditor, door: Door) -> None:
    @routes.put(
        "/narrative/{fragment_id}",
        needs="narrative:write",
        gives=FragmentBody,
        refuses=[
            FRAGMENT_UNKNOWN,
            NO_STORY,
            FRAGMENT_INVALID,
            PRECONDITION_FAILED,
            PRECONDITION_REQUIRED,
        ],
    )
    async def put_fragment(fragment_id: StoryId, body: FragmentGiven, change: Changing) -> Response:
        """Replace a fragment that the story has; readers see it within a second.

        The story that comes of it is held to the same rules as a story file. If-Match is required:
        the ETag of the fragment that was read.
        """
        change.require_condition()
        answer = await door.change(
            change, lambda work: _replaced(work, editor, fragment_id, body, change)
        )
        await editor.follow()
        return answer


async def _replaced(
    work: UnitOfWork, editor: StoryEditor, fragment_id: str, given: FragmentGiven, change: Change
) -> Answer:
    edition = await editor.newest()
    if edition is None:
        raise NO_STORY.refuse()
    change.require_match(tag(found(edition.story, fragment_id).revision))
    try:
        story = await editor.replace(work, edition, fragment_id, given.fields(), change.by)
    except FragmentInvalid as invalid:
        faults = [Fault(pointer=place(each), detail=each.sentence) for each in invalid.mistakes]
        raise Refused(FRAGMENT_INVALID, FRAGMENT_INVALID.meaning, faults) from invalid
    fragment = story.fragments[fragment_id]
    headers = {STORY_REVISION: story.revision}
    return Answer.of(told_fragment(fragment), 200, ETag=tag(fragment.revision), **headers)


def _offer_history(routes: Routes, library: Library, editor: StoryEditor, cursors: Cursors) -> None:
    @routes.get(
        "/narrative/{fragment_id}/history",
        needs="narrative:read",
        gives=Page[FragmentChangeBody],
        refuses=[FRAGMENT_UNKNOWN, NO_STORY, CURSOR_INVALID],
    )
    async def list_fragment_changes(
        fragment_id: StoryId, asking: Asking, limit: Limit = 50, after: After = None
    ) -> Response:
        """How other services have replaced a fragment, newest first.

        A story that is imported leaves no trace here; the next change then names another
        `base_revision`.
        """
        listing = await cursors.of("list_fragment_changes", fragment_id=fragment_id)
        last = listing.position(after, begin=NEWEST)
        changes = await editor.history(fragment_id, last, limit + 1)
        if not changes:
            found(there_is(await library.current()), fragment_id)
        told = [told_change(change) for change in changes]
        return asking.answer(listing.page(told, limit, place=lambda each: each.number))


def _offer_choices(routes: Routes, users: UserService, narrative: NarrativeService) -> None:
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
        user = there(await users.find_whole(user_id))
        outlook = await narrative.outlook(user)
        if outlook is None:
            raise NO_STORY.refuse()
        choices = told_outlook(outlook)
        return asking.answer(choices, etag_of(choices))


def there_is(story: Story | None) -> Story:
    """Raises Refused."""
    if story is None:
        raise NO_STORY.refuse()
    return story


def found(story: Story, fragment_id: str) -> Fragment:
    """Raises Refused."""
    fragment = story.fragments.get(fragment_id)
    if fragment is None:
        raise FRAGMENT_UNKNOWN.refuse()
    return fragment
