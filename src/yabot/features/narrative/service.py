"""The story's rules: what a reader's step changes, and when it is refused."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from yabot.canonical import reaction
from yabot.clock import utc_now
from yabot.features.narrative import messages
from yabot.features.narrative.events import (
    DecisionContext,
    DecisionMade,
    NarrativeHintUnlocked,
    ReactionDetected,
    VipAccessDenied,
    VipAccessGranted,
)
from yabot.features.narrative.library import Library
from yabot.features.narrative.progress import (
    find_choice,
    found,
    open_choices,
    reading,
    stand,
    step,
    where,
    with_hint,
)
from yabot.features.narrative.state import PROGRESS, NarrativeProgress
from yabot.features.narrative.story.model import Choice, Fragment, Hint, Story
from yabot.features.narrative.story.scene import Scene
from yabot.features.subscriptions.service import SubscriptionService
from yabot.features.users.service import User, UserService
from yabot.log.unit_of_work import UnitOfWork
from yabot.storage.relational.database import Database


@dataclass(frozen=True, slots=True)
class Arrived:
    scene: Scene
    hint: Hint | None = None


@dataclass(frozen=True, slots=True)
class Way:
    """A choice that a reader sees; ``opens`` unless it leads through a VIP door that is shut."""

    choice: Choice
    vip_required: bool
    opens: bool


@dataclass(frozen=True, slots=True)
class Outlook:
    """A reader's page (the first if they have not begun), and the choices they have there."""

    story: Story
    fragment: Fragment
    has_begun: bool
    # Whether /story shows it to them now.
    opens: bool
    ways: tuple[Way, ...]


# Why a step was not taken, in this order: no story was imported yet; the reader is elsewhere, or
# was never shown the page; their page has no such choice (any more); the next page needs VIP; the
# page where they stand needs VIP.
Refusal = Literal["no_story", "outdated", "changed", "vip_required", "page_shut"]


@dataclass(frozen=True, slots=True)
class _Bookmark:
    """Where a reader stands in the story as it is now; no fragment before the first page."""

    story: Story
    progress: NarrativeProgress
    fragment: Fragment | None

    def leads_to(self, fragment: Fragment) -> bool:
        """Whether the reader has to be moved there: they begin, or their fragment was moved."""
        if self.progress.current_fragment in (None, fragment.fragment_id):
            return self.progress.current_fragment is None
        return found(self.story, self.progress) is not None


class NarrativeService:
    """Reads through the services it is given; changes only the unit of work it is given."""

    def __init__(
        self,
        library: Library,
        database: Database,
        users: UserService,
        subscriptions: SubscriptionService,
    ) -> None:
        self.library = library
        self._database = database
        self._users = users
        self._subscriptions = subscriptions

    async def resume(self, work: UnitOfWork, user: User) -> Scene | Refusal:
        """Where the reader stands; a new reader begins.

        A reader whose fragment this story does not have sees the first one. Their stored place
        stays until they take a choice: a later story may have the fragment again.
        """
        mark = await self._open(user)
        if mark is None:
            return "no_story"
        fragment = mark.fragment or mark.story.fragments[mark.story.start]
        if fragment.metadata.vip_required and not await self._rely_on_vip(work, user):
            return "page_shut"
        if mark.leads_to(fragment):
            self._move(work, user, stand(mark.progress, fragment))
        return Scene(fragment, open_choices(fragment, mark.progress))

    async def outlook(self, user: User) -> Outlook | None:
        """What the user would see and could choose; changes nothing. None: there is no story."""
        mark = await self._open(user)
        if mark is None:
            return None
        has_vip = await self._subscriptions.opens_vip(user.user_id)

        def shut(fragment: Fragment) -> bool:
            return fragment.metadata.vip_required and not has_vip

        fragment = mark.fragment or mark.story.fragments[mark.story.start]
        ahead = [
            (choice, mark.story.fragments[choice.next_fragment])
            for choice in open_choices(fragment, mark.progress)
        ]
        ways = tuple(Way(each, to.metadata.vip_required, not shut(to)) for each, to in ahead)
        return Outlook(mark.story, fragment, mark.fragment is not None, not shut(fragment), ways)

    async def restart(self, work: UnitOfWork, user: User) -> Scene | Refusal:
        """Move the reader to the first page; hints and besitos stay."""
        mark = await self._open(user)
        if mark is None:
            return "no_story"
        fragment = mark.story.fragments[mark.story.start]
        self._move(work, user, stand(mark.progress, fragment))
        return Scene(fragment, open_choices(fragment, mark.progress))

    async def choose(
        self, work: UnitOfWork, user: User, fragment_id: str, choice_id: str
    ) -> Arrived | Refusal:
        """Take a choice of the fragment where the reader stands."""
        mark = await self._open(user)
        if mark is None:
            return "no_story"
        fragment, stored = mark.fragment, mark.progress.current_fragment
        if fragment is None or fragment_id not in (stored, fragment.fragment_id):
            return "outdated"
        is_as_shown = fragment.fragment_id == fragment_id
        choice = find_choice(fragment, mark.progress, choice_id) if is_as_shown else None
        if choice is None:
            return "changed"
        ahead = mark.story.fragments[choice.next_fragment]
        if ahead.metadata.vip_required and not await self._enter(work, user):
            return "vip_required"
        return self._walk(work, user, mark, choice)

    async def pays(self, content_id: str, reaction_type: str) -> int:
        """How many besitos the reaction to that fragment is worth, as the story is now."""
        story = await self.library.current()
        fragment = story.fragments.get(content_id) if story else None
        return fragment.metadata.reactions.get(reaction_type, 0) if fragment else 0

    async def hints_within(self, user: User, earned: int) -> list[Hint]:
        """The hints for readers with ``earned`` besitos that this one lacks; the cheapest first."""
        story = await self.library.current()
        reached = story.hints_within(earned) if story else []
        if not reached:
            return []
        progress = await self._users.part(user, PROGRESS)
        return [hint for hint in reached if hint.id not in progress.hints_unlocked]

    async def unlock_hint(self, work: UnitOfWork, user: User, hint_id: str) -> Hint | None:
        """Give the reader a hint, wherever they are; None when they have it or there is none."""
        mark = await self._open(user)
        hint = mark.story.hints.get(hint_id) if mark else None
        if mark is None or hint is None or hint_id in mark.progress.hints_unlocked:
            return None
        await self._users.change_part(
            work, user, PROGRESS, lambda progress: with_hint(progress, hint_id)
        )
        fragment_id = mark.fragment.fragment_id if mark.fragment else mark.story.start
        unlocked = NarrativeHintUnlocked(hint_id=hint_id, fragment_id=fragment_id)
        work.publish(unlocked, user.user_id)
        return hint

    async def react(
        self, work: UnitOfWork, user: User, content_id: str, reactions: Iterable[str]
    ) -> Refusal | None:
        """Publish each reaction to a fragment: an emoji, or "custom".

        Returns "outdated", and publishes nothing, if the reader was never shown the fragment.
        Raises StoreUnavailable, GuardFailed.
        """
        if not await self._has_had(user, content_id):
            return "outdated"
        for kind in dict.fromkeys(filter(None, map(reaction, reactions))):
            event = ReactionDetected(content_id=content_id, reaction_type=kind)
            work.publish(event, user.user_id)
        return None

    async def _has_had(self, user: User, content_id: str) -> bool:
        """Whether a message has shown the fragment to the user, or their progress contains it."""
        # SQL first: it answers while MongoDB is away. The progress knows pages whose rows are gone.
        chat_id = user.profile.telegram_user_id
        shown = await messages.has_shown(self._database, chat_id, content_id)
        return shown or await self._has_read(user, content_id)

    async def _has_read(self, user: User, content_id: str) -> bool:
        """Whether the user stands in that fragment or has gone on from it; unknown, and False, for
        a page that they left to start again.
        """
        progress = await self._users.part(user, PROGRESS)
        return content_id in (progress.current_fragment, *progress.completed_fragments)

    async def _open(self, user: User) -> _Bookmark | None:
        story = await self.library.current()
        if story is None:
            return None
        progress = await self._users.part(user, PROGRESS)
        return _Bookmark(story, progress, where(story, progress))

    def _walk(self, work: UnitOfWork, user: User, mark: _Bookmark, choice: Choice) -> Arrived:
        assert mark.fragment is not None
        progress = step(mark.progress, mark.fragment, choice, utc_now())
        self._move(work, user, progress)
        context = DecisionContext(
            fragment_id=mark.fragment.fragment_id,
            next_fragment=choice.next_fragment,
            story_revision=mark.story.revision,
        )
        work.publish(DecisionMade(choice_id=choice.id, context=context), user.user_id)
        ahead = mark.story.fragments[choice.next_fragment]
        hint_id = choice.unlocks_hint
        if hint_id is None or hint_id in mark.progress.hints_unlocked:
            return Arrived(Scene(ahead, open_choices(ahead, progress)))
        found = NarrativeHintUnlocked(hint_id=hint_id, fragment_id=context.fragment_id)
        work.publish(found, user.user_id)
        return Arrived(Scene(ahead, open_choices(ahead, progress)), mark.story.hints[hint_id])

    def _move(self, work: UnitOfWork, user: User, progress: NarrativeProgress) -> None:
        self._users.update_state(work, user, lambda state: reading(state, progress))

    async def _enter(self, work: UnitOfWork, user: User) -> bool:
        entered = await self._rely_on_vip(work, user)
        if entered:
            work.publish(VipAccessGranted(reason="subscription"), user.user_id)
        else:
            work.publish(VipAccessDenied(reason="no_subscription"), user.user_id)
        return entered

    async def _rely_on_vip(self, work: UnitOfWork, user: User) -> bool:
        """Whether the user has VIP now; if so, the commit fails its guard if it has ended."""
        if not await self._subscriptions.opens_vip(user.user_id):
            return False
        self._subscriptions.guard_vip(work, user.user_id)
        return True
