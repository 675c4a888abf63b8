"""One fragment of a story file, with its choices."""

from yabot.canonical import reaction
from yabot.features.narrative.story.draft import ChoiceDraft, FragmentDraft
from yabot.features.narrative.story.model import (
    MAX_BESITOS,
    MAX_CHOICES,
    MAX_DIFFICULTY,
    FragmentMetadata,
)
from yabot.features.narrative.story.pages import check_page
from yabot.features.narrative.story.problems import closest
from yabot.features.narrative.story.reactions import REACTIONS
from yabot.features.narrative.story.scalars import check_key, read_id, read_ref
from yabot.features.narrative.story.texts import (
    Languages,
    button_rule,
    content_rule,
    read_texts,
    title_rule,
)
from yabot.features.narrative.story.value import Value

_FRAGMENT_KEYS = (
    "title",
    "content",
    "choices",
    "vip_required",
    "ending",
    "reactions",
    "tags",
    "difficulty",
)
_CHOICE_KEYS = ("id", "text", "next", "unlocks_hint", "requires_hint")

# As many buttons as Telegram puts side by side.
MAX_REACTIONS = 8

Fields = dict[str, Value]


class FragmentReader:
    """Reads fragments whose texts must be in all of ``languages``."""

    def __init__(self, languages: Languages) -> None:
        self._languages = languages

    def __call__(self, fragment_id: str, entry: Value) -> FragmentDraft:
        fragment = entry.renamed(f"fragment '{fragment_id}'")
        check_key(entry, fragment.owner)
        fields = fragment.fields(_FRAGMENT_KEYS, required=("title", "content"))
        title = read_texts(fields.get("title"), self._languages, title_rule)
        content = read_texts(fields.get("content"), self._languages, content_rule)
        ending = _ending(entry, fields)
        choices = self._choices(fields)
        draft = FragmentDraft(
            id=fragment_id,
            line=entry.line,
            title=title,
            content=content,
            choices=None if ending is None and not choices else choices,
            metadata=_metadata(fields, ending=bool(ending)),
        )
        if "content" in fields and not self._languages.unclear:
            check_page(fields["content"], draft, self._languages.codes)
        return draft

    def _choices(self, fields: Fields) -> list[ChoiceDraft] | None:
        value = fields.get("choices")
        items = value.items() if value else []
        if value is None or items is None:
            return items if items is None else []
        if len(items) > MAX_CHOICES:
            value.complain(f"has {len(items)} choices; {MAX_CHOICES} are allowed")
        choices = [self._choice(item, number) for number, item in enumerate(items, start=1)]
        _complain_of_repeated_ids(value, choices)
        return choices

    def _choice(self, item: Value, number: int) -> ChoiceDraft:
        numbered = item.renamed(f"{item.owner}, choice {number}")
        fields = numbered.fields(_CHOICE_KEYS, required=("id", "text", "next"))
        choice_id = read_id(fields.get("id"))
        owner = f"{item.owner}, choice '{choice_id}'" if choice_id else numbered.owner
        named = {name: value.renamed(owner, name) for name, value in fields.items()}
        return ChoiceDraft(
            id=choice_id or "",
            owner=owner,
            line=item.line,
            text=read_texts(named.get("text"), self._languages, button_rule),
            next=read_ref(named.get("next")),
            unlocks_hint=read_ref(named.get("unlocks_hint")),
            requires_hint=read_ref(named.get("requires_hint")),
        )


def _complain_of_repeated_ids(value: Value, choices: list[ChoiceDraft]) -> None:
    first: dict[str, ChoiceDraft] = {}
    for choice in choices:
        earlier = first.setdefault(choice.id, choice)
        if choice.id and earlier is not choice:
            value.complain(
                f"has the id '{choice.id}' twice (first in line {earlier.line})", choice.line
            )


def _ending(entry: Value, fields: Fields) -> bool | None:
    """None if the file does not say clearly whether this is an ending."""
    if "ending" in fields:
        return fields["ending"].flag()
    return False if entry.is_mapping else None


def _metadata(fields: Fields, *, ending: bool) -> FragmentMetadata:
    difficulty = fields.get("difficulty")
    return FragmentMetadata(
        tags=_tags(fields.get("tags")),
        vip_required=_flag(fields.get("vip_required")),
        difficulty=(difficulty.integer(1, MAX_DIFFICULTY) if difficulty else None) or 1,
        reactions=_reactions(fields.get("reactions")),
        ending=ending,
    )


def _flag(value: Value | None) -> bool:
    return bool(value and value.flag())


def _tags(value: Value | None) -> tuple[str, ...]:
    items = (value.items() if value else None) or []
    return tuple(dict.fromkeys(tag for item in items if (tag := read_id(item))))


def _reactions(value: Value | None) -> dict[str, int]:
    found: dict[str, int] = {}
    entries = (value.entries() if value else None) or {}
    if value and len(entries) > MAX_REACTIONS:
        value.complain(f"has {len(entries)} emoji; {MAX_REACTIONS} are allowed")
    for written, amount in entries.items():
        emoji = reaction(written) or written
        entry = amount.renamed(amount.owner, f"reaction {written}")
        if emoji not in REACTIONS:
            entry.complain(f"is none that Telegram allows{_instead(emoji)}")
        elif emoji in found:
            entry.complain("is there twice")
        elif besitos := entry.integer(1, MAX_BESITOS):
            found[emoji] = besitos
    return found


def _instead(emoji: str) -> str:
    """Suggests the allowed emoji that is closest or has the same first character: 👍 for 👍🏽."""
    near = closest(emoji, REACTIONS) or (emoji[:1] if emoji[:1] in REACTIONS else None)
    return f"; use {near}" if near else "; allowed are for instance ❤ 👍 🔥 🥰 👏 😁 🤔 😢 🎉 🕊"
