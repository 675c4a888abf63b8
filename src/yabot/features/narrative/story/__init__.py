"""Stories as text and as models: nothing here touches a store, Telegram or the network."""

from yabot.features.narrative.story.demo import DEMO_FILE, demo_story
from yabot.features.narrative.story.export import export_story
from yabot.features.narrative.story.markup import message_html
from yabot.features.narrative.story.model import (
    Choice,
    Fragment,
    FragmentMetadata,
    Hint,
    Story,
    Texts,
    removed_without_move,
)
from yabot.features.narrative.story.parser import parse_story

__all__ = [
    "DEMO_FILE",
    "Choice",
    "Fragment",
    "FragmentMetadata",
    "Hint",
    "Story",
    "Texts",
    "demo_story",
    "export_story",
    "message_html",
    "parse_story",
    "removed_without_move",
]
