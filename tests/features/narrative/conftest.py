"""The features at work where readers see a small story."""

import pytest

from tests.features.narrative.stories import SMALL_STORY
from yabot.features.narrative.documents import COLLECTIONS
from yabot.features.narrative.library import Library
from yabot.features.narrative.story import Story, parse_story
from yabot.storage.documents.store import DocumentStore

# From the hall a VIP door leads into the cellar, and the cellar back.
CELLAR = """\
  cellar:
    title: {es: El sótano, en: The cellar}
    content: {es: Oscuro., en: Dark.}
    vip_required: true
    tags: [below]
    choices:
      - {id: up, text: {es: Subir, en: Go up}, next: hall}
"""
DOWN = "      - {id: down, text: {es: Bajar, en: Go down}, next: cellar}\n"
# Only who has earned the lamp sees where to dig.
LAMP = """\
  lamp:
    title: {es: La lámpara, en: The lamp}
    text: {es: Alumbra., en: It shines.}
    earned: 5
"""
DIG = """\
      - {id: dig, text: {es: Cavar, en: Dig}, next: garden, requires_hint: lamp}
"""
FRAGMENTS = "fragments:\n"
GARDEN = "  garden:\n"


@pytest.fixture(scope="session")
def tale() -> Story:
    with_lamp = SMALL_STORY.replace(FRAGMENTS, LAMP + FRAGMENTS)
    return parse_story(with_lamp.replace(GARDEN, DOWN + DIG + CELLAR + GARDEN), "tale.yaml")


@pytest.fixture
async def unreachable(documents: DocumentStore, tale: Story) -> DocumentStore:
    """For the harness: a MongoDB that answers, and holds the tale."""
    await documents.ensure(COLLECTIONS)
    await Library(documents).replace(tale)
    return documents
