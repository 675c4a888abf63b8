"""From a file's nodes to a draft of the story, noting every value that cannot be right."""

import re

from yabot.features.narrative.story.draft import FragmentDraft, HintDraft, Ref, StoryDraft
from yabot.features.narrative.story.fragment_reader import FragmentReader
from yabot.features.narrative.story.model import LANGUAGE_PATTERN, MAX_EARNED
from yabot.features.narrative.story.pages import check_hint
from yabot.features.narrative.story.scalars import check_key, read_id, read_ref
from yabot.features.narrative.story.texts import (
    Languages,
    content_rule,
    read_texts,
    title_rule,
)
from yabot.features.narrative.story.value import Value

DEFAULT_STORY = "main"
DEFAULT_LANGUAGES = Languages(("es", "en"))
_STORY_KEYS = ("story", "languages", "start", "moved", "hints", "fragments")
_HINT_KEYS = ("title", "text", "earned")


def read_story(root: Value) -> StoryDraft:
    fields = root.fields(_STORY_KEYS, required=("start", "fragments"))
    languages = _languages(fields.get("languages"))
    return StoryDraft(
        story=read_id(fields.get("story")) or DEFAULT_STORY,
        languages=languages.codes,
        start=read_ref(fields.get("start")),
        moved=_moved(fields.get("moved")),
        fragments=_fragments(fields.get("fragments"), languages),
        hints=_hints(fields.get("hints"), languages),
    )


def _languages(value: Value | None) -> Languages:
    if value is None:
        return DEFAULT_LANGUAGES
    items = value.items()
    if items is None:
        return Languages((), unclear=True)
    codes = [code for item in items if (code := _language(item))]
    if len(set(codes)) < len(codes):
        value.complain("has a language twice")
    if not items:
        value.complain("must have one language at least")
    return Languages(tuple(dict.fromkeys(codes)), unclear=not items or len(codes) < len(items))


def _language(item: Value) -> str | None:
    code = item.text()
    if code and not re.fullmatch(LANGUAGE_PATTERN, code):
        item.complain(f"must be two-letter codes such as es, not '{code}'")
        return None
    return code


def _moved(value: Value | None) -> dict[Ref, Ref]:
    entries = value.entries() if value else None
    moved = {}
    for old, new in (entries or {}).items():
        check_key(new, f"moved '{old}'")
        if target := read_ref(new.renamed(f"moved '{old}'", "the new fragment")):
            moved[Ref(old, new.line)] = target
    return moved


def _fragments(value: Value | None, languages: Languages) -> dict[str, FragmentDraft]:
    entries = (value.entries() if value else None) or {}
    read = FragmentReader(languages)
    return {fragment_id: read(fragment_id, entry) for fragment_id, entry in entries.items()}


def _hints(value: Value | None, languages: Languages) -> dict[str, HintDraft]:
    entries = (value.entries() if value else None) or {}
    return {hint_id: _hint(hint_id, entry, languages) for hint_id, entry in entries.items()}


def _hint(hint_id: str, entry: Value, languages: Languages) -> HintDraft:
    hint = entry.renamed(f"hint '{hint_id}'")
    check_key(entry, hint.owner)
    fields = hint.fields(_HINT_KEYS, required=("title", "text"))
    title = read_texts(fields.get("title"), languages, title_rule)
    text = read_texts(fields.get("text"), languages, content_rule)
    draft = HintDraft(hint_id, entry.line, title, text, _earned(fields.get("earned")))
    if "text" in fields and not languages.unclear:
        check_hint(fields["text"], draft, languages.codes)
    return draft


def _earned(value: Value | None) -> int | None:
    """A wrong amount is read as 1, which readers can reach, so that one mistake gives one line."""
    return (value.integer(1, MAX_EARNED) or 1) if value else None
