"""How a choice changes where a reader stands; nothing here touches a store."""

from datetime import datetime

from yabot.features.narrative.state import PROGRESS, ChoiceMade, NarrativeProgress
from yabot.features.narrative.story.model import Choice, Fragment, Story
from yabot.features.users.model import UserState


def where(story: Story, progress: NarrativeProgress) -> Fragment | None:
    """The reader's fragment; None before the first one. A moved fragment is followed to its new
    place; instead of a missing one the reader sees the first.
    """
    if progress.current_fragment is None:
        return None
    return found(story, progress) or story.fragments[story.start]


def found(story: Story, progress: NarrativeProgress) -> Fragment | None:
    """As ``where``; None also for a fragment that this story does not have."""
    fragment_id = progress.current_fragment
    if fragment_id is None:
        return None
    for _ in story.moved:
        fragment_id = story.moved.get(fragment_id, fragment_id)
    return story.fragments.get(fragment_id)


def open_choices(fragment: Fragment, progress: NarrativeProgress) -> list[Choice]:
    """The choices that this reader sees: some require a hint."""
    known = {None, *progress.hints_unlocked}
    return [choice for choice in fragment.choices if choice.requires_hint in known]


def find_choice(fragment: Fragment, progress: NarrativeProgress, choice_id: str) -> Choice | None:
    """The choice, if this reader sees it."""
    choices = open_choices(fragment, progress)
    return next((choice for choice in choices if choice.id == choice_id), None)


def stand(progress: NarrativeProgress, fragment: Fragment) -> NarrativeProgress:
    return progress.model_copy(update={"current_fragment": fragment.fragment_id})


def step(
    progress: NarrativeProgress, fragment: Fragment, choice: Choice, at: datetime
) -> NarrativeProgress:
    """Take a choice. Only each fragment's newest choice is kept, so that loops add nothing."""
    made = ChoiceMade(fragment_id=fragment.fragment_id, choice_id=choice.id, made_at=at)
    earlier = [kept for kept in progress.choices_made if kept.fragment_id != made.fragment_id]
    return progress.model_copy(
        update={
            "current_fragment": choice.next_fragment,
            "completed_fragments": _with(progress.completed_fragments, fragment.fragment_id),
            "choices_made": (*earlier, made),
            "hints_unlocked": _with(progress.hints_unlocked, choice.unlocks_hint),
        }
    )


def with_hint(progress: NarrativeProgress, hint_id: str) -> NarrativeProgress:
    """Add a hint; the reader stays where they are."""
    hints = _with(progress.hints_unlocked, hint_id)
    return progress.model_copy(update={"hints_unlocked": hints})


def reading(state: UserState, progress: NarrativeProgress) -> UserState:
    """The state of a reader who has the story before them."""
    return PROGRESS.put(state.in_menu("story"), progress)


def _with(kept: tuple[str, ...], added: str | None) -> tuple[str, ...]:
    return kept if added is None or added in kept else (*kept, added)
