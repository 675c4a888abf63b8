"""The story as other services are told of it. Texts are maps by language."""

from collections.abc import Sequence

from pydantic import ConfigDict, Field

from yabot.api.answering.shown import Shown
from yabot.events.envelope import Timestamp
from yabot.features.narrative.changes import FragmentChange
from yabot.features.narrative.service import Outlook
from yabot.features.narrative.story.model import Fragment, Story


class _Told(Shown):
    model_config = ConfigDict(from_attributes=True)


class ChoiceBody(_Told):
    id: str
    text: dict[str, str]
    next_fragment: str
    unlocks_hint: str | None
    requires_hint: str | None = Field(description="only who has the hint sees the choice")


class MetadataBody(_Told):
    tags: Sequence[str]
    vip_required: bool
    difficulty: int
    reactions: dict[str, int] = Field(description="which emoji pays how many besitos")
    ending: bool


class FragmentBody(_Told):
    fragment_id: str
    revision: str = Field(description="changes with this fragment alone; the ETag is made of it")
    title: dict[str, str]
    content: dict[str, str] = Field(description="Telegram's HTML")
    choices: Sequence[ChoiceBody]
    metadata: MetadataBody


class FragmentEntry(_Told):
    """A fragment in the list of all."""

    fragment_id: str
    revision: str
    title: dict[str, str]
    metadata: MetadataBody
    leads_to: Sequence[str] = Field(description="the fragments of its choices, in their order")


class StoryBody(_Told):
    story: str
    revision: str = Field(description="of the whole story, as in X-Story-Revision")
    languages: Sequence[str] = Field(description="the first is the one to fall back on")
    start: str
    fragments: Sequence[FragmentEntry] = Field(description="all of them, in the story's order")


class WayBody(_Told):
    """A choice that the user sees."""

    id: str
    text: dict[str, str]
    next_fragment: str
    vip_required: bool
    open: bool = Field(description="false: the VIP door that it leads through is shut to them now")


class UserChoicesBody(_Told):
    story_revision: str
    fragment_id: str = Field(description="where they stand; who has not begun stands at the start")
    has_begun: bool
    open: bool = Field(description="false: it is VIP only, and /story does not show it to them now")
    choices: Sequence[WayBody] = Field(description="those that they see, in the fragment's order")


class FragmentChangeBody(_Told):
    number: int = Field(description="counts all changes of the story's fragments")
    changed_at: Timestamp
    changed_by: str = Field(description="`service:` and the name of who asked for it")
    base_revision: str = Field(description="of the story for which it was decided")
    before: FragmentBody
    after: FragmentBody


def told_change(change: FragmentChange) -> FragmentChangeBody:
    return FragmentChangeBody.model_validate(change)


def told_fragment(fragment: Fragment) -> FragmentBody:
    return FragmentBody.model_validate(fragment)


def told_story(story: Story) -> StoryBody:
    return StoryBody(
        story=story.story,
        revision=story.revision,
        languages=story.languages,
        start=story.start,
        fragments=[_entry(fragment) for fragment in story.fragments.values()],
    )


def _entry(fragment: Fragment) -> FragmentEntry:
    return FragmentEntry(
        fragment_id=fragment.fragment_id,
        revision=fragment.revision,
        title=fragment.title,
        metadata=MetadataBody.model_validate(fragment.metadata),
        leads_to=[choice.next_fragment for choice in fragment.choices],
    )


def told_outlook(outlook: Outlook) -> UserChoicesBody:
    return UserChoicesBody(
        story_revision=outlook.story.revision,
        fragment_id=outlook.fragment.fragment_id,
        has_begun=outlook.has_begun,
        open=outlook.opens,
        choices=[
            WayBody(
                id=way.choice.id,
                text=way.choice.text,
                next_fragment=way.choice.next_fragment,
                vip_required=way.vip_required,
                open=way.opens,
            )
            for way in outlook.ways
        ],
    )
