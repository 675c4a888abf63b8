"""From a story back to the text of a story file."""

from typing import Any

import yaml

from yabot.features.narrative.story.model import Choice, Fragment, Hint, Story

# A line width that the writer never reaches, so that it breaks no text.
_ONE_LINE = 1_000_000
_LONG = 72


class _Dumper(yaml.SafeDumper):
    """Leaf mappings in one line, long texts as blocks, no aliases."""

    def ignore_aliases(self, _data: object) -> bool:
        return True


def _write_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    block = "\n" in text or len(text) > _LONG
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if block else None)


_Dumper.add_representer(str, _write_text)


def export_story(story: Story) -> str:
    """A story file; parsing it gives an equal story."""
    return yaml.dump(
        _without_defaults(
            {
                "story": story.story,
                "languages": list(story.languages),
                "start": story.start,
                "moved": story.moved,
                "hints": {hint.id: _hint(hint) for hint in story.hints.values()},
                "fragments": {key: _fragment(value) for key, value in story.fragments.items()},
            }
        ),
        Dumper=_Dumper,
        allow_unicode=True,
        default_flow_style=None,
        sort_keys=False,
        width=_ONE_LINE,
    )


def _fragment(fragment: Fragment) -> dict[str, Any]:
    metadata = fragment.metadata
    return _without_defaults(
        {
            "title": fragment.title,
            "content": fragment.content,
            "vip_required": metadata.vip_required,
            "ending": metadata.ending,
            "difficulty": metadata.difficulty if metadata.difficulty > 1 else None,
            "tags": list(metadata.tags),
            "reactions": metadata.reactions,
            "choices": [_choice(choice) for choice in fragment.choices],
        }
    )


def _choice(choice: Choice) -> dict[str, Any]:
    return _without_defaults(
        {
            "id": choice.id,
            "text": choice.text,
            "next": choice.next_fragment,
            "unlocks_hint": choice.unlocks_hint,
            "requires_hint": choice.requires_hint,
        }
    )


def _hint(hint: Hint) -> dict[str, Any]:
    return _without_defaults({"title": hint.title, "text": hint.text, "earned": hint.earned})


def _without_defaults(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value}
