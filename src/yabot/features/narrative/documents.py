"""The story as MongoDB holds it: a document for each fragment, and one for the rest."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, Strict

from yabot.features.narrative.story.model import Choice, FragmentMetadata, Hint, Story
from yabot.storage.documents.model import Collection

FRAGMENTS = "narrative_fragments"
STORIES = "narrative_stories"
CURRENT = "current"


class FragmentDocument(BaseModel):
    model_config = ConfigDict(
        frozen=True, extra="forbid", validate_by_name=True, hide_input_in_errors=True
    )

    fragment_id: str = Field(alias="_id")
    title: dict[str, str]
    content: dict[str, str]
    choices: Annotated[tuple[Choice, ...], Strict(False)]
    metadata: FragmentMetadata
    story: str
    revision: str


class StoryDocument(BaseModel):
    """The one small document that says which revision readers see."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", validate_by_name=True, hide_input_in_errors=True
    )

    id: Literal["current"] = Field(default="current", alias="_id")
    story: str
    revision: str
    languages: tuple[str, ...]
    start: str
    moved: dict[str, str]
    hints: dict[str, Hint]
    # The number of the last change of a fragment, from SQL, that it has taken.
    changes: int = 0


COLLECTIONS = (
    Collection(FRAGMENTS, FragmentDocument, indexes=(("metadata.tags",),)),
    Collection(STORIES, StoryDocument),
)


def to_documents(story: Story, changes: int = 0) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The story's own document, and those of its fragments."""
    whole = story.model_dump()
    fragments = whole.pop("fragments")
    own = StoryDocument(revision=story.revision, changes=changes, **whole)
    return own.model_dump(by_alias=True), [
        FragmentDocument(story=story.story, revision=story.revision, **fragment).model_dump(
            by_alias=True
        )
        for fragment in fragments.values()
    ]


def from_documents(own: Mapping[str, Any], fragments: Iterable[Mapping[str, Any]]) -> Story:
    values = {name: own[name] for name in ("story", "languages", "start", "moved", "hints")}
    return Story.model_validate(
        {**values, "fragments": {found["_id"]: _fragment(found) for found in fragments}}
    )


def _fragment(found: Mapping[str, Any]) -> dict[str, Any]:
    kept = {name: found[name] for name in ("title", "content", "choices", "metadata")}
    return {"fragment_id": found["_id"], **kept}
