"""Documents with generated values, as hypothesis strategies."""

from datetime import UTC, datetime
from typing import Any

from hypothesis import strategies as st
from pydantic import BaseModel

from tests.log.units import State, state
from yabot.features.items.inventory import Inventory, InventoryEntry
from yabot.features.items.model import MAX_PRICE, Item, ItemMetadata
from yabot.features.narrative.documents import FragmentDocument, StoryDocument
from yabot.features.narrative.state import ChoiceMade, NarrativeProgress
from yabot.features.narrative.story.model import Choice, FragmentMetadata, Hint
from yabot.features.users.model import Preferences

# What BSON can hold: 64-bit integers, and texts of Unicode without lone surrogates.
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
keys = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=10)
ids = st.from_regex(r"\A[a-z0-9_]{1,24}\Z")
languages = st.sampled_from(["es", "en", "fr"])
integers = st.integers(-(2**63), 2**63 - 1)
moments = st.datetimes(
    datetime(1970, 1, 1),
    datetime(9999, 12, 31),
    timezones=st.just(UTC),
)
plain = st.none() | st.booleans() | integers | texts | st.floats(allow_nan=False)
anything: st.SearchStrategy[Any] = st.recursive(
    plain, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3)
)
written = st.dictionaries(languages, texts.filter(str.strip), min_size=1)


def some(each: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(each, max_size=3).map(tuple)


progress = st.builds(
    NarrativeProgress,
    current_fragment=st.none() | ids,
    completed_fragments=some(ids),
    choices_made=some(st.builds(ChoiceMade, fragment_id=ids, choice_id=ids, made_at=moments)),
    hints_unlocked=some(ids),
)
states = st.builds(
    State,
    _id=st.from_regex(r"\A[1-9][0-9]{0,15}\Z"),
    version=st.integers(1, 2**63 - 1),
    current_state=st.builds(
        type(state("7", 1).current_state),
        menu_context=texts,
        narrative_progress=progress,
        session_data=st.dictionaries(keys, anything, max_size=3),
    ),
    preferences=st.builds(
        Preferences,
        language=st.none() | languages,
        notifications_enabled=st.booleans(),
        theme=st.sampled_from(["auto", "light", "dark"]),
    ),
    inventory=st.builds(
        Inventory,
        some(st.builds(InventoryEntry, item_id=ids, quantity=st.integers(1, 2**63 - 1))),
    ),
    created_at=moments,
    updated_at=moments,
)
choices = st.builds(
    Choice,
    id=ids,
    text=written,
    next_fragment=ids,
    unlocks_hint=st.none() | ids,
    requires_hint=st.none() | ids,
)
metadata = st.builds(
    FragmentMetadata,
    tags=some(ids),
    vip_required=st.booleans(),
    difficulty=st.integers(1, 5),
    reactions=st.dictionaries(keys, st.integers(1, 1000), max_size=3),
    ending=st.booleans(),
)
fragments = st.builds(
    FragmentDocument,
    _id=ids,
    title=written,
    content=written,
    choices=some(choices),
    metadata=metadata,
    story=ids,
    revision=texts,
)
stories = st.builds(
    StoryDocument,
    story=ids,
    revision=texts,
    languages=some(languages),
    start=ids,
    moved=st.dictionaries(ids, ids, max_size=3),
    hints=st.dictionaries(ids, st.builds(Hint, id=ids, title=written, text=written), max_size=3),
)
items = st.builds(
    Item,
    _id=ids,
    name=written,
    type=st.sampled_from(["gift", "achievement", "virtual_item"]),
    metadata=st.builds(
        ItemMetadata,
        description=written,
        emoji=texts,
        price=st.none() | st.integers(1, MAX_PRICE),
        unique=st.booleans(),
    ),
)

BY_COLLECTION: dict[str, st.SearchStrategy[BaseModel]] = {
    "users": states,
    "narrative_fragments": fragments,
    "narrative_stories": stories,
    "items": items,
}
