"""A fragment as other services send it; the story's rules say whether it fits into the story."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator, Field

from yabot.api.operations.routes import StrictBody
from yabot.canonical import LONGEST_REACTION, STORY_ID
from yabot.features.narrative.story.fragment_reader import MAX_REACTIONS
from yabot.features.narrative.story.model import MAX_BESITOS, MAX_CHOICES, MAX_DIFFICULTY
from yabot.features.narrative.story.revising import Mistake
from yabot.features.narrative.story.texts import MAX_BUTTON, MAX_TITLE

# Characters, markup included; Telegram's own limit counts only what readers see.
MAX_CONTENT = 16_384
MAX_LANGUAGES = 16
MAX_TAGS = 32


def _short_keys(entries: dict[str, object]) -> dict[str, object]:
    if any(len(key) > LONGEST_REACTION for key in entries):
        raise ValueError(f"a key has more than {LONGEST_REACTION} characters")
    return entries


Id = Annotated[str, Field(pattern=f"^{STORY_ID}$")]
ShortKeys = AfterValidator(_short_keys)
ByLanguage = Field(max_length=MAX_LANGUAGES, description="by language: all of the story's")
Title = Annotated[str, Field(min_length=1, max_length=MAX_TITLE)]
Button = Annotated[str, Field(min_length=1, max_length=MAX_BUTTON)]
Content = Annotated[str, Field(min_length=1, max_length=MAX_CONTENT)]
Besitos = Annotated[int, Field(ge=1, le=MAX_BESITOS)]


class ChoiceGiven(StrictBody):
    id: Id
    text: Annotated[dict[str, Button], ByLanguage, ShortKeys]
    next_fragment: Id
    unlocks_hint: Id | None = None
    requires_hint: Id | None = None

    def fields(self) -> dict[str, object]:
        """As a story file has them."""
        hints = {"unlocks_hint": self.unlocks_hint, "requires_hint": self.requires_hint}
        return {
            "id": self.id,
            "text": self.text,
            "next": self.next_fragment,
            **{name: hint for name, hint in hints.items() if hint is not None},
        }


class MetadataGiven(StrictBody):
    tags: Annotated[list[Id], Field(max_length=MAX_TAGS)] = Field(default_factory=list)
    vip_required: bool = False
    difficulty: Annotated[int, Field(ge=1, le=MAX_DIFFICULTY)] = 1
    reactions: Annotated[dict[str, Besitos], Field(max_length=MAX_REACTIONS), ShortKeys] = Field(
        default_factory=dict, description="which emoji pays how many besitos"
    )
    ending: bool = False


class FragmentGiven(StrictBody):
    """All of a fragment: what is left out, it has not. Its id is the path's."""

    title: Annotated[dict[str, Title], ByLanguage, ShortKeys]
    content: Annotated[dict[str, Content], ByLanguage, ShortKeys] = Field(
        description="Telegram's HTML"
    )
    choices: Annotated[list[ChoiceGiven], Field(max_length=MAX_CHOICES)] = Field(
        default_factory=list
    )
    metadata: MetadataGiven = MetadataGiven()

    def fields(self) -> Mapping[str, object]:
        """As a story file has them."""
        return {
            "title": self.title,
            "content": self.content,
            "choices": [choice.fields() for choice in self.choices],
            **self.metadata.model_dump(),
        }


def place(mistake: Mistake) -> str:
    """Where the mistake is in a ``FragmentGiven``: a JSON pointer."""
    steps = mistake.pointer.split("/")
    if len(steps) > 1 and steps[1] in MetadataGiven.model_fields:
        return f"/metadata{mistake.pointer}"
    if steps[1:2] == ["choices"] and steps[3:] == ["next"]:
        return mistake.pointer + "_fragment"
    return mistake.pointer
