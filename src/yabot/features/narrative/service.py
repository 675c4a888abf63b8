"""The story's rules: what a reader's step changes, and when it is refused."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from yabot.clock import utc_now
from yabot.features.narrative.events import (
    DecisionContext,
    DecisionMade,
    NarrativeHintUnlocked,
    ReactionDetected,
    VipAccessDenied,
    VipAccessGranted,
)
from yabot.features.narrative.library import Library
from yabot.features.narrative.progress import begin, in_state, open_choices, step, where
from yabot.features.narrative.story.model import Choice, Fragment, Hint, Story
from yabot.features.subscriptions.service import SubscriptionService
from yabot.features.users.model import NarrativeProgress
from yabot.features.users.service import User, UserService
from yabot.storage.relational.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class Scene:
    """What the reader sees now."""

    fragment: Fragment
    choices: list[Choice]


@dataclass(frozen=True, slots=True)
class Arrived:
    scene: Scene
    hint: Hint | None = None


# Why a step was not taken: the story holds no such choice (any more), the reader is elsewhere,
# or the door is shut. "no_story": nothing has been imported yet.
Refusal = Literal["no_story", "outdated", "vip_required"]


class NarrativeService:
    """Reads through the services it is given; changes only the unit of work it is given."""

    def __init__(
        self, library: Library, users: UserService, subscriptions: SubscriptionService
    ) -> None:
        self.library = library
        self._users = users
        self._subscriptions = subscriptions

    async def resume(self, work: UnitOfWork, user: User) -> Scene | Refusal:
        """Where the reader stands; a new reader begins."""
        story = await self.library.current()
        if story is None:
            return "no_story"
        progress = await self._progress(user)
        fragment = where(story, progress)
        if fragment is None or fragment.fragment_id != progress.current_fragment:
            fragment = fragment or story.fragments[story.start]
            self._stand(work, user, progress, fragment.fragment_id)
        if fragment.metadata.vip_required and not await self._may_enter(work, user):
            return "vip_required"
        return Scene(fragment, open_choices(fragment, progress))

    async def restart(self, work: UnitOfWork, user: User) -> Scene | Refusal:
        """Back to the first page; what was found out and earned stays."""
        story = await self.library.current()
        if story is None:
            return "no_story"
        progress = begin(story, await self._progress(user))
        self._move(work, user, progress)
        fragment = story.fragments[story.start]
        return Scene(fragment, open_choices(fragment, progress))

    async def choose(
        self, work: UnitOfWork, user: User, fragment_id: str, choice_id: str
    ) -> Arrived | Refusal:
        """Take a choice of the fragment where the reader stands."""
        story = await self.library.current()
        if story is None:
            return "no_story"
        progress = await self._progress(user)
        fragment = where(story, progress)
        choice = _choice(fragment, progress, choice_id)
        if fragment is None or fragment.fragment_id != fragment_id or choice is None:
            return "outdated"
        ahead = story.fragments[choice.next_fragment]
        if ahead.metadata.vip_required and not await self._enter(work, user):
            return "vip_required"
        return self._take(work, user, story, fragment, choice)

    async def react(
        self, work: UnitOfWork, user: User, content_id: str, reactions: Iterable[str]
    ) -> None:
        """Tell the events of reactions to a fragment."""
        for reaction in reactions:
            event = ReactionDetected(content_id=content_id, reaction_type=reaction)
            work.publish(event, user.user_id)

    async def _progress(self, user: User) -> NarrativeProgress:
        return (await self._users.state(user)).current_state.narrative_progress

    def _take(
        self, work: UnitOfWork, user: User, story: Story, fragment: Fragment, choice: Choice
    ) -> Arrived:
        assert user.loaded is not None
        before = user.loaded.current_state.narrative_progress
        after = step(before, fragment, choice, utc_now())
        self._move(work, user, after)
        context = DecisionContext(
            fragment_id=fragment.fragment_id,
            next_fragment=choice.next_fragment,
            story_revision=story.revision,
        )
        work.publish(DecisionMade(choice_id=choice.id, context=context), user.user_id)
        scene = Scene(
            story.fragments[choice.next_fragment],
            open_choices(story.fragments[choice.next_fragment], after),
        )
        return Arrived(scene, self._found(work, user, story, fragment, before, choice))

    def _found(
        self,
        work: UnitOfWork,
        user: User,
        story: Story,
        fragment: Fragment,
        before: NarrativeProgress,
        choice: Choice,
    ) -> Hint | None:
        hint_id = choice.unlocks_hint
        if hint_id is None or hint_id in before.hints_unlocked:
            return None
        event = NarrativeHintUnlocked(hint_id=hint_id, fragment_id=fragment.fragment_id)
        work.publish(event, user.user_id)
        return story.hints[hint_id]

    def _stand(
        self, work: UnitOfWork, user: User, progress: NarrativeProgress, fragment_id: str
    ) -> None:
        self._move(work, user, progress.model_copy(update={"current_fragment": fragment_id}))

    def _move(self, work: UnitOfWork, user: User, progress: NarrativeProgress) -> None:
        self._users.update_state(work, user, lambda state: in_state(state, progress))

    async def _enter(self, work: UnitOfWork, user: User) -> bool:
        entered = await self._may_enter(work, user)
        event = (
            VipAccessGranted(reason="subscription")
            if entered
            else VipAccessDenied(reason="no_subscription")
        )
        work.publish(event, user.user_id)
        return entered

    async def _may_enter(self, work: UnitOfWork, user: User) -> bool:
        """Asked now, and guarded: the commit asks again."""
        if not await self._subscriptions.opens_vip(user.user_id):
            return False
        self._subscriptions.guard_vip(work, user.user_id)
        return True


def _choice(
    fragment: Fragment | None, progress: NarrativeProgress, choice_id: str
) -> Choice | None:
    choices = open_choices(fragment, progress) if fragment else []
    return next((choice for choice in choices if choice.id == choice_id), None)
